"""Fixed-width text: every column has its number of characters, every row is one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from profexd.api import (
    Check,
    Column,
    Doc,
    Format,
    FormatOptions,
    Parts,
    Rows,
    hookimpl,
    identifier,
    series,
)


def _positive(width: int) -> int:
    if width < 1:
        raise ValueError("must be 1 or more")
    return width


@dataclass(frozen=True, kw_only=True)
class FixedWidthOptions(FormatOptions):
    width: Annotated[
        int, Doc("Characters of a column; longer values are cut."), Check(_positive)
    ] = 20
    widths: Annotated[Mapping[str, int], Doc("Columns that are wider or narrower, by name.")] = (
        field(default_factory=dict)
    )

    def problems(self) -> list[tuple[str, str]]:
        return [
            ("widths", f"{name}: must be 1 or more")
            for name, width in self.widths.items()
            if width < 1
        ]


class FixedWidth(Format):
    """Pads with spaces on the right. The engine makes the text; Python moves its buffers."""

    name = "fixed-width"
    extension = ".txt"
    media_type = "text/plain; charset=UTF-8"
    Options = FixedWidthOptions
    splits = True
    options: FixedWidthOptions

    def write(self, rows: Rows, parts: Parts) -> None:
        header = "".join(self._fit(column.name, column.name) for column in rows.columns)
        line = " || ".join(self._cell(column) for column in rows.columns) + " || chr(10)"
        for part, texts in series(parts, rows.text(line)):
            with part:
                part.write(f"{header}\n".encode())
                for block in texts:
                    part.write(block.data)
                    part.count(block.rows)

    def _cell(self, column: Column) -> str:
        """Return the SQL of one value: its text on one line, cut or padded to its width."""
        text = f"coalesce(CAST({identifier(column.name)} AS VARCHAR), '')"
        one_line = f"regexp_replace({text}, '[[:cntrl:]]', ' ', 'g')"
        width = self._width(column.name)
        return f"rpad(left({one_line}, {width}), {width}, ' ')"

    def _fit(self, name: str, text: str) -> str:
        width = self._width(name)
        return text[:width].ljust(width)

    def _width(self, name: str) -> int:
        return self.options.widths.get(name, self.options.width)


@hookimpl
def profexd_register_formats(register: Any) -> None:
    """Register the format."""
    register(FixedWidth)
