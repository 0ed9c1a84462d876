"""Columns and cells of the list."""

from __future__ import annotations

from datetime import UTC

import pytest
from rich.cells import cell_len
from rich.text import Text

from profexd.tui.columns import View, cells, fit, fitting
from profexd.tui.glyphs import ASCII, UNICODE
from profexd.tui.store import State
from profexd.wire import PipelineJson, RunJson, TrendJson
from tests.tui.fakes import NOW, at, pipeline, run, sample_pipelines

VIEW = View(NOW, UTC, UNICODE)


def row(made: PipelineJson, latest: RunJson | None = None, width: int = 200) -> dict[str, str]:
    columns = fitting(width)
    texts = cells(columns, made, latest or made["last_run"], VIEW, marked=False)
    return {c.key: text.plain.strip() for c, text in zip(columns, texts, strict=True)}


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (39, "state name last"),
        (59, "state name last next"),
        (79, "state name schedule last next"),
        (99, "state name schedule last next took rows"),
        (129, "state name schedule last next took rows format sink bytes"),
        (139, "state name schedule last next took rows format sink bytes filter trend"),
        (200, "state name schedule last next took rows format sink bytes filter trend"),
    ],
)
def test_wider_terminals_show_more_columns(width: int, keys: str) -> None:
    columns = fitting(width)
    assert [column.key for column in columns] == keys.split()
    assert sum(column.width for column in columns) == width


@pytest.mark.parametrize("width", [39, 59, 79, 99, 139, 200])
def test_no_cell_is_wider_than_its_column(width: int) -> None:
    columns = fitting(width)
    long = pipeline("n" * 63, sinks=["first_sink", "second_sink"], schedule="0,15,30 9-17 * * mon")
    for made in [*sample_pipelines(), long]:
        for column, text in zip(
            columns, cells(columns, made, made["last_run"], VIEW, marked=True), strict=True
        ):
            assert cell_len(text.plain) < column.width


def test_the_trend_shows_how_long_the_last_runs_took_and_which_failed() -> None:
    runs: list[TrendJson] = [
        {"run_id": str(number), "status": "done", "seconds": float(number), "rows": 1}
        for number in range(1, 20)
    ]
    runs[-2]["status"] = "failed"
    view = View(NOW, UTC, ASCII, trends={"a": runs})
    for width, bars in ((139, 9), (200, 19)):
        columns = fitting(width)
        texts = cells(columns, pipeline("a"), None, view, marked=False)
        assert texts[-1].plain.endswith("==++***x#")
        assert len(texts[-1].plain) == bars


def test_what_is_cut_ends_in_an_ellipsis_even_where_characters_are_wide() -> None:
    assert fit(Text("newsletter"), 6, UNICODE).plain == "newsl…"
    assert fit(Text("newsletter"), 6, ASCII).plain == "newsl~"
    assert cell_len(fit(Text("李李李李"), 6, UNICODE).plain) <= 6
    assert fit(Text("12"), 5, UNICODE, right=True).plain == "   12"


def test_every_state_is_told_by_letter_and_word() -> None:
    states = {made["name"]: row(made)["state"] for made in sample_pipelines()}
    assert states["customers_daily"] == "R running"
    assert states["newsletter"] == "- pending"
    assert states["yearly_archive"] == "O done"


def test_the_last_cell_tells_how_the_last_run_ended() -> None:
    assert row(pipeline("a"))["last"] == "never"
    done = run("a", finished_at=at(minutes=4))
    assert row(pipeline("a", last_run=done))["last"] == "4m ago"
    failed = run("a", status="failed", finished_at=at(minutes=4))
    assert row(pipeline("a", last_run=failed))["last"] == "4m ago !"
    stopped = run("a", status="stopped", finished_at=at(seconds=4))
    assert row(pipeline("a", last_run=stopped))["last"] == "stopped <1m"
    waiting = run("a", status="pending", started_at=None, finished_at=None)
    assert row(pipeline("a", last_run=waiting))["last"] == "waiting"


def test_a_running_pipeline_shows_phase_and_percent_and_how_long_it_has_run() -> None:
    running = {"run_id": "a-r2", "phase": "build", "percent": 41.2, "rows": 8200, "bytes": 99}
    latest = run("a", 2, status="running", started_at=at(seconds=75), finished_at=None)
    shown = row(pipeline("a", state="running", running=running), latest)
    assert (shown["last"], shown["took"], shown["rows"]) == ("build 41%", "1m 15s", "8 200")


def test_a_retry_is_announced_with_its_time() -> None:
    latest = run("a", status="running", retry_at=at(seconds=-130), finished_at=None)
    shown = row(pipeline("a", state="running", last_run=latest))
    assert (shown["last"], shown["next"]) == ("retrying", "retry 2m")


def test_paused_and_disabled_pipelines_have_no_next_time() -> None:
    paused = {"by": "ops", "at": at(), "reason": "", "until": None}
    assert row(pipeline("a", paused=paused))["next"] == "–"
    assert row(pipeline("a", enabled=False))["next"] == "–"
    until = {**paused, "until": at(minutes=-30)}
    assert row(pipeline("a", paused=until))["next"] == "in 30m"


def test_the_empty_state_has_no_connection() -> None:
    assert not State().connected
