"""How fast a run goes, how long it still takes, and how the last ones did."""

from __future__ import annotations

from datetime import timedelta

from profexd.tui.glyphs import ASCII
from profexd.tui.pace import Pace, paced
from profexd.tui.trend import trend
from profexd.wire import RunningJson
from tests.tui.fakes import NOW, at, run


def going(percent: float | None, rows: int, phase: str = "build") -> RunningJson:
    return {"run_id": "7", "phase": phase, "percent": percent, "rows": rows, "bytes": rows * 100}


def watched(*steps: tuple[int, RunningJson]) -> Pace:
    pace = None
    for seconds, running in steps:
        pace = paced(pace, running, NOW + timedelta(seconds=seconds))
    assert pace is not None
    return pace


def test_a_pace_is_measured_from_the_first_progress_heard_of() -> None:
    pace = watched((0, going(40.0, 4000)), (5, going(50.0, 5000)), (10, going(60.0, 6000)))
    assert pace.rows_per_second == 200
    assert pace.bytes_per_second == 20_000
    assert pace.left(NOW + timedelta(seconds=10)) == timedelta(seconds=20)
    assert pace.left(NOW + timedelta(seconds=25)) == timedelta(seconds=5)
    assert pace.left(NOW + timedelta(seconds=90)) == timedelta()


def test_another_phase_has_a_pace_of_its_own() -> None:
    pace = watched((0, going(40.0, 4000)), (5, going(90.0, 9000)), (6, going(0.0, 0, "deliver")))
    assert (pace.rows_per_second, pace.left(NOW)) == (None, None)


def test_without_a_percentage_nobody_guesses_the_end() -> None:
    pace = watched((0, going(None, 0)), (5, going(None, 500)))
    assert pace.rows_per_second == 100
    assert pace.left(NOW) is None


def test_one_progress_says_nothing_about_the_pace() -> None:
    assert watched((0, going(10.0, 100))).rows_per_second is None


def test_the_trend_shows_durations_and_rows_with_failures() -> None:
    runs = [
        run("a", 4, finished_at=at(hours=1), started_at=at(hours=1, seconds=20), rows=2000),
        run("a", 3, status="failed", finished_at=at(hours=2), started_at=at(hours=2, seconds=1)),
        run("a", 2, finished_at=at(hours=3), started_at=at(hours=3, seconds=10), rows=1000),
    ]
    (took, durations), (rows, amounts) = trend(runs, ASCII)
    assert (took, durations.plain) == ("Took", "=x#  usually 10s")
    assert (rows, amounts.plain) == ("Rows", "=#  1 000 to 2 000")


def test_one_run_is_no_trend() -> None:
    assert trend([run("a")], ASCII) == []
