"""The lower part of the form: the path, the header and the first rows that the draft gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from profexd.edit.target import Kind
from profexd.edit.trial import Glance
from profexd.wire import PreviewJson, ProblemJson

_WIDEST = 24
_GAP = "  "


def glance_text(glance: Glance, kind: Kind, width: int) -> Text:
    """Return a preview in lines that are no longer than ``width``."""
    if glance.preview is None:
        return Text(glance.why_not, style="yellow")
    shown = glance.preview
    uri = shown["files"][0]["uri"] if shown["files"] else ""
    if kind is Kind.SINK:
        return Text.assemble(("to ", "dim"), (uri.removesuffix("example.json"), "bold"))
    count = f"{shown['rows_matching']:,} rows of {len(shown['columns'])} columns"
    head = Text()
    if kind is Kind.PIPELINE:
        head = Text.assemble(("to ", "dim"), (_start(uri, max(10, width - 4)), "bold"), "\n")
    return Text.assemble(head, (f"{count}\n", "dim"), _table(shown, width))


def problems_text(problems: Sequence[ProblemJson]) -> Text:
    """Return what is wrong, each with its key."""
    text = Text()
    for one in problems:
        style = "bold red" if one["severity"] == "error" else "yellow"
        text.append(f"{one['file']}:{one['line']}:{one['column']}: ", "dim")
        text.append(f"{one['key']}: " if one["key"] else "").append(one["message"], style)
        text.append(f"; {one['hint']}\n" if one["hint"] else "\n")
    return text


def _table(shown: PreviewJson, width: int) -> Text:
    names = [column["name"] for column in shown["columns"]]
    rows = [[_cell(value) for value in row] for row in shown["rows"]]
    widths = [
        min(_WIDEST, max([cell_len(_plain(name)), *(cell_len(row[i]) for row in rows)]))
        for i, name in enumerate(names)
    ]
    lines = [_line([_plain(name) for name in names], widths, width)]
    text = Text(lines[0], style="bold")
    for row in rows:
        text.append("\n" + _line(row, widths, width), "none")
    return text


def _line(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    line = _GAP.join(set_cell_size(cell, size) for cell, size in zip(cells, widths, strict=True))
    return line if cell_len(line) <= width else set_cell_size(line, width)


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    return _plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _start(text: str, width: int) -> str:
    """The end of a path says more than its beginning."""
    return text if cell_len(text) <= width else f"..{text[-(width - 2) :]}"
