"""The reducer: messages of the feed to what the screens show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from profexd.tui.store import (
    PIPELINES_KEPT,
    RUNS_KEPT,
    Connecting,
    Failure,
    Link,
    Lost,
    Received,
    Resumed,
    RunsFetched,
    Snapshot,
    State,
    aged,
    latest_run,
    latest_run_id,
    reduce,
    restarted,
    stoppable_run_id,
)
from tests.tui.fakes import NOW, FakeClient, at, pipeline, run


def snapshot(*pipelines: Any, boot_id: str = "boot-1", version: str = "0.1.0") -> Snapshot:
    client = FakeClient()
    client.version = version
    return Snapshot(client.info(), pipelines, boot_id, 100, NOW)


def received(event_type: str, seq: int = 101, **more: Any) -> Received:
    return Received({"type": event_type, "seq": seq, "at": at(), **more}, NOW)  # type: ignore[typeddict-item]


def live(*pipelines: Any) -> State:
    return reduce(State(), snapshot(*pipelines))


def test_a_snapshot_replaces_everything_and_is_live() -> None:
    state = live(pipeline("a"), pipeline("b"))
    assert (state.link, state.loaded, sorted(state.pipelines)) == (Link.LIVE, True, ["a", "b"])
    state = reduce(state, snapshot(pipeline("b")))
    assert sorted(state.pipelines) == ["b"]


def test_a_pipeline_event_changes_one_and_leaves_the_others_untouched() -> None:
    before = live(pipeline("a"), pipeline("b"))
    after = reduce(before, received("pipeline", pipeline=pipeline("a", state="failed")))
    assert after.pipelines["a"]["state"] == "failed"
    assert after.pipelines["b"] is before.pipelines["b"]
    assert before.pipelines["a"]["state"] == "pending"


def test_a_pipeline_that_is_gone_disappears() -> None:
    state = reduce(live(pipeline("a"), pipeline("b")), received("pipeline", gone="a"))
    assert sorted(state.pipelines) == ["b"]


def test_progress_moves_the_running_pipeline_only() -> None:
    running = {"run_id": "r1", "phase": "build", "percent": 10.0, "rows": 1, "bytes": 2}
    state = reduce(live(pipeline("a")), received("progress", name="a", running=running))
    assert state.pipelines["a"]["running"] == running
    unknown = reduce(state, received("progress", name="nobody", running=running))
    assert unknown.pipelines == state.pipelines


def test_a_run_event_enters_the_fetched_runs_at_its_place() -> None:
    state = reduce(live(pipeline("a")), RunsFetched("a", [run("a", 2), run("a", 1)]))
    state = reduce(state, received("run", run=run("a", 1, status="failed")))
    assert [(r["run_id"], r["status"]) for r in state.runs["a"]] == [
        ("a-r2", "done"),
        ("a-r1", "failed"),
    ]
    state = reduce(state, received("run", run=run("a", 3, status="running")))
    assert [r["run_id"] for r in state.runs["a"]] == ["a-r3", "a-r2", "a-r1"]


def test_a_run_event_of_runs_nobody_asked_for_is_the_current_run_alone() -> None:
    state = reduce(live(pipeline("a")), received("run", run=run("a", 3)))
    assert "a" not in state.runs
    assert state.current["a"]["run_id"] == "a-r3"


def test_a_lost_connection_keeps_the_data_and_names_the_next_attempt() -> None:
    failure = Failure("no_socket", "no daemon", "start it")
    state = reduce(live(pipeline("a")), Lost(failure, 3, NOW + timedelta(seconds=2)))
    assert (state.link, state.attempt, state.connected) == (Link.RECONNECTING, 3, False)
    assert sorted(state.pipelines) == ["a"]
    state = reduce(state, Connecting())
    assert (state.link, state.failure) == (Link.RECONNECTING, failure)
    state = reduce(state, Resumed(NOW))
    assert (state.link, state.failure, state.attempt) == (Link.LIVE, None, 0)


def test_a_silent_stream_becomes_stale_and_any_event_makes_it_live() -> None:
    state = live(pipeline("a"))
    assert aged(state, NOW + timedelta(seconds=29)).link is Link.LIVE
    stale = aged(state, NOW + timedelta(seconds=31))
    assert (stale.link, stale.connected) == (Link.STALE, True)
    assert reduce(stale, received("heartbeat")).link is Link.LIVE


def test_another_boot_id_is_a_restart_and_names_both_versions() -> None:
    before = live()
    same = reduce(before, snapshot(boot_id="boot-2"))
    newer = reduce(before, snapshot(boot_id="boot-2", version="0.2.0"))
    assert restarted(before, before) is None
    assert restarted(State(), before) is None
    assert restarted(before, same) == "daemon restarted"
    assert restarted(before, newer) == "daemon restarted, 0.1.0 → 0.2.0"


def test_the_latest_run_is_the_one_going_on_else_the_last() -> None:
    running = {"run_id": "a-r2", "phase": None, "percent": None, "rows": 0, "bytes": 0}
    state = live(
        pipeline("a", running=running, last_run=run("a", 1)),
        pipeline("b", last_run=run("b", 7)),
        pipeline("c"),
    )
    assert latest_run(state, "a") is None
    assert latest_run_id(state, "a") == "a-r2"
    state = reduce(state, received("run", run=run("a", 2, status="running")))
    current = latest_run(state, "a")
    assert current is not None
    assert current["run_id"] == "a-r2"
    assert latest_run_id(state, "b") == "b-r7"
    assert latest_run_id(state, "c") is None


def test_a_run_that_waits_can_be_stopped_and_a_finished_one_cannot() -> None:
    assert stoppable_run_id(pipeline("a", last_run=run("a", 1)), None) is None
    waiting = run("a", 2, status="pending")
    assert stoppable_run_id(pipeline("a", last_run=run("a", 1)), waiting) == "a-r2"


def test_memory_stays_flat_whatever_happens_for_an_hour() -> None:
    names = [f"p{number}" for number in range(100)]
    state = live(*(pipeline(name) for name in names))
    for number in range(3000):
        name = names[number % 100]
        state = reduce(state, RunsFetched(name, [run(name, number)]))
        at_work = {"run_id": str(number), "phase": "build", "percent": 1.0, "rows": 1, "bytes": 1}
        state = reduce(state, received("progress", 200 + 3 * number, name=name, running=at_work))
        ended = run(name, number, run_id=str(number))
        state = reduce(state, received("run", 202 + 3 * number, run=ended))
    assert len(state.runs) == PIPELINES_KEPT + 1
    assert sum(map(len, state.runs.values())) <= (PIPELINES_KEPT + 1) * RUNS_KEPT
    assert (len(state.current), len(state.paces), len(state.pipelines)) == (100, 0, 100)
