"""Every change of the clock in every zone for ten years, against minutes that are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from profexd.config.model import Schedule
from profexd.daemon.timing.schedule import occurrences

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(days=7)
"""No clock changes twice within it."""
STEPS = 522
MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones())


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The instants at which the clocks of a zone change."""
    place = ZoneInfo(zone)
    weeks = [BEGIN + number * STEP for number in range(STEPS)]
    offsets = [week.astimezone(place).utcoffset() for week in weeks]
    found = []
    for week, before, after in zip(weeks, offsets, offsets[1:], strict=False):
        if before == after:
            continue
        low, high = 0, STEP // MINUTE
        while high - low > 1:
            middle = (low + high) // 2
            if (week + middle * MINUTE).astimezone(place).utcoffset() == before:
                low = middle
            else:
                high = middle
        found.append(week + high * MINUTE)
    return tuple(found)


def distinct() -> Iterator[tuple[str, datetime]]:
    """One change of each kind: at the same wall clock, by as much, on the same weekday."""
    seen = set()
    for zone in ZONES:
        place = ZoneInfo(zone)
        for change in changes(zone):
            before = (change - MINUTE).astimezone(place).replace(tzinfo=None)
            after = change.astimezone(place).replace(tzinfo=None)
            kind = (before.time(), after - before, before.weekday())
            if kind not in seen:
                seen.add(kind)
                yield zone, change


def counted(zone: str, hours: range, minutes: range, begin: datetime, end: datetime) -> set[str]:
    """The instants in that span at which a crontab of hours and minutes is due, by counting.

    A wall clock that comes twice counts once; one that is left out is due where the gap ends.
    """
    place = ZoneInfo(zone)
    due, seen = set(), set()
    instant, wall = begin - timedelta(days=2), None
    while instant <= end:
        now = instant.astimezone(place).replace(tzinfo=None)
        # What the clock passed since the last minute: usually this one alone.
        passed = [now]
        if wall is not None and now > wall + MINUTE:
            count = int((now - wall) / MINUTE)
            passed = [wall + number * MINUTE for number in range(1, count + 1)]
        for one in passed:
            if one not in seen and one.hour in hours and one.minute in minutes and begin < instant:
                due.add(instant.isoformat())
            seen.add(one)
        wall = now
        instant += MINUTE
    return due


CRONTABS = [
    ("30 2 * * *", range(2, 3), range(30, 31)),
    ("0 0 * * *", range(1), range(1)),
    ("15 1 * * *", range(1, 2), range(15, 16)),
    ("0 * * * *", range(24), range(1)),
    ("*/20 * * * *", range(24), range(0, 60, 20)),
]


@pytest.mark.parametrize(("expression", "hours", "minutes"), CRONTABS)
def test_at_every_kind_of_change_the_runs_are_those_that_one_counts(
    expression: str, hours: range, minutes: range
) -> None:
    kinds = list(distinct())
    assert len(kinds) > 20
    for zone, change in kinds:
        begin, end = change - timedelta(hours=26), change + timedelta(hours=26)
        schedule = Schedule(kind="cron", expression=expression, timezone=zone)
        found = {at.isoformat() for at in occurrences(schedule, begin, end, pipeline="p")}
        assert found == counted(zone, hours, minutes, begin, end), (zone, change)


def test_around_every_change_of_ten_years_a_daily_run_comes_once_a_day() -> None:
    """Daily at the very minutes that are left out or come twice, in every zone."""
    for zone in ZONES:
        place = ZoneInfo(zone)
        for change in changes(zone):
            before = (change - MINUTE).astimezone(place).replace(tzinfo=None) + MINUTE
            after = change.astimezone(place).replace(tzinfo=None)
            begin = change - timedelta(hours=60)
            for wall in (before, before + (after - before) / 2, after, after - MINUTE):
                expression = f"{wall.minute} {wall.hour} * * *"
                schedule = Schedule(kind="cron", expression=expression, timezone=zone)
                end = begin + timedelta(days=5)
                found = list(occurrences(schedule, begin, end, pipeline="p"))
                assert len(found) in (4, 5, 6), (zone, change, wall)
                for earlier, later in pairwise(found):
                    assert timedelta(hours=21) <= later - earlier <= timedelta(hours=27)


@pytest.mark.parametrize(
    ("zone", "expression", "begin", "due"),
    [
        ("Europe/Rome", "30 2 * * *", "2026-03-28T12:00", ["03-29T01:00", "03-30T00:30"]),
        ("Europe/Rome", "30 2 * * *", "2026-10-24T12:00", ["10-25T00:30", "10-26T01:30"]),
        ("America/New_York", "30 2 * * *", "2026-03-07T12:00", ["03-08T07:00", "03-09T06:30"]),
        ("America/New_York", "30 1 * * *", "2026-10-31T12:00", ["11-01T05:30", "11-02T06:30"]),
        # Half an hour: 02:00 becomes 02:30, and 02:00 becomes 01:30.
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00", ["10-03T15:30", "10-04T15:15"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00", ["04-04T14:45", "04-05T15:15"]),
        # A whole day is left out: 2011-12-30 is due where 2011-12-31 begins.
        ("Pacific/Apia", "0 9 * * *", "2011-12-29T00:00", ["12-29T19:00", "12-30T10:00"]),
    ],
)
def test_the_odd_days_of_some_zones(zone: str, expression: str, begin: str, due: list[str]) -> None:
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    schedule = Schedule(kind="cron", expression=expression, timezone=zone)
    found = occurrences(schedule, start, start + timedelta(days=3), pipeline="p")
    assert [f"{at:%m-%dT%H:%M}" for _, at in zip(due, found, strict=False)] == due
