"""What a pipeline goes by: every value, and the file and line that say it."""

from __future__ import annotations

from rich.text import Text

from profexd.tui import humane
from profexd.tui.columns import fit
from profexd.tui.glyphs import Glyphs
from profexd.tui.widgets.tables import QuietTable
from profexd.wire import EffectiveJson

_BUILT_IN = "default"
_KEY_SHARE = 0.3
_PLACE_SHARE = 0.34
_NARROW = 50

Row = tuple[Text, Text, Text]


class ConfigTable(QuietTable):
    """``show`` draws again only what is another; problems stand first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said: EffectiveJson | None = None
        self._rows: list[Row] = []
        self._width = 0

    @property
    def value(self) -> tuple[str, str] | None:
        """The key and the whole value under the cursor, with where it is written."""
        if not self._rows:
            return None
        key, value, place = self._rows[min(self.cursor_row, len(self._rows) - 1)]
        return key.plain, f"{value.plain}\n\n{place.plain}"

    @property
    def plain(self) -> str:
        """All of it as lines of text."""
        return "\n".join(
            f"{key.plain} = {value.plain}  # {place.plain}" for key, value, place in self._rows
        )

    def show(self, said: EffectiveJson | None, width: int, glyphs: Glyphs) -> None:
        """Draw ``said``; nothing happens where it is drawn already."""
        if said is self._said and width == self._width:
            return
        row = self.cursor_row if self._said and said else 0
        self._said, self._width = said, width
        self._rows = _rows(said) if said else []
        sizes = _sizes(width)
        with self.app.batch_update():
            self.clear(columns=True)
            for title, size in zip(("Key", "Value", "Where"), sizes, strict=False):
                self.add_column(title, width=size)
            for cells in self._rows:
                self.add_row(*_fitted(cells, sizes, glyphs))
            if row and self._rows:
                self.move_cursor(row=min(row, len(self._rows) - 1), animate=False)


def config_summary(said: EffectiveJson) -> str:
    """Return the line under the table."""
    if not said["values"]:
        return f"it never was valid; {humane.count(len(said['problems']), 'problem')}"
    if said["stale"]:
        return "the file is invalid now: these are the values of its last good version"
    return f"{said['file']}  enter shows a whole value"


def _sizes(width: int) -> tuple[int, ...]:
    if width < _NARROW:
        key = int(width * 0.45)
        return key, width - key
    key, place = int(width * _KEY_SHARE), int(width * _PLACE_SHARE)
    return key, width - key - place, place


def _fitted(row: Row, sizes: tuple[int, ...], glyphs: Glyphs) -> list[Text]:
    key, value, place = row
    cells = [fit(key, sizes[0] - 1, glyphs), fit(value, sizes[1] - 1, glyphs)]
    if len(sizes) > 2:
        room = sizes[2] - 1
        # Its end tells the line.
        end = place.plain[-room + 1 :]
        cells.append(
            place if len(place.plain) <= room else Text(glyphs.ellipsis + end, place.style)
        )
    return cells


def _rows(said: EffectiveJson) -> list[Row]:
    rows: list[Row] = []
    for problem in said["problems"]:
        style = "bold red" if problem["severity"] == "error" else "yellow"
        text = problem["message"] + (f" ({problem['hint']})" if problem["hint"] else "")
        place = f"{problem['file']}:{problem['line']}"
        rows.append((Text(problem["key"] or "!", style), Text(text, style), Text(place)))
    for one in said["values"]:
        if one["file"]:
            place = f"{one['file']}:{one['line']}"
            rows.append((Text(one["key"]), Text(one["value"]), Text(place)))
        else:
            built_in = "last good version" if said["stale"] else _BUILT_IN
            rows.append((Text(one["key"], "dim"), Text(one["value"], "dim"), Text(built_in, "dim")))
    return rows
