"""When a pipeline is due: pure functions from a schedule and an instant to instants in UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim

if TYPE_CHECKING:
    from profexd.config.model import Schedule


def next_after(schedule: Schedule, after: datetime, *, pipeline: str) -> datetime | None:
    """Return the first occurrence later than ``after``, or None when there is none."""
    return next(upcoming(schedule, after, pipeline=pipeline), None)


def occurrences(
    schedule: Schedule, after: datetime, until: datetime, *, pipeline: str
) -> Iterator[datetime]:
    """Yield the occurrences later than ``after`` and not later than ``until``, oldest first."""
    for instant in upcoming(schedule, after, pipeline=pipeline):
        if instant > until:
            return
        yield instant


def latest(
    schedule: Schedule, after: datetime, until: datetime, *, pipeline: str
) -> datetime | None:
    """Return the last occurrence in that span without walking through a long one."""
    if schedule.kind not in ("every", "cron"):
        return max(occurrences(schedule, after, until, pipeline=pipeline), default=None)
    # Look back over windows that double, so that a year of missed minutes costs no more than
    # the last window.
    window = timedelta(minutes=1)
    while True:
        start = max(after, until - window)
        found = max(occurrences(schedule, start, until, pipeline=pipeline), default=None)
        if found is not None or start == after:
            return found
        window *= 2


def jitter(schedule: Schedule, pipeline: str) -> timedelta:
    """Return how much later than its nominal instant this pipeline always runs."""
    if schedule.jitter <= 0:
        return timedelta(0)
    share = int.from_bytes(hashlib.sha256(pipeline.encode()).digest()[:8], "big") / 2**64
    return timedelta(seconds=int(schedule.jitter * share))


def timing(schedule: Schedule) -> str:
    """Return what decides the instants: an edit of anything else moves none of them."""
    return "|".join(
        str(part)
        for part in (
            schedule.kind,
            schedule.expression,
            schedule.seconds,
            schedule.at,
            schedule.timezone,
            schedule.start,
            schedule.end,
            schedule.jitter,
        )
    )


def upcoming(schedule: Schedule, after: datetime, *, pipeline: str) -> Iterator[datetime]:
    """Yield every occurrence later than ``after``, oldest first."""
    delay = jitter(schedule, pipeline)
    begin = after.astimezone(UTC) - delay
    if schedule.start is not None and schedule.start > begin:
        # The start itself is included, so begin just before it.
        begin = schedule.start - timedelta(microseconds=1)
    for nominal in _nominal(schedule, begin):
        if schedule.end is not None and nominal >= schedule.end:
            return
        yield nominal + delay


def _nominal(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    match schedule.kind:
        case "every":
            yield from _grid(schedule.seconds, after)
        case "cron":
            yield from _wall_clock(schedule.expression, ZoneInfo(schedule.timezone), after)
        case "once" if schedule.at is not None and schedule.at > after:
            yield schedule.at.astimezone(UTC)
        case _:
            return


def _grid(seconds: int, after: datetime) -> Iterator[datetime]:
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (after - midnight).total_seconds()
    step = int(passed // seconds) + 1
    while True:
        while step * seconds < 86_400:
            yield midnight + timedelta(seconds=step * seconds)
            step += 1
        midnight += timedelta(days=1)
        step = 0


def _wall_clock(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    # cronsim walks naive wall clock; what a zone does to it is decided here alone.
    last = after
    for wall in CronSim(expression, after.astimezone(zone).replace(tzinfo=None)):
        instant = resolve(wall, zone)
        if instant > last:
            yield instant
            last = instant


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time.

    One that exists twice is the first of the two; one that does not exist is the first instant
    after the gap.
    """
    early = wall.replace(tzinfo=zone, fold=0)
    instant = early.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    before = early.utcoffset()
    low = int(wall.replace(tzinfo=zone, fold=1).timestamp())
    high = int(instant.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
