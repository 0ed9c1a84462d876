"""What a daemon that died left, and what its next life makes of it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from profexd.api.options import Secret
from profexd.daemon import inbox
from profexd.daemon.state.database import StoreUnusable
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import withhold
from profexd.wire import RunStatus
from tests.daemon.stage import Stage, run_async


async def crashed(stage: Stage, name: str, *, condition: str) -> str:
    """Leave the store as a daemon that was killed leaves it; return the run's id."""
    async with stage.playing() as play:
        if not play.runs(name):
            await play.run_now(name)
        run = play.runs(name)[-1]
        if condition == "publishing":
            await play.until(lambda: play.run(run.run_id).publishing)
        elif condition == "staged":
            await play.until(lambda: [f.status for f in play.run(run.run_id).files] == ["staged"])
        else:
            await play.phase(run.run_id, condition)
        # Nothing that the core hears from here on reaches the store.
        play.core._handle = lambda message: None  # type: ignore[method-assign]
        play.core.draining = True
        active = play.core.roster.active.pop(run.run_id)
        active.child.kill()
        await active.child.task
        return run.run_id


def test_a_run_that_ended_with_its_daemon_is_interrupted_and_its_traces_removed(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("wait-staged")

    async def scene() -> None:
        run_id = await crashed(stage, "wait-staged", condition="staged")
        async with stage.playing() as play:
            run = play.run(run_id)
            assert run.status is RunStatus.INTERRUPTED
            assert play.core.board.pipeline("wait-staged")["state"] == "failed"
            await play.core.roster.cleaning[run_id].task
            await play.core.ask(inbox.Tick())
            assert play.store.handles(run_id) == ()
            await play.spool.removed()
            assert list(stage.spool.iterdir()) == []
            # A run by hand is not made up for.
            assert play.states() == ["interrupted"]

    run_async(scene())


def test_an_interrupted_occurrence_is_caught_up_a_few_times_at_most(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", "once")

    async def scene() -> None:
        for _ in range(3):
            await crashed(stage, "hang", condition="build")
        async with stage.playing() as play:
            assert play.states() == ["interrupted"] * 3
            triggers = [str(run.trigger) for run in play.runs()]
            assert triggers == ["once", "catch_up", "catch_up"]

    run_async(scene())


def test_an_interrupted_occurrence_is_decided_on_once_its_file_is_mended(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    file = stage.write("hang", "once")

    async def scene() -> None:
        await crashed(stage, "hang", condition="build")
        good = file.read_text()
        file.write_text("broken")
        async with stage.playing() as play:
            assert play.states() == ["interrupted"]
            file.write_text(good)
            await play.reload()
            assert [str(run.trigger) for run in play.runs()] == ["once", "catch_up"]

    run_async(scene())


def test_an_interrupted_occurrence_is_not_lost_where_its_run_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", "once")

    def full(store: Store, run: Run) -> Run:
        raise sqlite3.OperationalError("database or disk is full")

    async def scene() -> None:
        await crashed(stage, "hang", condition="build")
        with monkeypatch.context() as patch:
            patch.setattr(Store, "create_run", full)
            with pytest.raises(StoreUnusable, match="disk is full"):
                async with stage.playing():
                    pass
        async with stage.playing() as play:
            assert [str(run.trigger) for run in play.runs()] == ["once", "catch_up"]

    run_async(scene())


def test_catch_up_none_leaves_an_interrupted_occurrence(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", '{ when = "once", catch_up = "none" }')

    async def scene() -> None:
        await crashed(stage, "hang", condition="build")
        async with stage.playing() as play:
            assert play.states() == ["interrupted"]

    run_async(scene())


def test_a_run_that_had_begun_to_publish_is_finished_by_the_next_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("slow-publishing")

    async def scene() -> None:
        run_id = await crashed(stage, "slow-publishing", condition="publishing")
        async with stage.playing() as play:
            done = await play.over(run_id)
            assert done.status is RunStatus.DONE
            assert [file.status for file in done.files] == ["published"]

    run_async(scene())


def test_a_run_that_had_begun_to_publish_waits_for_its_pipeline_where_a_secret_is_needed(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    file = stage.write("slow-publishing")

    async def scene() -> None:
        run_id = await crashed(stage, "slow-publishing", condition="publishing")
        good = file.read_text()
        file.unlink()
        store = Store(tmp_path / "state/profexd.db")
        run = store.run(run_id)
        assert run is not None
        assert run.documents is not None
        held = withhold(run.documents, [Secret("literal", str(tmp_path / "out"))])
        store.save_run(replace(run, documents=held))
        store.close()
        async with stage.playing() as play:
            assert play.run(run_id).status is RunStatus.RUNNING
        file.write_text(good)
        async with stage.playing() as play:
            assert (await play.over(run_id)).status is RunStatus.DONE

    run_async(scene())


def test_a_run_that_waited_when_the_daemon_ended_waits_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    stage.write("hang")
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.run_now("hang")
            waiting = await play.run_now("quick")
        async with stage.playing() as play:
            assert (await play.over(waiting.run_id)).status is RunStatus.DONE

    run_async(scene())


def test_a_run_that_waited_for_a_pipeline_whose_file_is_gone_is_skipped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    stage.write("hang")
    file = stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.run_now("hang")
            waiting = await play.run_now("quick")
        file.unlink()
        async with stage.playing() as play:
            assert play.run(waiting.run_id).status is RunStatus.SKIPPED

    run_async(scene())
