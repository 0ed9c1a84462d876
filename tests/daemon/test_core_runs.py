"""Runs from their request to their end, whatever their process does."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from profexd.api.errors import ProfexdError
from profexd.daemon import inbox
from profexd.daemon.state.records import Run
from profexd.wire import RunStatus
from tests.daemon.stage import Play, Stage, run_async


async def refused(play: Play, message: object) -> str:
    with pytest.raises(ProfexdError) as caught:
        await play.core.ask(message)
    return caught.value.error_code


def test_a_run_is_queued_started_told_of_and_done(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("quick")
            assert run.status is RunStatus.PENDING
            done = await play.over(run.run_id)
            assert (done.status, done.rows, done.bytes) == (RunStatus.DONE, 3, 5)
            assert done.warnings == ("one value was cut",)
            assert done.documents is None
            assert [file.status for file in done.files] == ["published"]
            assert play.store.handles(run.run_id) == ()
            assert "one value was cut" in play.log(run.run_id)
            statuses = [e["run"]["status"] for e in play.events if e["type"] == "run"]
            assert (statuses[0], statuses[1], statuses[-1]) == ("pending", "running", "done")
            assert play.core.board.pipeline("quick")["state"] == "pending"
            assert play.core.board.pipeline("quick")["last_run"]["status"] == "done"

    run_async(scene())


def test_run_ids_and_export_ids_are_seconds_raised_until_unique(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for name in ("quick-a", "quick-b"):
        stage.write(name)

    async def scene() -> None:
        async with stage.playing() as play:
            second = int(stage.clock.now.timestamp())
            exports = {
                play.core.board.pipeline(name)["export_id"] for name in ("quick-a", "quick-b")
            }
            assert exports == {str(second), str(second + 1)}
            first = await play.run_now("quick-a")
            other = await play.run_now("quick-b")
            assert [first.run_id, other.run_id] == [str(second), str(second + 1)]
            await play.over(first.run_id)
            await play.over(other.run_id)

    run_async(scene())


def test_no_more_runs_than_the_limit_and_the_oldest_goes_first(tmp_path: Path) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    for name in ("hang-a", "quick-b", "quick-c"):
        stage.write(name)

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("hang-a")
            second = await play.run_now("quick-b")
            third = await play.run_now("quick-c")
            await play.phase(first.run_id, "build")
            assert play.states() == ["running", "pending", "pending"]
            await play.core.ask(inbox.StopRun(first.run_id, "tester"))
            await play.over(third.run_id)
            ended = [play.run(run.run_id).finished_at for run in (first, second, third)]
            assert play.states() == ["stopped", "done", "done"]
            order = [e["run"]["run_id"] for e in play.events if e["type"] == "run"]
            assert order.index(second.run_id) < order.index(third.run_id)
            assert None not in ended

    run_async(scene())


def test_run_now_is_refused_with_a_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang")
    stage.write("disabled", enabled="false")
    stage.write("paused")
    stage.write("broken", nonsense="1")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.core.ask(inbox.PausePipeline("paused", "ada", reason="audit"))
            await play.run_now("hang")
            assert await refused(play, inbox.RunNow("hang", "x")) == "already_running"
            assert await refused(play, inbox.RunNow("disabled", "x")) == "disabled"
            assert await refused(play, inbox.RunNow("paused", "x")) == "paused"
            assert await refused(play, inbox.RunNow("broken", "x")) == "config_invalid"
            assert await refused(play, inbox.RunNow("nobody", "x")) == "not_found"
            assert play.core.board.pipeline("paused")["paused"]["reason"] == "audit"
            assert play.core.board.pipeline("paused")["state"] == "paused"
            assert play.core.board.pipeline("disabled")["state"] == "disabled"
            assert play.core.board.pipeline("broken")["state"] == "invalid"
            await play.core.ask(inbox.ResumePipeline("paused", "ada"))
            assert play.core.board.pipeline("paused")["paused"] is None

    run_async(scene())


def test_with_overlap_queue_one_run_waits_and_a_second_is_refused(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", '{ when = "manual", overlap = "queue" }')

    async def scene() -> None:
        async with stage.playing() as play:
            first = await play.run_now("hang")
            await play.phase(first.run_id, "build")
            second = await play.run_now("hang")
            assert await refused(play, inbox.RunNow("hang", "x")) == "already_running"
            assert play.states() == ["running", "pending"]
            await play.core.ask(inbox.StopRun(first.run_id, "x"))
            await play.phase(second.run_id, "build")

    run_async(scene())


def test_pausing_does_not_kill_what_runs(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("hang")
            await play.phase(run.run_id, "build")
            await play.core.ask(inbox.PausePipeline("hang", "ada"))
            view = play.core.board.pipeline("hang")
            assert view["state"] == "running"
            assert view["running"]["percent"] == 50.0
            assert play.states() == ["running"]

    run_async(scene())


def test_stop_ends_a_waiting_run_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    stage.write("hang")
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.run_now("hang")
            waiting = await play.run_now("quick")
            stopped = await play.core.ask(inbox.StopRun(waiting.run_id, "ada"))
            assert stopped.status is RunStatus.STOPPED
            assert play.core.board.pipeline("quick")["state"] == "stopped"
            assert await refused(play, inbox.StopRun(waiting.run_id, "x")) == "not_running"
            assert await refused(play, inbox.StopRun("123", "x")) == "not_found"
            assert await refused(play, inbox.StopRun("../etc", "x")) == "not_found"

    run_async(scene())


def test_a_run_that_has_begun_to_publish_cannot_be_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("slow-publishing")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("slow-publishing")
            await play.until(lambda: play.run(run.run_id).publishing)
            assert await refused(play, inbox.StopRun(run.run_id, "x")) == "publishing"
            play.core.post(inbox.TimedOut(run.run_id))
            stage.gate.touch()
            done = await play.over(run.run_id)
            assert done.status is RunStatus.DONE

    run_async(scene())


def test_a_run_that_takes_too_long_fails_with_timeout(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", timeout='"1s"')

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.over((await play.run_now("hang")).run_id)
            assert run.status is RunStatus.FAILED
            assert run.error is not None
            assert run.error["code"] == "timeout"
            assert play.core.board.pipeline("hang")["state"] == "failed"

    run_async(scene())


def test_a_worker_that_will_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profexd.daemon.runs.endings.KILL_GRACE", 0.1)
    stage = Stage(tmp_path)
    stage.write("deaf")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("deaf")
            path = tmp_path / f"state/logs/{run.run_id}.log"
            async for _ in play.core.logs.read(run.run_id, follow=True):
                if "deaf" in path.read_text():
                    break
            await play.core.ask(inbox.StopRun(run.run_id, "ada"))
            assert (await play.over(run.run_id)).status is RunStatus.STOPPED

    run_async(scene())


def test_a_worker_that_is_killed_fails_the_run_and_names_the_signal(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("hang")
            await play.phase(run.run_id, "build")
            pid = play.core.roster.active[run.run_id].child.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            failed = await play.over(run.run_id)
            assert failed.status is RunStatus.FAILED
            assert failed.error is not None
            assert failed.error["code"] == "worker_died"
            assert "SIGKILL" in failed.error["message"]
            await play.spool.removed()
            assert list(stage.spool.iterdir()) == []

    run_async(scene())


def test_a_worker_that_crashes_fails_the_run_with_its_last_words(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("crash")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("crash")).run_id)
            assert failed.error is not None
            assert failed.error["code"] == "worker_died"
            assert "exit code 9" in failed.error["message"]
            assert "out of luck" in failed.error["message"]
            assert "out of luck" in play.log(failed.run_id)

    run_async(scene())


def test_a_worker_that_talks_nonsense_is_ended_and_the_daemon_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("garbage")
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("garbage")).run_id)
            assert failed.error is not None
            assert "this is no message" in failed.error["message"]
            done = await play.over((await play.run_now("quick")).run_id)
            assert done.status is RunStatus.DONE

    run_async(scene())


def test_a_worker_whose_words_no_parser_survives_is_ended_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("deep")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("deep")).run_id)
            assert failed.error is not None
            assert "not a message of a worker: '[[[" in failed.error["message"]

    run_async(scene())


def test_of_many_warnings_the_record_keeps_the_first_and_says_how_many_more(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("chatter")

    async def scene() -> None:
        async with stage.playing() as play:
            waiting: list[int] = []
            handle = play.core._handle

            def watched(message: object) -> object:
                waiting.append(play.core._inbox.qsize())
                return handle(message)

            play.core._handle = watched  # type: ignore[method-assign]
            done = await play.over((await play.run_now("chatter")).run_id)
            assert len(done.warnings) == 101
            assert done.warnings[99] == "value 100 was cut"
            assert done.warnings[100] == "and 1901 more: the log of the run has them"
            assert "value 2000 was cut" in play.log(done.run_id)
            assert max(waiting) < 40, "a child that talks much keeps nobody waiting"

    run_async(scene())


@pytest.mark.parametrize("pipe", ["stdout", "stderr"])
def test_a_run_ends_with_its_worker_whoever_still_holds_its_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipe: str
) -> None:
    monkeypatch.setattr("profexd.daemon.runs.supervisor._LEFTOVER_GRACE", 0.01)
    monkeypatch.setattr("profexd.daemon.runs.supervisor._KILLED_GRACE", 0.01)
    stage = Stage(tmp_path)
    stage.write(f"leftover-{pipe}")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now(f"leftover-{pipe}")).run_id)
            os.kill(int(stage.gate.read_text()), signal.SIGKILL)
            assert failed.error is not None
            assert "exit code 9" in failed.error["message"]

    run_async(scene())


def test_a_worker_that_cannot_be_started_fails_the_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            play.core.supervisor._argv = ("/no/such/program",)
            failed = await play.over((await play.run_now("quick")).run_id)
            assert failed.error is not None
            assert "could not be started" in failed.error["message"]

    run_async(scene())


def test_a_failure_that_the_worker_tells_is_the_error_of_the_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("fail")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("fail")).run_id)
            assert failed.error == {"code": "sink_auth", "message": "refused", "hint": "ask"}
            assert (failed.rows, failed.bytes) == (0, 0), "built, and not delivered"

    run_async(scene())


def test_waiting_for_a_retry_is_running_with_retry_at(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("retry")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("retry")
            await play.until(lambda: play.run(run.run_id).retry_at)
            waiting = play.run(run.run_id)
            assert waiting.status is RunStatus.RUNNING
            assert (waiting.attempt, waiting.retry_at) == (2, "2026-01-01T00:00:10Z")

    run_async(scene())


def test_what_a_dead_worker_had_staged_is_discarded(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("die-staged")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("die-staged")).run_id)
            assert failed.status is RunStatus.FAILED
            cleaning = play.core.roster.cleaning[failed.run_id]
            await cleaning.task
            await play.core.ask(inbox.Tick())
            assert play.store.handles(failed.run_id) == ()
            cleaned = play.run(failed.run_id)
            assert [file.status for file in cleaned.files] == ["discarded"]
            assert cleaned.documents is None
            assert play.core.board.pipeline("die-staged")["last_run"] == cleaned.as_json()

    run_async(scene())


def test_what_could_not_be_discarded_is_discarded_at_the_next_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("die-staged-twice")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("die-staged-twice")).run_id)
            await play.core.roster.cleaning[failed.run_id].task
            await play.core.ask(inbox.Tick())
            assert len(play.store.handles(failed.run_id)) == 1
        # It is staged where it was staged, whatever the files say by now.
        sink = stage.config / "sinks/lake.toml"
        sink.write_text(sink.read_text().replace("/out", "/elsewhere"))
        async with stage.playing() as play:
            await play.core.ask(inbox.Tick())
            child = play.core.roster.cleaning[failed.run_id]
            assert str(tmp_path / "out") in str(child.job.documents)
            assert "elsewhere" not in str(child.job.documents)

    run_async(scene())


@pytest.mark.parametrize("name", ["die-publishing", "die-publishing-thrice"])
def test_what_a_dead_worker_had_begun_to_publish_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("profexd.daemon.runs.endings._PAUSES", (0.0, 0.01, 0.01))
    stage = Stage(tmp_path)
    stage.write(name)

    async def scene() -> None:
        async with stage.playing() as play:
            done = await play.over((await play.run_now(name)).run_id)
            assert done.status is RunStatus.DONE
            assert [file.status for file in done.files] == ["published"]

    run_async(scene())


def test_a_worker_that_dies_after_its_last_publish_has_delivered(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("die-published")

    async def scene() -> None:
        async with stage.playing() as play:
            done = await play.over((await play.run_now("die-published")).run_id)
            assert (done.status, done.error) == (RunStatus.DONE, None)
            assert not (tmp_path / "gate-lives").exists(), "no other process was needed"

    run_async(scene())


def test_what_nobody_could_finish_to_publish_is_left_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profexd.daemon.runs.endings._PAUSES", (0.0, 0.01, 0.01, 600.0))
    stage = Stage(tmp_path)
    stage.write("die-publishing-often")

    async def scene() -> None:
        left: list[Run] = []
        async with stage.playing(observe=left.append) as play:
            run = await play.run_now("die-publishing-often")
            await play.until(lambda: left)
            assert left[0].error is not None
            assert "next start" in left[0].error["hint"]
            assert play.run(run.run_id).status is RunStatus.RUNNING
            assert len(play.store.handles(run.run_id)) == 1
            assert not play.core.supervisor.children, "it rests before the next try"
            assert await refused(play, inbox.RunNow("die-publishing-often", "x")) == (
                "already_running"
            )
            assert await refused(play, inbox.StopRun(run.run_id, "x")) == "publishing"
        async with stage.playing() as play:
            done = await play.over(run.run_id)
            assert (done.status, done.error) == (RunStatus.DONE, None)

    run_async(scene())


def test_running_runs_keep_the_documents_they_started_with(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    file = stage.write("hang")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("hang")
            await play.phase(run.run_id, "build")
            file.unlink()
            await play.reload()
            assert {"type": "pipeline", "gone": "hang"}.items() <= play.events[-2].items()
            assert play.run(run.run_id).status is RunStatus.RUNNING
            await play.core.ask(inbox.StopRun(run.run_id, "x"))
            assert (await play.over(run.run_id)).status is RunStatus.STOPPED

    run_async(scene())


def test_draining_starts_nothing_more_and_ends_with_the_last_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("slow-publishing")
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("slow-publishing")
            await play.until(lambda: play.run(run.run_id).publishing)
            await play.core.ask(inbox.Drain())
            assert await refused(play, inbox.RunNow("quick", "x")) == "draining"
            stage.gate.touch()
            async with asyncio.timeout(60):
                await play.core.quiet()
            assert play.run(run.run_id).status is RunStatus.DONE

    run_async(scene())
