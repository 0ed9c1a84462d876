"""How a preview is shown to people: where the files would go, the columns, the first rows."""

from __future__ import annotations

import json
import re
from typing import Any

from profexd.cli.console import Console, plain
from profexd.cli.table import Cell, Heading, write_table
from profexd.cli.words import plural
from profexd.wire import PreviewJson

_NARROW = 12
_WIDTH_OF_TIME = 20
_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))", re.I)


def write_preview(console: Console, preview: PreviewJson, *, as_text: bool) -> None:
    """Write the rows, or with ``as_text`` the beginning of the file as it would be."""
    if as_text:
        console.print(plain(preview["text"].rstrip("\n")))
    else:
        _write_rows(console, preview)
    for file in preview["files"]:
        console.say(f"would write  {plain(file['uri'])}")
    for word in ("added", "removed"):
        names = preview["added"] if word == "added" else preview["removed"]
        if names:
            console.say(f"{word} columns  {plain(', '.join(names))}")
    shown = len(preview["rows"])
    rest = f", the first {shown} shown" if shown < preview["rows_matching"] else ""
    console.say(
        f"{plural(preview['rows_matching'], 'row')} of {len(preview['columns'])} columns{rest}"
    )


def _write_rows(console: Console, preview: PreviewJson) -> None:
    columns = preview["columns"]
    headings = [
        Heading(
            column["name"],
            drop=0 if index == 0 else index,
            least=_WIDTH_OF_TIME if "TIME" in column["type"].upper() else _NARROW,
            right=_is_number(column["type"]),
        )
        for index, column in enumerate(columns)
    ]
    types = [Cell(column["type"].lower(), "dim") for column in columns]
    shown = write_table(
        console, headings, [types, *[[_cell(value) for value in row] for row in preview["rows"]]]
    )
    if shown < len(columns):
        hidden = len(columns) - shown
        console.say(f"{plural(hidden, 'more column')} had no room; --json has all")


def _cell(value: Any) -> Cell:
    match value:
        case None:
            return Cell("NULL", "dim")
        case bool():
            return Cell("true" if value else "false")
        case str():
            return Cell(value)
        case _:
            return Cell(json.dumps(value, ensure_ascii=False))


def _is_number(kind: str) -> bool:
    return _NUMBER.fullmatch(kind) is not None
