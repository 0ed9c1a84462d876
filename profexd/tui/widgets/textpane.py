"""Lines of text that are scrolled by the screen's actions."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static


class TextPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """``show`` draws a text anew only when it has changed."""

    DEFAULT_CSS = """
    TextPane { height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; }
    TextPane > Static { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown = Text()
        self._rows: int | None = None

    @property
    def plain(self) -> str:
        """The text as it is shown."""
        return self._shown.plain

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)

    def show(self, text: Text) -> None:
        """Draw ``text``."""
        if text.plain != self._shown.plain or text.spans != self._shown.spans:
            rows, self._shown = self._rows, text
            width = self.scrollable_content_region.width
            lines = text.plain.split("\n")
            # A layout costs more than all the rest: only where the text takes other room.
            self._rows = len(lines) if all(cell_len(line) <= width for line in lines) else None
            other = self._rows is None or self._rows != rows
            self.query_one(Static).update(text, layout=other)

    def move(self, rows: int) -> None:
        """Scroll by rows."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)

    def page(self, direction: int) -> None:
        """Scroll by a page."""
        self.move(direction * max(1, self.size.height - 1))
