"""Times and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from profexd.tui import humane

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0s"),
        (0.42, "0.4s"),
        (9.94, "9.9s"),
        (59, "59s"),
        (124, "2m 04s"),
        (3600 * 3 + 720, "3h 12m"),
        (86400 * 2 + 3600 * 4, "2d 4h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert humane.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(seconds=-5), "soon"),
        (timedelta(seconds=30), "soon"),
        (timedelta(minutes=4), "in 4m"),
        (timedelta(hours=8), "20:00"),
        (timedelta(hours=15), "Mon 03:00"),
        (timedelta(days=30), "2026-12-22"),
    ],
)
def test_what_is_to_come_is_told_as_near_as_it_is(ahead: timedelta, text: str) -> None:
    assert humane.upcoming(NOON + ahead, NOON, UTC) == text


def test_days_are_those_of_the_readers_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert humane.upcoming(NOON + timedelta(hours=4), NOON, tokyo) == "Mon 01:00"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (2_100_000, "2.1 MB"),
        (155_170_498, "155 MB"),
        (999_999_999, "1.0 GB"),
    ],
)
def test_sizes_are_in_powers_of_a_thousand(count: int, text: str) -> None:
    assert humane.size(count) == text


def test_numbers_have_their_thousands_apart() -> None:
    assert humane.number(18420) == "18 420"
    assert humane.count(1, "row") == "1 row"
    assert humane.count(2000, "row") == "2 000 rows"
