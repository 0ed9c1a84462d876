"""What the columns of a source mean, by its ``[profiles]`` or ``[events]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profexd.config.model import Source
    from profexd.config.shape import EventRoles, Group, ProfileRoles
    from profexd.export.source.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Meaning:
    """The role of a column, and the name that its group has for it."""

    role: str
    label: str = ""


def meanings(source: Source, lookup: Lookup) -> dict[str, Meaning]:
    """Return what each column means, by its name in lower case; the rest are properties."""
    if source.kind == "events":
        return _of_event(source.events, lookup)
    return _of_profile(source.profiles)


def _of_profile(roles: ProfileRoles) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {"identity": Meaning("identity")}
    for one in roles.preferences:
        found[one.column.lower()] = Meaning("preference", one.name)
    found.update(_of_group(roles.device, "device"))
    for column, role in ((roles.id, "id"), (roles.ids, "ids")):
        if column is not None:
            found[column.lower()] = Meaning(role)
    return found


def _of_event(roles: EventRoles, lookup: Lookup) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    if roles.properties is not None:
        # Others are no properties then, and have no role at all.
        found.update((column.name.lower(), Meaning("")) for column in lookup.schema.columns)
        found.update(_of_group(roles.properties, "property"))
    found.update(_of_group(roles.device, "device"))
    found.update(_of_group(roles.profile, "profile"))
    for column, role in ((roles.name, "name"), (roles.time, "time")):
        if column is not None:
            found[column.lower()] = Meaning(role)
    return found


def _of_group(group: Group | None, role: str) -> dict[str, Meaning]:
    if group is None:
        return {}
    if group.column is not None:
        return {group.column.lower(): Meaning(role)}
    return {member.column.lower(): Meaning(role, member.name) for member in group.members}
