"""One file is written by one run at a time; whoever waits for it says so and can be stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profexd.daemon import inbox
from profexd.daemon.runs.targets import Targets
from profexd.daemon.state.records import Run
from profexd.wire import RunStatus
from tests.daemon.stage import Play, Stage, run_async

SETS = st.frozensets(st.sampled_from("abcde"), min_size=1)


def stage_of(tmp_path: Path, *names: str, **options: int) -> Stage:
    stage = Stage(tmp_path, **options)  # type: ignore[arg-type]
    for name in names:
        stage.write(name)
    return stage


async def waiting(play: Play, name: str, other: str) -> str:
    """Start a run, and wait until its log says that it waits for another."""
    run = await play.run_now(name)
    words = f"waits for run {other} of "
    await play.until(lambda: play.run(run.run_id).files)
    assert words in play.log(run.run_id)
    assert play.run(run.run_id).phase == "plan"
    return run.run_id


def test_the_second_run_waits_until_the_first_is_over(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "slow-publishing_x", "quick_x", "quick_y")

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("slow-publishing_x")
            await play.until(lambda: play.run(first.run_id).publishing)
            second = await waiting(play, "quick_x", first.run_id)
            assert "which writes file:///x/out.csv too" in play.log(second)
            stage.gate.touch()
            assert (await play.over(second)).status is RunStatus.DONE
            assert "waits no longer" in play.log(second)
            done, later = play.run(first.run_id), play.run(second)
            assert done.status is RunStatus.DONE
            assert done.finished_at <= later.finished_at  # type: ignore[operator]

    run_async(scene())


def test_runs_with_other_files_do_not_wait(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "hang_x", "quick_y")

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("hang_x")
            await play.phase(first.run_id, "build")
            second = await play.run_now("quick_y")
            assert (await play.over(second.run_id)).status is RunStatus.DONE

    run_async(scene())


def test_a_run_that_waits_can_be_stopped_and_times_out(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "hang_x", "quick-a_x", "quick-b_x", concurrent_runs=3)

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("hang_x")
            await play.phase(first.run_id, "build")
            second = await waiting(play, "quick-a_x", first.run_id)
            third = await waiting(play, "quick-b_x", first.run_id)
            await play.core.ask(inbox.StopRun(second, by="tester"))
            assert (await play.over(second)).status is RunStatus.STOPPED
            await play.core.ask(inbox.TimedOut(third))
            ended = await play.over(third)
            assert (ended.status, (ended.error or {}).get("code")) == (RunStatus.FAILED, "timeout")
            assert play.run(first.run_id).status is RunStatus.RUNNING

    run_async(scene())


def test_whatever_ends_the_first_run_the_second_goes_on(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "deaf_x", "quick_x", "quick-b_x", concurrent_runs=3)

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("deaf_x")
            await play.phase(first.run_id, "build")
            second = await waiting(play, "quick_x", first.run_id)
            third = await waiting(play, "quick-b_x", first.run_id)
            play.core.roster.active[first.run_id].child.kill()
            assert (await play.over(second)).status is RunStatus.DONE
            assert (await play.over(third)).status is RunStatus.DONE
            assert play.run(first.run_id).status is RunStatus.FAILED

    run_async(scene())


def test_what_a_dead_daemon_had_begun_to_publish_is_finished_first(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "slow-publishing_x", "quick_x")

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("slow-publishing_x")
            await play.until(lambda: play.run(first.run_id).publishing)
            run_id = first.run_id
            await play.core.ask(inbox.Drain())
            play.core.roster.active[run_id].child.kill()
        async with stage.playing() as play:
            second = await play.run_now("quick_x")
            assert (await play.over(second.run_id)).status is RunStatus.DONE
            assert play.run(run_id).status is RunStatus.DONE

    run_async(scene())


def test_a_run_stuck_half_published_keeps_its_files_from_later_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profexd.daemon.runs.endings._PAUSES", (0.0, 0.0, 0.0, 600.0))
    stage = stage_of(tmp_path, "die-publishing-often_x", "quick_x", "quick_y", concurrent_runs=1)

    async def scene() -> None:
        told: list[Run] = []
        async with stage.playing(observe=told.append) as play:
            first = await play.run_now("die-publishing-often_x")
            await play.until(lambda: told)
            assert (told[0].error or {}).get("code") == "worker_died"
            elsewhere = await play.run_now("quick_y")
            assert (await play.over(elsewhere.run_id)).status is RunStatus.DONE
            second = await waiting(play, "quick_x", first.run_id)
            await play.core.ask(inbox.Drain())
            await play.until(lambda: play.run(second).status is RunStatus.INTERRUPTED)
            assert play.run(first.run_id).status is RunStatus.RUNNING
        async with stage.playing() as play:
            assert (await play.over(first.run_id)).status is RunStatus.DONE
            third = await play.run_now("quick_x")
            assert (await play.over(third.run_id)).status is RunStatus.DONE

    run_async(scene())


@given(
    wants=st.lists(SETS, min_size=1, max_size=8),
    ends=st.lists(st.integers(0, 7), max_size=30),
)
def test_everyone_comes_to_write_and_no_two_write_one_file(
    wants: list[frozenset[str]], ends: list[int]
) -> None:
    targets = Targets()
    writing: dict[str, frozenset[str]] = {}
    asked: dict[str, frozenset[str]] = {}

    def begins(run_id: str) -> None:
        mine = asked.pop(run_id)
        assert all(mine.isdisjoint(other) for other in writing.values())
        writing[run_id] = mine

    for number, wanted in enumerate(wants):
        asked[str(number)] = wanted
        first = targets.take(str(number), wanted)
        if first is None:
            begins(str(number))
        else:
            assert first[1] in wanted
        if ends and writing:
            gone = sorted(writing)[ends.pop() % len(writing)]
            del writing[gone]
            for freed in targets.let_go(gone):
                begins(freed)
    while writing:
        gone, _ = writing.popitem()
        for freed in targets.let_go(gone):
            begins(freed)
    assert not asked
