"""Parquet in the layout ``clevertap``: maps of values that are a text or a list of texts."""

from __future__ import annotations

from dataclasses import dataclass

from profexd.api import DataType, Rows, literal
from profexd_formats.layouts import (
    LISTS,
    Field,
    Group,
    bare_text,
    entries,
    event,
    profile,
)
from profexd_formats.values import Rules, exact, text

_UNION = "STRUCT(member0 VARCHAR, member1 VARCHAR[])"
"""A text or a list of texts, as readers of Parquet see a union."""


def columns(rows: Rows, rules: Rules, *, as_string: bool) -> list[tuple[str, str]]:
    """Return projections ``(SQL, name)``: the columns of the layout."""
    nested = _Nested(rules, as_string)
    leading: tuple[Field | None, ...]
    if rows.kind == "events":
        happened = event(rows.columns)
        leading, groups = (happened.time, happened.name), happened.groups
    else:
        person = profile(rows.columns)
        leading, groups = (person.identity,), person.groups
    return [
        *((nested.alone(field), field.name) for field in leading if field),
        *((nested.map(group), group.name) for group in groups if group.fields),
    ]


@dataclass(frozen=True, slots=True)
class _Nested:
    """Writes the columns of the layout."""

    rules: Rules
    as_string: bool

    def alone(self, field: Field) -> str:
        if self.as_string:
            return f"CAST({text(field.sql, field.type, self.rules)} AS VARCHAR)"
        return exact(field.sql, field.type, self.rules)

    def map(self, group: Group) -> str:
        """Return SQL for the map of a group."""
        known = [field for field in group.fields if not field.spread]
        keys = ", ".join(literal(field.name) for field in known)
        values = ", ".join(self._union(field.sql, field.type) for field in known)
        pieces = [f"map([{keys}], CAST([{values}] AS {_UNION}[]))"] if known else []
        for field in group.fields:
            if field.spread:
                found = entries(field, self.rules)
                entry = (
                    f"struct_pack(k := {found.key}, v := {self._union(found.value, found.type)})"
                )
                pieces.append(f"map_from_entries({found.each(entry)})")
        return pieces[0] if len(pieces) == 1 else f"map_concat({', '.join(pieces)})"

    def _union(self, value: str, type_: DataType) -> str:
        """Return SQL for a value as a union: NULL where it is NULL."""
        plain = bare_text(value, type_, self.rules)
        if self.as_string:
            return _union(value, plain, "NULL")
        if type_.id in LISTS:
            item = bare_text("e", type_.children[0][1], self.rules)
            return _union(value, "NULL", f"list_transform({value}, lambda e: {item})")
        if type_.id == "json":
            is_list = f"json_type({value}) = 'ARRAY'"
            return _union(
                f"nullif(json_type({value}), 'NULL')",
                f"CASE WHEN NOT {is_list} THEN {plain} END",
                f"CASE WHEN {is_list} THEN json_extract_string({value}, '$[*]') END",
            )
        return _union(value, plain, "NULL")


def _union(present: str, plain: str, listed: str) -> str:
    packed = f"struct_pack(member0 := {plain}, member1 := CAST({listed} AS VARCHAR[]))"
    return f"CASE WHEN {present} IS NOT NULL THEN {packed} END"
