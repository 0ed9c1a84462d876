"""Which events a run holds: those of some names, since the last delivered window or in a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from profexd.config.shape import Span
from profexd.config.zones import instant_of

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.config.shape import EventsChoice
    from profexd.export.selection.comparison import Bind
    from profexd.export.selection.operand import Clock
    from profexd.export.source.lookup import Lookup
    from profexd.export.source.schema import Reference

_NAIVE = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})
_ZONED = frozenset({"timestamp with time zone", "timestamptz_ns"})


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open: ``since`` is in it, ``until`` is not; None is without end."""

    since: datetime | None = None
    until: datetime | None = None


def window_of(pipeline: Pipeline, instant: datetime, state: Mapping[str, Any]) -> Window | None:
    """Return the window of the run at ``instant``, or None where it takes events of any time."""
    choice = pipeline.events
    if choice is None or (choice.window is None and choice.range is None):
        return None
    if choice.window is None:
        return _range(choice, instant, pipeline.timezone)
    last = state.get("window")
    if last is None:
        return Window(None, instant)
    since = datetime.fromisoformat(last["until"])
    # A clock that was set back moves nothing back: what was delivered is not delivered again.
    return Window(since, max(since, instant))


def window_state(
    pipeline: Pipeline, instant: datetime, state: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the window that the next run begins after, once this one is delivered."""
    known: dict[str, Any] | None = state.get("window")
    if pipeline.events is None or pipeline.events.window is None:
        # A range in between fills a gap; it moves no window.
        return known
    window = window_of(pipeline, instant, state)
    assert window is not None
    assert window.until is not None
    return {"until": window.until.isoformat()}


def events_sql(
    pipeline: Pipeline, lookup: Lookup, clock: Clock, state: Mapping[str, Any], bind: Bind
) -> list[str]:
    """Return the conditions that ``[events]`` says; what is wrong goes into the findings."""
    roles, choice = pipeline.source.events, pipeline.events
    conditions: list[str] = []
    if choice is None:
        return conditions
    if choice.names is not None and roles.name is not None:
        name = lookup.one(roles.name, ("events", "name"), of="source")
        if name is not None:
            names = ", ".join(bind("VARCHAR", one) for one in choice.names)
            conditions.append(f"CAST({name.sql} AS VARCHAR) IN ({names})")
    window = window_of(pipeline, clock.instant, state)
    if window is not None and roles.time is not None:
        found = lookup.one(roles.time, ("events", "time"), of="source")
        if found is not None:
            conditions += _within(window, found, clock.zone, lookup, bind)
    return conditions


def _within(window: Window, found: Reference, zone: str, lookup: Lookup, bind: Bind) -> list[str]:
    kind = found.type.id
    if kind not in _NAIVE | _ZONED | {"date"}:
        lookup.findings.error(
            ("events", "time"),
            f"{found.name} is {found.type.text}: it says no time of an event",
            "name a column of type DATE, TIMESTAMP or TIMESTAMPTZ, or cast it in a query",
            of="source",
        )
        return []

    def bound(instant: datetime) -> str:
        if kind in _ZONED:
            return bind("TIMESTAMPTZ", instant.astimezone(UTC).isoformat())
        if kind in _NAIVE:
            return bind("TIMESTAMP", instant.astimezone(UTC).replace(tzinfo=None).isoformat())
        # Of a day it is not known when in it: it is taken once it is over.
        return bind("DATE", instant.astimezone(ZoneInfo(zone)).date().isoformat())

    conditions = []
    if window.since is not None:
        conditions.append(f"{found.sql} >= {bound(window.since)}")
    if window.until is not None:
        conditions.append(f"{found.sql} < {bound(window.until)}")
    return conditions


def _range(choice: EventsChoice, instant: datetime, zone: str) -> Window:
    today = instant.astimezone(ZoneInfo(zone)).date()
    this_month = today.replace(day=1)
    match choice.range:
        case "yesterday":
            return Window(_begin(today - timedelta(days=1), zone), _begin(today, zone))
        case "current month":
            next_month = (this_month + timedelta(days=31)).replace(day=1)
            return Window(_begin(this_month, zone), _begin(next_month, zone))
        case "previous month":
            last_month = (this_month - timedelta(days=1)).replace(day=1)
            return Window(_begin(last_month, zone), _begin(this_month, zone))
        case Span(since=since, until=until):
            # A date alone as the end counts whole.
            whole = until is not None and not isinstance(until, datetime)
            end = until + timedelta(days=1) if until is not None and whole else until
            return Window(_begin(since, zone), _begin(end, zone))
    return Window()


def _begin(when: date | datetime | None, zone: str) -> datetime | None:
    """Return the instant of a wall clock, or of the begin of a day, in ``zone``."""
    if when is None:
        return None
    local = when if isinstance(when, datetime) else datetime.combine(when, time.min)
    return instant_of(local, zone)
