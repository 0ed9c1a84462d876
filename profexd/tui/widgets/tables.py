"""Tables that hear no keys of their own: the table of actions rules them all."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import DataTable


class QuietTable(DataTable[Text], inherit_bindings=False):
    """A table of rows with a cursor, moved by the screen's actions alone."""

    DEFAULT_CSS = """
    QuietTable { height: 1fr; background: $background; scrollbar-size-vertical: 1;
                 scrollbar-size-horizontal: 1; }
    QuietTable > .datatable--header { background: $surface; }
    QuietTable:focus > .datatable--header { background-tint: $foreground 0%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False)

    def move(self, rows: int) -> None:
        """Move the cursor by ``rows``, and stop at the ends."""
        if self.row_count:
            target = max(0, min(self.row_count - 1, self.cursor_row + rows))
            self.move_cursor(row=target, animate=False)

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * max(1, self.scrollable_content_region.height - 2))
