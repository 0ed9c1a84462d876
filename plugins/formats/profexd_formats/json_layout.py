"""JSON in the layout ``clevertap``: one line a profile; events below lines that name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from profexd.api import Column, ConfigurationInvalid, DataType, Parts, Rows, series
from profexd_formats.layouts import (
    LISTS,
    TEXT,
    Field,
    Group,
    bare_text,
    entries,
    event,
    flat_profile,
)
from profexd_formats.values import TIMESTAMPS, Rules, ascii_json, json, members, text
from profexd_formats.xml_text import as_array

_NAME = b"\x01"
"""Stands before the name of an event; JSON text holds no control character."""
_LOST = b"\x03"
"""Stands in a name for a control character, which would end its line."""


def write_profiles(rows: Rows, parts: Parts, rules: Rules, *, as_string: bool) -> None:
    """Write one object per line."""
    pairs = [
        (member.name, object_(member, rules, as_string=as_string))
        if isinstance(member, Group)
        else (member.name, _profile_value(member, rules, as_string=as_string))
        for member in flat_profile(rows.columns)
    ]
    record = members(pairs, rules, depth=0)
    for part, blocks in series(parts, rows.text(f"{record} || chr(10)")):
        with part:
            for block in blocks:
                part.write(block.data)
                part.count(block.rows)


def write_events(rows: Rows, parts: Parts, rules: Rules, *, as_string: bool) -> int:
    """Write each event's name where it changes, and one object per event below it.

    Return how many characters of names became ``?``.
    """
    lost = 0
    for part, blocks in series(parts, rows.text(_event(rows.columns, rules, as_string)), _unnamed):
        with part:
            current: bytes | None = None
            for block in blocks:
                if not block.rows:
                    continue
                data, current = _sections(bytes(block.data), current)
                if _LOST in data:
                    lost += data.count(_LOST)
                    data = data.replace(_LOST, b"?")
                part.write(data)
                part.count(block.rows)
    return lost


def object_(group: Group, rules: Rules, *, as_string: bool = False) -> str:
    """Return SQL for the JSON object of a group."""
    fields = group.fields
    if len(fields) == 1 and fields[0].spread and not as_string:
        return f"coalesce({_value(fields[0], rules)}, '{{}}')"
    static = [_as_text(f, rules) if as_string else f for f in fields if not f.spread]
    spread = [_inner(field, rules, as_string=as_string) for field in fields if field.spread]
    written = members([(field.name, _value(field, rules)) for field in static], rules, depth=0)
    if not spread:
        return written
    known = [f"substr({written}, 2, length({written}) - 2)"] if static else []
    inner = ", ".join(f"nullif({piece}, '')" for piece in (*known, *spread))
    return f"'{{' || concat_ws(',', {inner}) || '}}'"


def _profile_value(field: Field, rules: Rules, *, as_string: bool) -> str:
    if field.role == "ids" and field.type.id in LISTS:
        # The layout's own shape of this one list: a text that holds [id1,id2].
        item = text("e", field.type.children[0][1], rules)
        items = f"list_transform({field.sql}, lambda e: CAST({item} AS VARCHAR))"
        listed = f"'[' || array_to_string({items}, ',') || ']'"
        # Of nothing but NULLs, array_to_string makes NULL.
        listed = f"CASE WHEN {field.sql} IS NOT NULL THEN coalesce({listed}, '[]') END"
        return _value(replace(field, sql=listed, type=TEXT), rules)
    return _value(_as_text(field, rules) if as_string else field, rules)


def _event(columns: Sequence[Column], rules: Rules, as_string: bool) -> str:
    """Return SQL for an event: its name in a line of its own, then the object."""
    made = event(columns)
    if made.name is None:
        raise ConfigurationInvalid(
            "format.layout: with clevertap, the name of the event stands above its events, and no"
            " column is it",
            hint='set name under [events] of the source, or another layout, as in "lines"',
        )
    pairs = []
    if made.profile.fields:
        pairs.append((made.profile.name, object_(made.profile, rules, as_string=as_string)))
    if made.time is not None:
        pairs.append((made.time.name, _time(made.time, rules, as_string=as_string)))
    if made.device.fields:
        pairs.append((made.device.name, object_(made.device, rules, as_string=as_string)))
    pairs.append((made.properties.name, object_(made.properties, rules, as_string=as_string)))
    plain = f"CAST({text(made.name.sql, made.name.type, rules)} AS VARCHAR)"
    name = f"regexp_replace(coalesce({plain}, 'null'), '[\\x00-\\x1F]', chr({_LOST[0]}), 'g')"
    record = members(pairs, rules, depth=0)
    return f"concat(chr({_NAME[0]}), {name}, chr(10), {record}, chr(10))"


def _time(field: Field, rules: Rules, *, as_string: bool) -> str:
    """Return SQL for the integer yyyyMMddHHmmss; what has no such integer is a string."""
    if field.type.id not in (*TIMESTAMPS, "date"):
        return _value(_as_text(field, rules) if as_string else field, rules)
    stamp = field
    if field.type.id == "date":
        clock = DataType("timestamp", "TIMESTAMP")
        stamp = replace(field, sql=f"CAST({field.sql} AS TIMESTAMP)", type=clock)
    compact = replace(rules, ts_format="clevertap")
    digits = text(stamp.sql, stamp.type, compact)
    if as_string:
        return _value(replace(stamp, sql=digits, type=TEXT), rules)
    # Leading zeros are no number in JSON.
    number = f"CAST(TRY_CAST({digits} AS BIGINT) AS VARCHAR)"
    written = _value(stamp, replace(rules, ts_format="rfc3339"))
    return f"CASE WHEN {stamp.sql} IS NOT NULL THEN coalesce({number}, {written}) END"


def _value(field: Field, rules: Rules) -> str:
    written = json(field.sql, field.type, rules)
    return ascii_json(written, field.type) if rules.ascii else written


def _inner(field: Field, rules: Rules, *, as_string: bool) -> str:
    """Return SQL for the members of an object without its braces: NULL where there are none."""
    found = entries(field, rules)
    value, kind = found.value, found.type
    if as_string:
        value, kind = bare_text(value, kind, rules), TEXT
    key = _value(Field("", found.key, TEXT, ""), rules)
    item = _value(Field("", value, kind, ""), rules)
    members_ = found.each(f"{key} || ':' || coalesce({item}, 'null')")
    return f"array_to_string({members_}, ',')"


def _as_text(field: Field, rules: Rules) -> Field:
    return replace(field, sql=f"CAST({text(field.sql, field.type, rules)} AS VARCHAR)", type=TEXT)


def _unnamed(data: memoryview) -> bytes:
    """Return what is written of events, to tell their size."""
    return _sections(bytes(data), None)[0] if data else b""


def _sections(data: bytes, current: bytes | None) -> tuple[bytes, bytes]:
    """Return events of which each bore its name with a name only where it changes.

    ``current`` is the name that stands above already; the last one is returned.
    """
    first = data[: data.index(b"\n") + 1]
    begun = first == current
    # Events of one name, as they usually come, cost one quick search.
    rest = data.replace(first, b"")
    if _NAME not in rest:
        return rest if begun else first[1:] + rest, first
    return _changing(data, current)


def _changing(data: bytes, current: bytes | None) -> tuple[bytes, bytes]:
    """Do so for events of several names; Arrow does the work."""
    import pyarrow as pa
    import pyarrow.compute as pc

    events = pc.split_pattern(as_array(data), _NAME.decode()).flatten().slice(1)
    names = pc.struct_field(pc.extract_regex(events, "^(?P<name>[^\n]*)\n"), "name")
    before = pa.array([current[1:-1].decode() if current else None], names.type)
    before = pa.concat_arrays([before, names.slice(0, len(names) - 1)])
    unchanged = pc.fill_null(pc.equal(names, before), fill_value=False)
    bodies = pc.replace_substring_regex(events, "^[^\n]*\n", "", max_replacements=1)
    written = pc.if_else(unchanged, bodies, events)
    last = _NAME + names[-1].as_py().encode() + b"\n"
    size = pc.sum(pc.binary_length(written)).as_py()
    return bytes(memoryview(written.buffers()[2])[:size]), last
