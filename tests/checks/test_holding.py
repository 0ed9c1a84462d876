"""The core and held runs: how long they wait, what waits behind them, what a daemon's end does."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.api.errors import ProfexdError
from profexd.daemon import inbox
from profexd.daemon.api import control
from profexd.daemon.api.access import Caller
from profexd.daemon.state.records import Run
from profexd.daemon.timing.decide import Refused
from profexd.wire import Role, RunStatus
from tests.daemon.stage import Play, Stage, run_async


async def held(play: Play, name: str = "hold") -> str:
    """Run a pipeline until it is held; return the run's id."""
    run = await play.run_now(name)
    await play.until(lambda: run.run_id in play.core.roster.held)
    return run.run_id


async def approve(play: Play, run_id: str, note: str = "") -> Run:
    run: Run = await play.core.ask(inbox.ApproveRun(run_id, "ada", note))
    return run


async def reject(play: Play, run_id: str) -> Run:
    run: Run = await play.core.ask(inbox.RejectRun(run_id, "ada"))
    return run


def state(play: Play, name: str = "hold") -> str:
    return play.core.board.pipeline(name)["state"]


def test_a_hold_that_expires_is_rejected(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
            assert state(play) == "held"
            await play.tick(minutes=59)
            assert play.run(run_id).status is RunStatus.HELD
            await play.tick(minutes=1)
            run = play.run(run_id)
            assert run.status is RunStatus.STOPPED
            assert run.hold is not None
            assert (run.hold.decision, run.hold.by) == ("rejected", "profexd")
            assert "nobody decided in time" in run.warnings[-1]
            assert state(play) == "stopped"
            await play.spool.removed()
            assert list(stage.spool.iterdir()) == []

    run_async(scene())


def test_a_hold_that_expired_while_there_was_no_daemon_is_rejected_at_the_start(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
        stage.clock.forward(hours=2)
        async with stage.playing() as play:
            assert play.run(run_id).status is RunStatus.STOPPED

    run_async(scene())


def test_while_a_run_is_held_occurrences_are_skipped_and_then_run_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold", '{ when = "every 5m", overlap = "queue", catch_up = "all" }')

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
            await play.tick(minutes=5)
            await play.tick(minutes=5)
            assert play.states() == ["held", "skipped", "skipped"]
            because = f"run {run_id} is held: approve or reject it first"
            assert [run.warnings for run in play.runs()[1:]] == [(because,)] * 2
            with pytest.raises(Refused) as refused:
                await play.run_now("hold")
            assert refused.value.error_code == "held"
            await approve(play, run_id)
            await play.over(run_id)
            await play.tick(minutes=5)
            await play.until(lambda: len(play.core.roster.held) == 1)
            assert play.states() == ["done", "skipped", "skipped", "held"]

    run_async(scene())


def test_a_run_that_waits_when_another_is_held_is_skipped(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold", '{ when = "manual", overlap = "queue" }')

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("hold")
            second = await play.run_now("hold")
            await play.over(second.run_id)
            assert play.states() == ["held", "skipped"]
            assert first.run_id in play.run(second.run_id).warnings[0]

    run_async(scene())


def test_nothing_prunes_what_is_held(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        settings='spool = { keep = "1s", max_size = "1MB" }\nhistory = { keep = "10m" }',
    )
    stage.write("hold")
    stage.write("large-a")
    stage.write("large-b")
    stage.write("large-c")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
            for name in ("large-a", "large-b", "large-c"):
                await play.over((await play.run_now(name)).run_id)
            await play.tick(minutes=30)
            await play.reload()
            await play.spool.removed()
            assert [folder.name for folder in stage.spool.iterdir()] == [run_id]
        (stage.config / "pipelines/hold.toml").unlink()
        stage.clock.forward(minutes=20)
        async with stage.playing() as play:
            await play.spool.removed()
            assert [folder.name for folder in stage.spool.iterdir()] == [run_id]
            # Its file is gone: it is delivered with the configuration that it began with.
            await approve(play, run_id)
            assert (await play.over(run_id)).status is RunStatus.DONE

    run_async(scene())


def test_only_what_is_held_can_be_decided_on_and_only_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
            with pytest.raises(Refused) as stopping:
                await play.core.ask(inbox.StopRun(run_id, "ada"))
            assert stopping.value.hint == f"profexctl reject {run_id}"
            await approve(play, run_id, "as planned")
            with pytest.raises(Refused) as twice:
                await approve(play, run_id)
            assert twice.value.error_code == "not_held"
            run = await play.over(run_id)
            assert run.status is RunStatus.DONE
            assert run.warnings == ("rows fell", "approved by ada: as planned")
            with pytest.raises(Refused):
                await reject(play, run_id)
            with pytest.raises(ProfexdError) as unknown:
                await reject(play, "7")
            assert unknown.value.error_code == "not_found"
            assert "approved by ada: as planned" in play.log(run_id)

    run_async(scene())


def test_a_run_that_is_stopped_while_it_is_checked_is_not_held(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("hold")
            await play.until(lambda: run.run_id in play.core.roster.active)
            play.core.roster.active[run.run_id].reason = "stop"
            assert (await play.over(run.run_id)).status is RunStatus.STOPPED

    run_async(scene())


def test_an_approved_run_whose_daemon_ends_is_delivered_by_the_next_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold-staged")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play, "hold-staged")
            await approve(play, run_id)
            await play.until(lambda: play.run(run_id).files[0].status == "staged")
        stage.gate.touch()
        async with stage.playing() as play:
            run = await play.over(run_id)
            assert run.status is RunStatus.DONE
            assert [file.status for file in run.files] == ["published"]
            assert play.store.handles(run_id) == ()
            assert play.store.state("hold-staged") == {}

    run_async(scene())


def test_an_approved_run_whose_daemon_is_killed_is_delivered_by_the_next_start(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("hold-staged")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play, "hold-staged")
            await approve(play, run_id)
            await play.until(lambda: play.run(run_id).files[0].status == "staged")
            # Nothing that the core hears from here on reaches the store.
            play.core._handle = lambda message: None  # type: ignore[method-assign]
            play.core.draining = True
            active = play.core.roster.active.pop(run_id)
            active.child.kill()
            await active.child.task
        assert stage.spool.joinpath(run_id).exists()
        stage.gate.touch()
        async with stage.playing() as play:
            run = await play.over(run_id)
            assert run.status is RunStatus.DONE
            assert play.log(run_id).count("deliver x") == 2
            assert play.store.handles(run_id) == ()

    run_async(scene())


def test_a_worker_that_dies_while_it_publishes_an_approved_run_is_followed_by_another(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("hold-die")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play, "hold-die")
            await approve(play, run_id)
            run = await play.over(run_id)
            assert run.status is RunStatus.DONE
            assert [file.status for file in run.files] == ["published"]

    run_async(scene())


def test_only_an_admin_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")
    bob = [Caller("bob", Role.OPERATOR, uid=7)]
    monkeypatch.setattr(control, "caller", lambda uid, gid, settings: bob[0])

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:
            run_id = await held(play)
            for decision in ("approve", "reject"):
                status, answer = await ask("POST", f"/v1/runs/{run_id}/{decision}")
                assert (status, answer["error"]["code"]) == (403, "denied")
            assert play.run(run_id).status is RunStatus.HELD
            bob[0] = Caller("bob", Role.ADMIN, uid=7)
            status, answer = await ask("POST", f"/v1/runs/{run_id}/reject")
            assert (status, answer["status"]) == (200, "stopped")
            assert answer["hold"]["by"] == "bob"
            status, answer = await ask("POST", f"/v1/runs/{run_id}/approve")
            assert (status, answer["error"]["code"]) == (409, "not_held")

    run_async(scene())


def test_a_held_run_may_be_rejected_while_the_daemon_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hold")
    stage.write("slow-publishing")

    async def scene() -> None:
        async with stage.playing() as play:
            run_id = await held(play)
            slow = await play.run_now("slow-publishing")
            await play.until(lambda: play.run(slow.run_id).publishing)
            play.core.post(inbox.Drain())
            with pytest.raises(Refused) as refused:
                await approve(play, run_id)
            assert refused.value.error_code == "draining"
            assert (await reject(play, run_id)).status is RunStatus.STOPPED
            stage.gate.touch()
            await play.core.quiet()

    run_async(scene())
