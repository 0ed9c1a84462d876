"""Reads what a pipeline chooses of its source: identity, columns, changes, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args

from profexd.api.units import parse_duration
from profexd.config.model import Source
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.reading import Homes, kind_of, not_a_date, not_one_of, unknown_key
from profexd.config.readers.roles import report_twice
from profexd.config.shape import (
    ChangesChoice,
    ColumnsChoice,
    EventsChoice,
    Group,
    IdentityChoice,
    Span,
)
from profexd.config.text.problems import Path, Scope, listed, meant
from profexd.config.zones import instant_of, written_date

Period = Literal["previous month", "current month", "yesterday"]
PERIODS: tuple[Period, ...] = get_args(Period)


def read_identity(data: Any, source: Source | None, scope: Scope) -> IdentityChoice | None:
    """Return ``[identity]``; what is wrong between its keys, or with the source, is reported."""
    if not isinstance(data, Mapping):
        return None
    right = _right(data, scope)
    columns = right.get("columns", [])
    report_twice(columns, scope, ("columns",))
    roles = {
        "all_identities": ("identities", 'identities = ["email", "phone"]'),
        "id": ("id", 'id = "COLUMN"'),
        "ids": ("ids", 'ids = "COLUMN"'),
    }
    for key, (role, example) in roles.items():
        if source and right.get(key) and not getattr(source.profiles, role):
            scope.add(
                (key,),
                f"the source {_shown(source)} does not say which column is its {role}",
                f"add {example} to [{_table(source, 'profiles')}]{_of(source)}",
            )
    return IdentityChoice(
        columns=tuple(columns),
        export=right.get("export", "first"),
        all_identities=right.get("all_identities", False),
        id=right.get("id", False),
        ids=right.get("ids", False),
    )


def read_columns(data: Any, source: Source | None, scope: Scope) -> ColumnsChoice | None:
    """Return ``[columns]``; what is wrong between its keys, or with the source, is reported."""
    if not isinstance(data, Mapping):
        return None
    right = _right(data, scope)
    for key in ("preferences", "exclude"):
        report_twice(right.get(key, ()), scope, (key,))
    properties = right.get("properties", "all")
    if source is not None:
        _check_device(right, source, scope)
        _check_preferences(right, source, scope)
        if properties == "system" and not source.profiles.system:
            scope.add(
                ("properties",),
                f"the source {_shown(source)} does not say which columns are system properties",
                f'add system = ["COLUMN"] to [{_table(source, "profiles")}]{_of(source)}',
            )
    if isinstance(properties, list):
        _check_properties(properties, right, source, scope)
    return ColumnsChoice(
        device=right.get("device"),
        preferences=tuple(right.get("preferences", ())),
        properties=tuple(properties) if isinstance(properties, list) else properties,
        exclude=tuple(right.get("exclude", ())),
        rename=dict(right.get("rename", {})),
        schema=right.get("schema", "append"),
    )


def read_changes(
    data: Mapping[str, Any], file: PipelineFile, source: Source | None, scope: Scope
) -> ChangesChoice | None:
    """Return what mode ``changed`` says, or None in mode ``full``."""
    table = file.changes
    if file.mode != "changed":
        if "changes" in data and not scope.reported("mode"):
            scope.add(
                ("changes",),
                'needs mode = "changed"',
                'write mode = "changed" above the first [table], or remove [changes]',
            )
        return None
    if source is not None and source.kind == "events":
        scope.add(
            ("mode",),
            f'"changed" is for profiles, and the source {_shown(source)} holds events',
            'write window = "last" in [events]: each run then has the events since the last one',
        )
    elif source is not None and source.key is None:
        scope.add(
            ("mode",),
            f'"changed" needs a key, and the source {_shown(source)} has none',
            f'add key = "COLUMN" to [{_table(source, "profiles")}]{_of(source)}',
        )
    if table is None:
        return ChangesChoice()
    return ChangesChoice(
        operation=table.operation,
        deletes=table.deletes,
        full_every=parse_duration(table.full_every) if table.full_every else None,
    )


def read_events(
    data: Any, source: Source | None, scope: Scope, zone: str, homes: Homes
) -> EventsChoice | None:
    """Return ``[events]`` of a pipeline; ``scope`` is that of the table."""
    if not isinstance(data, Mapping):
        return None
    if source is not None and source.kind != "events":
        scope.add(
            (),
            f"the source {_shown(source)} holds profiles",
            f'remove [events], or write kind = "events"{_of(source)}',
        )
        return None
    right = _right(data, scope)
    names = right.get("names")
    if names is not None:
        report_same(names, scope, ("names",))
        if not names:
            scope.add(("names",), "must not be empty", "remove it to export all events")
    if "window" in data and "range" in data:
        scope.add(("range",), "cannot stand beside window", "remove one of the two")
    range_ = _range(right["range"], scope, zone, homes) if "range" in right else None
    if source is not None:
        needs = {"names": "name", "window": "time", "range": "time"}
        for key, role in needs.items():
            if key in data and not getattr(source.events, role):
                scope.add(
                    (key,),
                    f"the source {_shown(source)} does not say which column is the {role}"
                    " of an event",
                    f'add {role} = "COLUMN" to [{_table(source, "events")}]{_of(source)}',
                )
    return EventsChoice(
        names=tuple(names) if names is not None else None,
        window=right.get("window"),
        range=range_,
    )


def report_same(names: list[Any], scope: Scope, path: Path) -> None:
    """Report a value that a list holds twice: values differ by case too."""
    for index, name in enumerate(names):
        if name in names[:index]:
            scope.add((*path, index), f'"{name}" is there twice', "remove one of the two")


def _right(data: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return the keys that nothing was said about: rules between keys hold for those."""
    return {key: value for key, value in data.items() if not scope.reported(key)}


def _check_device(right: Mapping[str, Any], source: Source, scope: Scope) -> None:
    if right.get("device") and _device(source) is None:
        scope.add(
            ("device",),
            f"the source {_shown(source)} does not say which columns are the device's",
            f'add device = {{ token = "COLUMN" }} to [{_table(source, _kind(source))}]'
            f"{_of(source)}",
        )


def _check_preferences(right: Mapping[str, Any], source: Source, scope: Scope) -> None:
    known = [one.name for one in source.profiles.preferences]
    for index, name in enumerate(right.get("preferences", ())):
        if name not in known:
            hint = (
                f"there are {listed(known, joint='and')}"
                if known
                else f'add preferences = {{ {_bare(name)} = "COLUMN" }} to'
                f" [{_table(source, 'profiles')}]{_of(source)}"
            )
            scope.add(
                ("preferences", index),
                f'the source {_shown(source)} has no preference "{name}"{meant(name, known)}',
                hint,
            )


def _check_properties(
    properties: list[Any], right: Mapping[str, Any], source: Source | None, scope: Scope
) -> None:
    """Report properties that are no property, or are excluded."""
    excluded = {name.casefold() for name in right.get("exclude", ())}
    roles = _no_properties(source) if source else {}
    for index, name in enumerate(properties):
        if name.casefold() in excluded:
            scope.add(
                ("properties", index),
                f'"{name}" is excluded too',
                "remove it here, or from exclude",
            )
        elif name.casefold() in roles:
            role, instead = roles[name.casefold()]
            scope.add(("properties", index), f'"{name}" is no property: it is {role}', instead)


def _no_properties(source: Source) -> dict[str, tuple[str, str]]:
    """Return the columns that are something else than properties: what, and how to export it."""
    roles = source.profiles
    found: dict[str, tuple[str, str]] = {
        "identity": ("the identity", 'export it with [identity] columns = ["identity"]')
    }
    for column, role in ((roles.id, "id"), (roles.ids, "ids")):
        if column:
            found[column.casefold()] = (f"the {role}", f"export it with [identity] {role} = true")
    device = _device(source)
    if device is not None:
        for column in _columns(device):
            found[column.casefold()] = ("of the device", "export it with [columns] device = true")
    for one in roles.preferences:
        found[one.column.casefold()] = (
            f'the preference "{one.name}"',
            f'export it with [columns] preferences = ["{one.name}"]',
        )
    return found


def _range(value: Any, scope: Scope, zone: str, homes: Homes) -> Period | Span | None:
    if isinstance(value, Mapping):
        return _span(value, scope.within("range"), zone, homes)
    if not isinstance(value, str):
        message = f"must be {listed(PERIODS)}, or a table, not {kind_of(value)}"
        scope.add(("range",), message, "as range = { from = 2026-11-01, to = 2026-11-30 }")
        return None
    for period in PERIODS:
        if value == period:
            return period
    message, hint = not_one_of(value, list(PERIODS))
    scope.add(("range",), message, f"{hint}, or {{ from = 2026-11-01, to = 2026-11-30 }}")
    return None


def _span(value: Mapping[str, Any], scope: Scope, zone: str, homes: Homes) -> Span | None:
    known = ["from", "to"]
    for key in value:
        if key not in known:
            scope.add((key,), *unknown_key(key, known, scope.prefix, homes))
    if not any(key in value for key in known) and not scope.misspelt(*known):
        scope.add((), "says neither from nor to", "as { from = 2026-11-01, to = 2026-11-30 }")
    bounds = [_bound(key, value.get(key), scope) for key in known]
    since, until = bounds
    if since is not None and until is not None and not _before(since, until, zone):
        scope.add(("to",), "is not after from, so there is nothing between", "")
        return None
    return Span(since=since, until=until)


def _bound(key: str, value: Any, scope: Scope) -> date | None:
    bound = written_date(value)
    if value is not None and bound is None:
        scope.add((key,), *not_a_date(value))
    return bound


def _before(since: date, until: date, zone: str) -> bool:
    """Whether something lies between; a day as end is included."""
    try:
        end = until if isinstance(until, datetime) else until + timedelta(days=1)
        return _instant(since, zone) < _instant(end, zone)
    except OverflowError:
        return True


def _instant(bound: date, zone: str) -> datetime:
    local = bound if isinstance(bound, datetime) else datetime.combine(bound, time())
    return instant_of(local, zone)


def _device(source: Source) -> Group | None:
    return source.events.device if source.kind == "events" else source.profiles.device


def _columns(group: Group) -> list[str]:
    return [group.column] if group.column else [one.column for one in group.members]


def _kind(source: Source) -> str:
    return "events" if source.kind == "events" else "profiles"


def _shown(source: Source) -> str:
    return f'"{source.name}"' if not source.name.startswith("(") else source.name


def _table(source: Source, table: str) -> str:
    return f"source.{table}" if source.name.startswith("(") else table


def _of(source: Source) -> str:
    return "" if source.name.startswith("(") else f" of sources/{source.name}.toml"


def _bare(name: str) -> str:
    """Return a key as TOML needs it."""
    plain = name.replace("-", "").replace("_", "")
    return name if plain.isascii() and plain.isalnum() else f'"{name}"'
