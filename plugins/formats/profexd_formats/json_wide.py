"""Records of many members: in pieces and by recipes, as the engine plans and holds little then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from profexd.api import Column, Rows, TextBlock, literal
from profexd_formats.values import Rules, ascii_json, json_key
from profexd_formats.xml_recipes import Step, applied

MANY = 200
"""Members of a record, from where on it is wide; and of a piece of it."""
_MARK = b"\x01"
"""Stands for the brace that opens a record whose first member has a comma before it."""
_NO_MEMBERS = re.compile(_MARK + rb"(\n\t*)?\}")


def wide(
    texts: Rows, names: Sequence[str], rules: Rules, *, depth: int, before: str, after: str
) -> Iterator[TextBlock]:
    """Return ``before``, an object and ``after`` for each row, before it is ``braced``.

    ``texts`` has the JSON text of each member, NULL for no value; ``names`` are what they are
    called.
    """
    line = "\n" + "\t" * (depth + 1) if rules.indent else ""
    members = []
    for name, column in zip(names, texts.columns, strict=True):
        key = literal(f",{line}{json_key(name, rules)}{rules.colon}")
        if rules.omit_nulls:
            members.append(
                f"CASE WHEN {column.name} IS NULL THEN '' ELSE concat({key}, {column.name}) END"
            )
        else:
            members += [key, f"coalesce({column.name}, 'null')"]
    members.insert(0, literal(before + _MARK.decode()))
    members.append(literal(f"{line[:-1]}}}{after}"))
    return texts.text(
        *(
            f"concat({', '.join(members[start : start + MANY])})"
            for start in range(0, len(members), MANY)
        )
    )


def escaped(texts: Rows, columns: Sequence[Column]) -> Rows:
    """Return the JSON texts of ``columns`` with all but ASCII escaped."""
    names = [text.name for text in texts.columns]
    steps = [
        Step(name, ascii_json("", column.type), partial(ascii_json, type_=column.type))
        for name, column in zip(names, columns, strict=True)
    ]
    projections, references = applied(steps)
    return texts.project(projections).project(list(zip(references, names, strict=True)))


def braced(data: memoryview) -> bytes:
    """Return the text of wide records with their braces; none begins with a comma."""
    # JSON text holds no control character.
    whole = _NO_MEMBERS.sub(b"{}", bytes(data))
    return whole.replace(_MARK + b",", b"{")
