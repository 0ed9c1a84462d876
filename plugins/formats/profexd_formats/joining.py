"""One row of text from values that may be NULL, put together by SQL in as few pieces as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from profexd.api import DataType, literal

_NULL_AS_TEXT = frozenset(
    {"tinyint", "utinyint", "smallint", "usmallint", "integer", "uinteger", "bigint", "ubigint"}
    | {"hugeint", "uhugeint", "decimal", "float", "double", "boolean", "varchar", "uuid", "date"}
    | {"time", "timestamp", "timestamp with time zone", "list", "struct", "map", "enum", "blob"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A value and what stands around it."""

    value: str
    """SQL of its text."""
    absent: str
    """SQL that is NULL where there is no value."""
    before: str = ""
    after: str = ""
    nothing: str = ""
    """Stands there where there is no value."""


def tells_null(type_: DataType) -> bool:
    """Say whether the text of a value is NULL where the value is, and nowhere else."""
    return type_.id in _NULL_AS_TEXT


def joined(items: Sequence[Slot | str]) -> list[str]:
    """Return SQL for the pieces of slots and literal texts, one behind the other.

    Of what stands between two values the engine makes a constant where neither can be NULL.
    """
    return list(_pieces(items))


def _pieces(items: Sequence[Slot | str]) -> Iterator[str]:
    last: Slot | None = None
    between = ""
    for item in (*items, None):
        if isinstance(item, str):
            between += item
            continue
        present, absent = (last.after, last.nothing) if last else ("", "")
        after = _by_next(present + between, item)
        if last and present != absent:
            without = _by_next(absent + between, item)
            yield f"CASE WHEN {last.absent} IS NULL THEN {without} ELSE {after} END"
        elif after != "''":
            yield after
        if item:
            yield item.value
        last, between = item, ""


def _by_next(text: str, following: Slot | None) -> str:
    if following is None or not following.before:
        return literal(text)
    whole = literal(text + following.before)
    return f"CASE WHEN {following.absent} IS NULL THEN {literal(text)} ELSE {whole} END"
