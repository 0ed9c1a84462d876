"""CSV in the layout ``clevertap``: one column a field, a device as JSON text in one."""

from __future__ import annotations

from collections.abc import Iterator

from profexd.api import Rows
from profexd_formats.json_layout import object_
from profexd_formats.layouts import Field, Group, event, flat_profile
from profexd_formats.values import Rules, TimestampFormat


def flattened(rows: Rows, ts_format: TimestampFormat) -> Rows:
    """Return the rows with the columns of the layout."""
    members = _event(rows) if rows.kind == "events" else flat_profile(rows.columns)
    columns: dict[str, str] = {}
    for member in members:
        # Of columns of one name, the last stays.
        columns.pop(member.name, None)
        columns[member.name] = _value(member, Rules(ts_format=ts_format))
    return rows.project([(sql, name) for name, sql in columns.items()])


def _event(rows: Rows) -> Iterator[Field | Group]:
    made = event(rows.columns)
    yield from (field for field in (made.time, made.name) if field)
    for group in made.groups:
        if group is made.device or any(field.spread for field in group.fields):
            if group.fields:
                yield group
        else:
            yield from group.fields


def _value(member: Field | Group, rules: Rules) -> str:
    if isinstance(member, Field):
        return member.sql
    if len(member.fields) == 1 and member.fields[0].spread:
        return member.fields[0].sql
    nothing = " AND ".join(f"{field.sql} IS NULL" for field in member.fields)
    return f"CASE WHEN NOT ({nothing}) THEN {object_(member, rules)} END"
