"""When pipelines are due: every form of schedule, in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profexd.config.model import Schedule
from profexd.daemon.timing.schedule import (
    jitter,
    latest,
    next_after,
    occurrences,
    resolve,
    upcoming,
)

ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc", "System"))
)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def daily(hour: int, minute: int = 0, zone: str = "UTC", **more: object) -> Schedule:
    return Schedule(kind="cron", expression=f"{minute} {hour} * * *", timezone=zone, **more)  # type: ignore[arg-type]


def following(schedule: Schedule, after: datetime, count: int = 3) -> list[datetime]:
    return list(islice(upcoming(schedule, after, pipeline="p"), count))


def test_manual_is_never_due() -> None:
    assert next_after(Schedule(), at("2026-01-01T00:00"), pipeline="p") is None


def test_once_at_is_due_once() -> None:
    schedule = Schedule(kind="once", at=at("2026-12-01T03:00", "Europe/Rome"))
    assert following(schedule, at("2026-11-01T00:00")) == [at("2026-12-01T02:00")]
    assert following(schedule, at("2026-12-01T02:00")) == []


def test_every_counts_from_midnight_utc_of_each_day() -> None:
    schedule = Schedule(kind="every", seconds=7 * 3600, timezone="Asia/Tokyo")
    assert following(schedule, at("2026-03-01T13:59:59"), 4) == [
        at("2026-03-01T14:00"),
        at("2026-03-01T21:00"),
        at("2026-03-02T00:00"),
        at("2026-03-02T07:00"),
    ]


def test_every_24h_is_midnight_utc() -> None:
    schedule = Schedule(kind="every", seconds=86_400)
    assert following(schedule, at("2026-03-01T00:00"), 2) == [
        at("2026-03-02T00:00"),
        at("2026-03-03T00:00"),
    ]


def test_an_occurrence_is_later_than_the_instant_it_is_asked_after() -> None:
    schedule = Schedule(kind="every", seconds=60)
    assert next_after(schedule, at("2026-03-01T12:00"), pipeline="p") == at("2026-03-01T12:01")


def test_a_time_that_does_not_exist_runs_at_the_first_instant_after_the_gap() -> None:
    # Rome, 2026-03-29: 02:00 becomes 03:00.
    assert following(daily(2, 30, "Europe/Rome"), at("2026-03-28T12:00"), 2) == [
        at("2026-03-29T01:00"),
        at("2026-03-30T00:30"),
    ]


def test_several_that_fall_into_one_gap_are_one() -> None:
    schedule = Schedule(kind="cron", expression="*/15 * * * *", timezone="Europe/Rome")
    assert following(schedule, at("2026-03-29T00:44"), 3) == [
        at("2026-03-29T00:45"),
        at("2026-03-29T01:00"),
        at("2026-03-29T01:15"),
    ]


def test_a_time_that_exists_twice_runs_the_first_time() -> None:
    # Rome, 2026-10-25: 03:00 becomes 02:00.
    assert following(daily(2, 30, "Europe/Rome"), at("2026-10-24T12:00"), 2) == [
        at("2026-10-25T00:30"),
        at("2026-10-26T01:30"),
    ]
    assert next_after(daily(2, 30, "Europe/Rome"), at("2026-10-25T00:45"), pipeline="p") == at(
        "2026-10-26T01:30"
    )


def test_a_day_that_a_zone_left_out_is_one_occurrence() -> None:
    # Samoa went without 2011-12-30.
    schedule = Schedule(kind="cron", expression="0 */6 * * *", timezone="Pacific/Apia")
    found = following(schedule, at("2011-12-30T09:59"), 2)
    assert found == [at("2011-12-30T10:00"), at("2011-12-30T16:00")]


def test_a_gap_at_midnight_is_left_at_its_end() -> None:
    # Beirut, 2026-03-29: 00:00 becomes 01:00.
    assert following(daily(0, 0, "Asia/Beirut"), at("2026-03-28T00:00"), 1) == [
        at("2026-03-28T22:00")
    ]


def test_the_start_is_included_and_the_end_is_not() -> None:
    schedule = daily(0, start=at("2026-12-01T00:00"), end=at("2026-12-03T00:00"))
    assert following(schedule, at("2026-01-01T00:00")) == [
        at("2026-12-01T00:00"),
        at("2026-12-02T00:00"),
    ]


def test_jitter_is_the_same_for_a_pipeline_and_differs_between_pipelines() -> None:
    schedule = daily(3, jitter=300.0)
    delays = {jitter(schedule, f"pipeline-{n}") for n in range(20)}
    assert len(delays) > 10
    assert all(timedelta(0) <= delay < timedelta(seconds=300) for delay in delays)
    assert next_after(schedule, at("2026-01-01T00:00"), pipeline="a") == at(
        "2026-01-01T03:00"
    ) + jitter(schedule, "a")


def test_an_impossible_date_is_never_due() -> None:
    assert (
        next_after(
            Schedule(kind="cron", expression="0 0 29 2 *", end=at("2027-01-01T00:00")),
            at("2026-01-01T00:00"),
            pipeline="p",
        )
        is None
    )


def test_the_latest_of_a_long_time_is_found_at_its_end() -> None:
    schedule = Schedule(kind="every", seconds=60)
    assert latest(schedule, at("2020-01-01T00:00"), at("2026-01-01T00:00:30"), pipeline="p") == at(
        "2026-01-01T00:00"
    )
    assert latest(schedule, at("2026-01-01T00:00"), at("2026-01-01T00:00:59"), pipeline="p") is None


moments = st.datetimes(
    min_value=datetime(2015, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)
)
schedules = st.one_of(
    st.integers(min_value=1, max_value=24 * 60).map(
        lambda minutes: Schedule(kind="every", seconds=minutes * 60)
    ),
    st.builds(
        lambda minute, hour, zone: daily(hour, minute, zone),
        st.integers(0, 59),
        st.integers(0, 23),
        st.sampled_from(ZONES),
    ),
    st.builds(
        lambda expression, zone: Schedule(kind="cron", expression=expression, timezone=zone),
        st.sampled_from(["0 * * * *", "*/20 * * * *", "30 1-3 * * *", "15 2 * * sun", "0 0 1 * *"]),
        st.sampled_from(ZONES),
    ),
)


@settings(deadline=None)
@given(schedule=schedules, after=moments)
def test_occurrences_only_go_forward(schedule: Schedule, after: datetime) -> None:
    found = following(schedule, after, 4)
    assert found == sorted(set(found))
    assert all(instant > after and instant.tzinfo is UTC for instant in found)


@settings(deadline=None)
@given(schedule=schedules, after=moments)
def test_where_one_starts_to_look_changes_nothing(schedule: Schedule, after: datetime) -> None:
    first, second = following(schedule, after, 2)
    assert next_after(schedule, first, pipeline="p") == second
    assert next_after(schedule, second - timedelta(microseconds=1), pipeline="p") == second
    assert latest(schedule, after, second, pipeline="p") == second
    assert list(occurrences(schedule, after, second, pipeline="p")) == [first, second]


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    day=st.dates(min_value=date(2015, 1, 2), max_value=date(2035, 1, 1)),
)
def test_daily_runs_once_a_day_in_every_zone(zone: str, hour: int, minute: int, day: date) -> None:
    place = ZoneInfo(zone)
    midnight = resolve(datetime(day.year, day.month, day.day), place)
    tomorrow = day + timedelta(days=1)
    end = resolve(datetime(tomorrow.year, tomorrow.month, tomorrow.day), place)
    just_before = midnight - timedelta(microseconds=1)
    due = list(
        occurrences(
            daily(hour, minute, zone), just_before, end - timedelta(microseconds=1), pipeline="p"
        )
    )
    assert len(due) <= 1
    for instant in due:
        wall = instant.astimezone(place).replace(tzinfo=None)
        wanted = datetime(day.year, day.month, day.day, hour, minute)
        exists = wanted.replace(tzinfo=place).astimezone(UTC).astimezone(place)
        assert wall == wanted or exists.replace(tzinfo=None) != wanted


@settings(deadline=None)
@given(zone=st.sampled_from(ZONES), wall=st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)))
def test_a_wall_clock_time_resolves_to_itself_or_the_end_of_its_gap(
    zone: str, wall: datetime
) -> None:
    place = ZoneInfo(zone)
    instant = resolve(wall, place)
    back = instant.astimezone(place).replace(tzinfo=None)
    if back != wall:
        assert back > wall
        just_before = (instant - timedelta(seconds=1)).astimezone(place).replace(tzinfo=None)
        assert just_before < wall


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe"])
def test_hourly_walks_through_a_year_without_repeating_or_stopping(zone: str) -> None:
    schedule = Schedule(kind="cron", expression="0 * * * *", timezone=zone)
    found = list(
        occurrences(schedule, at("2026-01-01T00:00"), at("2027-01-01T00:00"), pipeline="p")
    )
    gaps = {after - before for before, after in pairwise(found)}
    assert min(gaps) >= timedelta(minutes=30)
    assert max(gaps) <= timedelta(hours=2)
