"""Reads what the columns of a source mean: ``[profiles]`` and ``[events]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from profexd.config.readers.selection import EventRolesTable, GroupOfColumns, ProfilesTable
from profexd.config.shape import EventRoles, Group, Named, ProfileRoles
from profexd.config.text.problems import Path, Scope


def profile_roles(table: ProfilesTable, scope: Scope) -> ProfileRoles:
    """Return ``[profiles]``; what is named twice is reported. ``scope`` is that of the source."""
    for key in ("identities", "system"):
        report_twice(getattr(table, key), scope, ("profiles", key))
    return ProfileRoles(
        key=table.key,
        identities=tuple(table.identities),
        id=table.id,
        ids=table.ids,
        device=_group(table.device, scope, ("profiles", "device")),
        preferences=tuple(Named(name, column) for name, column in table.preferences.items()),
        system=tuple(table.system),
    )


def event_roles(table: EventRolesTable, scope: Scope) -> EventRoles:
    """Return ``[events]`` of a source."""
    return EventRoles(
        name=table.name,
        time=table.time,
        profile=_group(table.profile, scope, ("events", "profile")),
        device=_group(table.device, scope, ("events", "device")),
        properties=_group(table.properties, scope, ("events", "properties")),
    )


def report_twice(names: Iterable[Any], scope: Scope, path: Path) -> None:
    """Report what a list names a second time."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        if name.casefold() in seen:
            scope.add((*path, index), f'"{name}" is there twice', "remove one of the two")
        seen.add(name.casefold())


def _group(written: GroupOfColumns | None, scope: Scope, path: Path) -> Group | None:
    match written:
        case None:
            return None
        case str():
            return Group(column=written)
        case dict():
            members = tuple(Named(name, column) for name, column in written.items())
        case _:
            report_twice(written, scope, path)
            members = tuple(Named(column, column) for column in written)
    if not members:
        scope.add(path, "must not be empty", "name a column, or remove it")
    return Group(members)
