"""One record of JSON as one SQL text expression, which copies each value once."""

from __future__ import annotations

from collections.abc import Sequence

from profexd.api import literal
from profexd_formats.values import Rules, json_key, members

_MANY_MEMBERS = 200
"""Planning SQL that says each member twice would take longer than it saves."""


def record(
    pairs: Sequence[tuple[str, str]], rules: Rules, *, depth: int, before: str, after: str
) -> str:
    """Return SQL for ``before``, the object and ``after``.

    ``pairs`` are names and columns of JSON text; NULL is no value.
    """
    if not rules.omit_nulls or rules.indent or not 0 < len(pairs) <= _MANY_MEMBERS:
        body = members(list(pairs), rules, depth=depth)
        return f"concat({literal(before)}, {body}, {literal(after)})"
    (name, first), *others = pairs
    pieces = [literal(f"{before}{{{json_key(name, rules)}:"), first]
    for name, value in others:
        comma = literal(f",{json_key(name, rules)}:")
        pieces += [f"CASE WHEN {value} IS NULL THEN '' ELSE {comma} END", value]
    pieces.append(literal("}" + after))
    # Whether a comma stands before a member is known at once where the first member is there.
    sparse = members(list(pairs), rules, depth=depth)
    return (
        f"CASE WHEN {first} IS NOT NULL THEN concat({', '.join(pieces)})"
        f" ELSE concat({literal(before)}, {sparse}, {literal(after)}) END"
    )
