"""A STRUCT as a CSV field: its JSON, with quotes as it is made and not searched for them after."""

from __future__ import annotations

from json import dumps

from profexd.api import DataType, literal
from profexd_formats.values import BARE, TIMESTAMPS, Rules, json, text

_QUOTED = frozenset({"date", "time", "uuid"})
"""Types, besides timestamps, whose JSON is their text in quotes and nothing to escape."""


def quoted_object(value: str, type_: DataType, rules: Rules) -> str:
    """Return SQL for the quoted field of a STRUCT: NULL where it is NULL."""
    pieces = ", ".join(
        f"{literal(_key(name, first=not place))},"
        f" coalesce({_member(f'struct_extract({value}, {literal(name)})', child, rules)}, 'null')"
        for place, (name, child) in enumerate(type_.children)
    )
    return f"CASE WHEN {value} IS NOT NULL THEN concat('\"', {pieces}, '}}\"') END"


def _key(name: str, *, first: bool) -> str:
    return ("{" if first else ",") + _doubled(dumps(name, ensure_ascii=False)) + ":"


def _doubled(written: str) -> str:
    return written.replace('"', '""')


def _member(value: str, type_: DataType, rules: Rules) -> str:
    written = json(value, type_, rules)
    if type_.id in BARE:
        return written
    if type_.id in _QUOTED or type_.id in TIMESTAMPS:
        return f"'\"\"' || CAST({text(value, type_, rules)} AS VARCHAR) || '\"\"'"
    doubled = f"replace({written}, '\"', '\"\"')"
    if type_.id == "varchar":
        # JSON is longer than the text and its two quotes only where something was escaped.
        return (
            f"CASE WHEN strlen({written}) = strlen({value}) + 2"
            f" THEN concat('\"\"', {value}, '\"\"') ELSE {doubled} END"
        )
    return doubled
