"""The first rows of a query as a table, types under the heads, NULL dim."""

from __future__ import annotations

import json
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from profexd.tui.widgets.tables import QuietTable
from profexd.wire import PreviewJson

_WIDEST = 30
_MEASURED_ROWS = 50


class PreviewTable(QuietTable):
    """A cursor of one cell; ``value`` is what stands under it, whole."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor_type = "cell"
        self.header_height = 2
        self._preview: PreviewJson | None = None

    @property
    def value(self) -> tuple[str, str] | None:
        """The head and the whole value of the cell under the cursor."""
        preview = self._preview
        if preview is None or not preview["rows"]:
            return None
        row, column = self.cursor_coordinate
        head = preview["columns"][column]
        value = preview["rows"][row][column]
        return f"{head['name']} {head['type']}", _written(value, indent=2)

    @property
    def plain(self) -> str:
        """All rows, whole values parted by tabs, under the names of their columns."""
        if self._preview is None:
            return ""
        head = "\t".join(column["name"] for column in self._preview["columns"])
        rows = ("\t".join(_written(value) for value in row) for row in self._preview["rows"])
        return "\n".join([head, *rows])

    def show(self, preview: PreviewJson | None) -> None:
        """Draw ``preview``; nothing happens where it is drawn already."""
        if preview is self._preview:
            return
        self._preview = preview
        with self.app.batch_update():
            self.clear(columns=True)
            if preview is not None:
                self._fill(preview)

    def sideways(self, columns: int) -> None:
        """Move the cursor to the right, or with a negative number to the left."""
        if self.columns:
            target = max(0, min(len(self.columns) - 1, self.cursor_column + columns))
            self.move_cursor(column=target, animate=False)

    def _fill(self, preview: PreviewJson) -> None:
        texts = [[_cell(value) for value in row] for row in preview["rows"]]
        for index, column in enumerate(preview["columns"]):
            measured = [cell_len(row[index].plain) for row in texts[:_MEASURED_ROWS]]
            widest = max(cell_len(column["name"]), cell_len(column["type"]), *measured, 1)
            head = Text.assemble(column["name"], "\n", (column["type"], "dim not bold"))
            self.add_column(head, width=min(widest, _WIDEST) + 2)
        for row in texts:
            self.add_row(*row)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", style="dim italic")
    written = _written(value).replace("\n", "\\n")
    if cell_len(written) > _WIDEST:
        written = set_cell_size(written, _WIDEST - 1) + "~"
    return Text(written)


def _written(value: Any, indent: int | None = None) -> str:
    if isinstance(value, str):
        return value
    return "NULL" if value is None else json.dumps(value, ensure_ascii=False, indent=indent)
