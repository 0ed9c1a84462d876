"""What a pipeline selects, and how its file is shaped: roles, filter, columns, changes, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

Path = tuple[str | int, ...]
"""Where something stands in its file, for problems."""


@dataclass(frozen=True, slots=True)
class Named:
    """A column of the source under the name that it is exported with."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class Group:
    """Several columns, or the members of one STRUCT or MAP column, that belong together."""

    members: tuple[Named, ...] = ()
    column: str | None = None
    """The one STRUCT or MAP column; then ``members`` is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRoles:
    """What the columns of a profile mean (``[profiles]``)."""

    key: str | None = None
    identities: tuple[str, ...] = ()
    id: str | None = None
    ids: str | None = None
    device: Group | None = None
    preferences: tuple[Named, ...] = ()
    system: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRoles:
    """What the columns of an event mean (``[events]`` of a source)."""

    name: str | None = None
    time: str | None = None
    profile: Group | None = None
    device: Group | None = None
    properties: Group | None = None
    """None: every column that has no other role."""


@dataclass(frozen=True, slots=True)
class Relative:
    """An instant said from the run's: ``now - 30d``, ``today``, ``today + 1d``."""

    base: Literal["now", "today"]
    offset: timedelta = timedelta()
    text: str = field(default="", compare=False)
    """As it is written: where the property is text, the words are what is meant."""


Value = str | bool | int | float | Decimal | date | time | datetime | Relative


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a filter; ``property`` may lead into structs by dots."""

    property: str
    operator: str
    values: tuple[Value, ...] = ()
    path: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Conditions of which all, or any, must hold."""

    match: Literal["all", "any"]
    members: tuple[Condition | Conditions, ...]
    path: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChoice:
    """``[identity]``: which identifiers stand in the file."""

    columns: tuple[str, ...]
    export: Literal["first", "all"] = "first"
    all_identities: bool = False
    id: bool = False
    ids: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsChoice:
    """``[columns]``: which other columns stand in the file, and under which names."""

    device: bool | None = None
    """None: where the role exists."""
    preferences: tuple[str, ...] = ()
    properties: Literal["all", "system"] | tuple[str, ...] = "all"
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    schema: Literal["append", "lock"] = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesChoice:
    """``mode = "changed"`` and ``[changes]``: only what differs from the last delivered run."""

    operation: str = ""
    """The name of the column that says added, changed or removed; empty: none."""
    deletes: Literal["ignore", "include", "separate-file"] = "ignore"
    full_every: float | None = None
    """Seconds after which a run is full again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsChoice:
    """``[events]`` of a pipeline: which events. At most one of ``window`` and ``range`` is set."""

    names: tuple[str, ...] | None = None
    window: Literal["last"] | None = None
    range: Literal["previous month", "current month", "yesterday"] | Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open. Naive bounds are wall clock in the zone of the run; a date as end counts whole."""

    since: date | datetime | None = None
    until: date | datetime | None = None
