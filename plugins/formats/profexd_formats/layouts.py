"""The layout ``clevertap``: which columns stand together in a file, by what each one means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from profexd.api import Column, DataType, Format, identifier, literal
from profexd_formats.values import Rules, text

IDENTITY = "identity"
_HEADERS = {
    IDENTITY: "identity",
    "all_identities": "all_identities",
    "id": "clevertapId",
    "ids": "clevertapIds",
}
"""The names that the layout gives to identifiers."""
_OF_EVENTS = {"time": "ts", "name": "eventName"}
"""The names that it gives to what an event is."""
_MEMBERS = frozenset({"device", "preference", "profile"})
"""Roles whose columns stand under the name that the source's configuration has for them."""
_OF_KEYS = frozenset({"map", "json"})
"""Types of objects whose keys only the rows know."""
LISTS = frozenset({"list", "array"})
TEXT = DataType("varchar", "VARCHAR")
ENTRY = "entry"
"""What the SQL of an entry calls it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the file: its name, the SQL of it, its type and its role.

    ``spread`` says that it is an object, and that its members stand in its place.
    """

    name: str
    sql: str
    type: DataType
    role: str
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together under one name."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile as the layout has it; ``identities`` are all identifiers but the first."""

    identity: Field | None
    identities: Group
    device: Group
    preferences: Group
    properties: Group

    @property
    def groups(self) -> tuple[Group, ...]:
        return (self.identities, self.device, self.preferences, self.properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as the layout has it."""

    time: Field | None
    name: Field | None
    profile: Group
    device: Group
    properties: Group

    @property
    def groups(self) -> tuple[Group, ...]:
        return (self.profile, self.device, self.properties)


@dataclass(frozen=True, slots=True)
class Entries:
    """The members of an object whose keys only the rows know, as SQL.

    ``listed`` is the list of them; ``key``, a text, and ``value`` are of one ``ENTRY`` in it.
    """

    listed: str
    key: str
    value: str
    type: DataType

    def each(self, written: str) -> str:
        """Return SQL for the list of what ``written`` makes of each."""
        return f"list_transform({self.listed}, lambda {ENTRY}: {written})"


def entries(field: Field, rules: Rules) -> Entries:
    """Return the members of a field that is spread."""
    # entry.key would be sought in a column that is named like the entry.
    key, value = (f"struct_extract({ENTRY}, {literal(part)})" for part in ("key", "value"))
    if field.type.id == "map":
        kinds = dict(field.type.children)
        written = f"CAST({text(key, kinds['key'], rules)} AS VARCHAR)"
        return Entries(f"map_entries({field.sql})", written, value, kinds["value"])
    known = f"map_entries(TRY_CAST({field.sql} AS MAP(VARCHAR, JSON)))"
    # What is no object, or has a key twice, is kept whole.
    whole = f"[struct_pack(key := {literal(field.name)}, value := {field.sql})]"
    whole = f"CASE WHEN json_type({field.sql}) <> 'NULL' THEN {whole} END"
    return Entries(f"coalesce({known}, {whole})", key, value, DataType("json", "JSON"))


def bare_text(value: str, type_: DataType, rules: Rules) -> str:
    """Return SQL for the text of a member: a JSON string without its quotes."""
    if type_.id == "json":
        return f"json_extract_string({value}, '$')"
    return f"CAST({text(value, type_, rules)} AS VARCHAR)"


def profile(columns: Sequence[Column]) -> Profile:
    """Return the profile that ``columns`` make."""
    identifiers = _named(column for column in columns if column.role in _HEADERS)
    return Profile(
        identity=next((field for field in identifiers if field.role == IDENTITY), None),
        identities=Group(
            "profileIdentities", tuple(field for field in identifiers if field.role != IDENTITY)
        ),
        device=_group("device", columns, "device"),
        preferences=Group("commPrefs", _named(c for c in columns if c.role == "preference")),
        properties=Group("profileProps", _named(c for c in columns if c.role == "property")),
    )


def event(columns: Sequence[Column]) -> Event:
    """Return the event that ``columns`` make; those without a role are no part of it."""
    identifiers = _named(column for column in columns if column.role in _HEADERS)
    known = {field.name for field in identifiers}
    members = [f for f in _group("profile", columns, "profile").fields if f.name not in known]
    return Event(
        time=_first(columns, "time"),
        name=_first(columns, "name"),
        profile=Group("profile", (*identifiers, *members)),
        device=_group("deviceInfo", columns, "device"),
        properties=_group("eventProps", columns, "property"),
    )


def flat_profile(columns: Sequence[Column]) -> tuple[Field | Group, ...]:
    """Return the members of a profile in their order, where only the device is an object."""
    made = profile(columns)
    identity = [made.identity] if made.identity else []
    device = [made.device] if made.device.fields else []
    fields = _last_of_each(
        (*identity, *made.identities.fields, *made.preferences.fields, *made.properties.fields)
    )
    before = [field for field in fields if field.role in _HEADERS]
    return (*before, *device, *(field for field in fields if field.role not in _HEADERS))


class Layouts(Format):
    """A format that has the layout ``clevertap`` among others."""

    def headers(self, columns: Sequence[Column]) -> Sequence[str]:
        if self.options.layout != "clevertap":
            return super().headers(columns)
        return [_OF_EVENTS.get(column.role) or _field(column).name for column in columns]


def _first(columns: Sequence[Column], role: str) -> Field | None:
    name = _OF_EVENTS[role]
    return next((replace(_field(c), name=name) for c in columns if c.role == role), None)


def _named(columns: Iterable[Column]) -> tuple[Field, ...]:
    return _last_of_each(_field(column) for column in columns)


def _field(column: Column) -> Field:
    name = _HEADERS.get(column.role, column.name)
    if column.role in _MEMBERS:
        name = column.label or column.name
    return Field(name, identifier(column.name), column.type, column.role)


def _group(name: str, columns: Sequence[Column], role: str) -> Group:
    """Return the fields of a role; those of its one object column are the object's members."""
    of_role = [column for column in columns if column.role == role]
    fields = _named(of_role)
    if len(fields) != 1 or of_role[-1].label:
        return Group(name, fields)
    [whole] = fields
    if whole.type.id == "struct":
        return Group(
            name,
            tuple(
                Field(member, f"struct_extract({whole.sql}, {literal(member)})", child, role)
                for member, child in whole.type.children
            ),
        )
    return Group(name, (replace(whole, spread=whole.type.id in _OF_KEYS),))


def _last_of_each(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Of fields of one name, the last stays: as a reader of an object would have it."""
    found: dict[str, Field] = {}
    for field in fields:
        found.pop(field.name, None)
        found[field.name] = field
    return tuple(found.values())
