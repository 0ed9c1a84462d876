"""Which events a run holds: names, the window since the last delivered run, ranges."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from profexd.api.errors import ConfigurationInvalid
from tests.changes.building import NOON, Runs
from tests.changes.home import Home

TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ")


def events(folder: Path, *, at: str = "TIMESTAMPTZ", **choice: Any) -> Runs:
    """Events in a table that has none yet, and the events that a run takes of them."""
    runs = Runs(
        folder,
        source={"table": "t", "kind": "events", "events": {"name": "name", "time": "seen"}},
        keys={"events": choice, "partition_by": [], "order_by": "id"},
    )
    runs.sql(f"CREATE TABLE t (id INTEGER, name VARCHAR, seen {at})")
    return runs


def add(runs: Runs, *times: str, name: str = "Charged") -> None:
    """Insert an event at each time; ids count on."""
    with_ids = (
        f"INSERT INTO t SELECT coalesce(max(id), 0) + 1, '{name}', '{when}' FROM t"
        for when in times
    )
    runs.sql(*with_ids)


def instant(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S.%f+00")


@pytest.mark.parametrize("at", TIMES)
def test_windows_lose_and_repeat_nothing(at: str, tmp_path: Path) -> None:
    """Events at, just before and just after each end of a window: each is in one run."""
    runs = events(tmp_path, at=at, window="last")
    step = timedelta(seconds=1)
    ends = [NOON + timedelta(hours=hour) for hour in (1, 2, 3)]
    for end in ends:
        for when in (end - step, end, end + step):
            add(runs, instant(when) if at == "TIMESTAMPTZ" else instant(when)[:-3])
    assert [runs.ids() for _ in range(4)] == [["1"], ["2", "3", "4"], ["5", "6", "7"], ["8", "9"]]
    assert runs.ids() == []


def test_the_first_window_has_everything_before_the_run(tmp_path: Path) -> None:
    runs = events(tmp_path, window="last")
    add(runs, "1999-01-01 00:00:00Z", "-infinity", "2026-11-15 12:59:59.999999Z")
    add(runs, "2026-11-15 13:00:00Z", "infinity")
    assert runs.ids() == ["1", "2", "3"]


def test_a_window_moves_only_with_a_delivery(tmp_path: Path) -> None:
    runs = events(tmp_path, window="last")
    add(runs, "2026-11-15 12:30:00Z", "2026-11-15 13:30:00Z", "2026-11-15 14:30:00Z")
    assert runs.ids() == ["1"]
    assert runs.ids(deliver=False) == ["2"]
    assert runs.ids(deliver=False) == ["2", "3"]
    assert runs.ids() == ["2", "3"]


def test_a_clock_set_back_repeats_nothing(tmp_path: Path) -> None:
    runs = events(tmp_path, window="last")
    add(runs, "2026-11-15 12:30:00Z")
    assert runs.ids() == ["1"]
    runs.instant -= timedelta(hours=5)
    assert runs.ids() == []
    runs.instant += timedelta(hours=6)
    add(runs, "2026-11-15 13:30:00Z")
    assert runs.ids() == ["2"]


def test_a_range_between_two_windows_moves_none(tmp_path: Path) -> None:
    runs = events(tmp_path, window="last")
    add(runs, "2026-11-15 12:30:00Z")
    runs.run()
    runs.keys["events"] = {"range": "yesterday"}
    runs.run()
    runs.keys["events"] = {"window": "last"}
    add(runs, "2026-11-15 13:30:00Z")
    assert runs.ids() == ["2"]


def test_an_event_without_a_time_is_in_no_window(tmp_path: Path) -> None:
    runs = events(tmp_path)
    add(runs, "2026-11-15 12:30:00Z")
    runs.sql("INSERT INTO t VALUES (2, 'Charged', NULL)")
    assert runs.ids() == ["1", "2"]
    runs.keys["events"] = {"window": "last"}
    assert runs.ids() == ["1"]


def test_a_day_is_in_the_window_that_begins_when_it_is_over(tmp_path: Path) -> None:
    """What arrives later in a day has the same date: a run within the day would lose it."""
    runs = events(tmp_path, at="DATE", window="last")
    add(runs, "2026-11-14", "2026-11-15")
    assert runs.ids() == ["1"]
    add(runs, "2026-11-15")
    assert runs.ids() == []
    runs.instant += timedelta(days=1)
    assert runs.ids() == ["2", "3"]


# Ranges

RANGES: list[tuple[Any, str, str, str]] = [
    ("yesterday", "UTC", "2026-11-14T00:00:00", "2026-11-15T00:00:00"),
    ("yesterday", "America/New_York", "2026-11-14T05:00:00", "2026-11-15T05:00:00"),
    ("current month", "UTC", "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
    # Summer time ended on the 25th of October.
    ("previous month", "Europe/Rome", "2026-09-30T22:00:00", "2026-10-31T23:00:00"),
    (
        {"from": date(2026, 10, 25), "to": date(2026, 10, 25)},
        "Europe/Rome",
        "2026-10-24T22:00:00",
        "2026-10-25T23:00:00",
    ),
    (
        {"from": datetime(2026, 11, 1, 6), "to": datetime(2026, 11, 2, 6)},
        "Europe/Rome",
        "2026-11-01T05:00:00",
        "2026-11-02T05:00:00",
    ),
    (
        {"from": datetime(2026, 11, 1, tzinfo=UTC), "to": date(2026, 11, 1)},
        "Europe/Rome",
        "2026-11-01T00:00:00",
        "2026-11-01T23:00:00",
    ),
    # 02:30 does not exist on that day: the range begins with the first instant after the gap.
    (
        {"from": datetime(2026, 3, 29, 2, 30), "to": date(2026, 3, 29)},
        "Europe/Rome",
        "2026-03-29T01:00:00",
        "2026-03-29T22:00:00",
    ),
]


@pytest.mark.parametrize(("range_", "zone", "first", "end"), RANGES)
def test_a_range_is_half_open_in_the_wall_clock_of_the_zone(
    range_: Any, zone: str, first: str, end: str, tmp_path: Path
) -> None:
    runs = events(tmp_path, at="TIMESTAMP", range=range_)
    runs.keys["timezone"] = zone
    step = timedelta(microseconds=1)
    begin, until = datetime.fromisoformat(first), datetime.fromisoformat(end)
    for when in (begin - step, begin, until - step, until):
        add(runs, when.isoformat())
    assert runs.ids() == ["2", "3"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"])
def test_a_date_is_a_day_of_the_zone(zone: str, tmp_path: Path) -> None:
    runs = events(tmp_path, at="DATE", range={"from": date(2026, 11, 2), "to": date(2026, 11, 3)})
    runs.keys["timezone"] = zone
    add(runs, "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04")
    assert runs.ids() == ["2", "3"]


def test_a_range_may_be_open_at_one_end(tmp_path: Path) -> None:
    runs = events(tmp_path, range={"from": date(2026, 11, 2)})
    add(runs, "2026-11-01 23:59:59Z", "2026-11-02 00:00:00Z", "2030-01-01 00:00:00Z")
    assert runs.ids() == ["2", "3"]
    runs.keys["events"] = {"range": {"to": date(2026, 11, 1)}}
    assert runs.ids() == ["1"]


# Names, and what does not go


def test_only_the_events_of_some_names_are_taken(tmp_path: Path) -> None:
    runs = events(tmp_path, names=["Charged", "it's; DROP TABLE t --"])
    add(runs, "2026-11-01 00:00:00Z")
    add(runs, "2026-11-01 00:00:00Z", name="App Launched")
    add(runs, "2026-11-01 00:00:00Z", name="it''s; DROP TABLE t --")
    add(runs, "2026-11-01 00:00:00Z", name="charged")
    assert runs.ids() == ["1", "3"]


def test_names_may_be_an_enum(tmp_path: Path) -> None:
    runs = events(tmp_path, names=["Charged", "Unheard"], window="last")
    add(runs, "2026-11-01 00:00:00Z")
    runs.sql("ALTER TABLE t ALTER name TYPE ENUM('Charged', 'Other')")
    assert runs.ids() == ["1"]


def test_a_filter_is_anded_with_the_window(tmp_path: Path) -> None:
    runs = events(tmp_path, window="last")
    runs.keys["filter"] = {
        "match": "any",
        "conditions": [
            {"property": "id", "operator": "is", "value": 2},
            {"property": "id", "operator": "is", "value": 3},
        ],
    }
    add(runs, "2026-11-01 00:00:00Z", "2026-11-01 00:00:00Z", "2027-01-01 00:00:00Z")
    assert runs.ids() == ["2"]


@pytest.mark.parametrize("type_", ["VARCHAR", "BIGINT", "TIME"])
def test_a_time_that_is_none_is_refused_with_its_place(type_: str, tmp_path: Path) -> None:
    runs = events(tmp_path, at=type_, window="last")
    with pytest.raises(ConfigurationInvalid, match=rf"events\.time.* seen is {type_}"):
        runs.run()


def test_a_run_whose_id_was_raised_beyond_the_clock_loses_no_event(tmp_path: Path) -> None:
    """Of many runs in one second the ids, and the instants in names, run ahead of the clock."""
    home = Home(
        tmp_path,
        source='type = "duckdb"\ndatabase = "%s"\ntable = "t"\nkind = "events"\n'
        '[events]\nname = "name"\ntime = "seen"\n',
        pipeline='source = "warehouse"\nsink = "outbox"\npath = "${run_id}-${event}.csv"\n'
        '[format]\ntype = "csv"\n[events]\nwindow = "last"\n',
    )

    def happens(number: int) -> None:
        home.sql(f"INSERT INTO t VALUES ({number}, 'Charged', now())")

    home.sql("CREATE TABLE t (id INTEGER, name VARCHAR, seen TIMESTAMPTZ)")
    happens(1)
    assert home.done().ids() == ["1"]
    with sqlite3.connect(home.paths.state / "profexd.db") as store:
        store.execute("UPDATE runs SET run_id = run_id + 3600")
    store.close()
    happens(2)
    assert home.done().ids() == ["2"]
    happens(3)
    assert home.done().ids() == ["3"]
