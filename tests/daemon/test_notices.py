"""Who is told, of what, and what happens when nobody listens."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from profexd.api.options import Secret
from profexd.config.notify import Notify
from profexd.daemon.notify import Teller
from profexd.wire import RunStatus
from tests.daemon.stage import Stage, run_async
from tests.servers.process import free_ports
from tests.servers.receiver import Receiver, Reply

RUN = {"run_id": "7", "status": "failed"}
BODY = {"event": "failed", "pipeline": "p", "run": RUN}


def tell(
    notify: Notify, environ: dict[str, str] | None = None, seconds: float = 5.0
) -> dict[str, Any]:
    """Tell it, and return what became of it."""
    said: list[dict[str, Any]] = []

    async def scene() -> None:
        teller = Teller(
            environ or {"PATH": "/usr/bin:/bin"},
            report=said.append,
            pauses=(0, 0, 0),
            seconds=seconds,
        )
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        teller.tell([notify], BODY, over.set_result)
        assert await over
        assert not teller.busy

    run_async(scene())
    (outcome,) = said
    return outcome


def hook(url: str, **more: Any) -> Notify:
    return Notify(webhook=Secret("literal", url), **more)


def test_a_webhook_gets_a_signed_body(receiver: Receiver) -> None:
    tell(hook(f"{receiver.url}/hook?key=k", secret=Secret("env", "KEY")), {"KEY": "s3cret"})
    (request,) = receiver.requests
    digest = hmac.new(b"s3cret", request.body, hashlib.sha256).hexdigest()
    assert (request.method, request.path) == ("POST", "/hook?key=k")
    assert json.loads(request.body) == BODY
    assert request.headers["X-Profexd-Signature"] == f"sha256={digest}"


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    assert tell(hook(receiver.url))["told"]
    assert "X-Profexd-Signature" not in receiver.requests[0].headers


def test_a_command_gets_the_same_on_its_stdin_without_a_shell(tmp_path: Path) -> None:
    said = tmp_path / "$(id) said"
    tell(Notify(command=("tee", str(said))))
    assert json.loads(said.read_text()) == BODY


def test_a_command_gets_none_of_our_secrets(tmp_path: Path) -> None:
    said = tmp_path / "said"
    tell(
        Notify(command=("sh", "-c", f"env >{said}")),
        {"PATH": "/usr/bin:/bin", "CANARY": "canary", "LC_ALL": "C.UTF-8"},
    )
    assert "canary" not in said.read_text()
    assert "LC_ALL=C.UTF-8" in said.read_text()


def test_the_third_try_may_succeed(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.replies.extend([Reply(500), Reply(307, {"Location": "/else"})])
    tell(hook(f"{receiver.url}/hook"))
    assert [request.path for request in receiver.requests] == ["/hook"] * 3
    assert [record.message for record in caplog.records] == ["notice_failed"] * 2


@pytest.mark.parametrize(
    "notify",
    [
        hook(f"http://127.0.0.1:{free_ports(1)[0]}/canary"),
        hook("http://nowhere.invalid/canary"),
        hook("http://canary:99999/"),
        Notify(webhook=Secret("env", "NOT_SET")),
        Notify(command=("/nonexistent/program",)),
        Notify(command=("false",)),
        Notify(command=("sh", "-c", "head -c1; exec <&-; exit 3")),
    ],
)
def test_three_tries_that_fail_stand_in_the_log_without_a_secret(
    notify: Notify, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = tell(notify)
    assert not outcome["told"]
    assert outcome["error"]
    assert "canary" not in str(outcome)
    errors = [record.__dict__["error"] for record in caplog.records]
    assert [record.message for record in caplog.records] == ["notice_failed"] * 3
    assert all(errors)
    assert "canary" not in caplog.text + str(errors)


@pytest.mark.parametrize("how", ["webhook", "command"])
def test_a_try_ends_after_its_time(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    receiver.usual = Reply(when="never")
    notify = hook(receiver.url) if how == "webhook" else Notify(command=("sleep", "60"))
    tell(notify, seconds=0.1)
    assert [record.__dict__["error"] for record in caplog.records] == ["no answer within 0.1 s"] * 3


# --- of what


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Event, pipeline and status of everything that was told."""
    bodies = [json.loads(request.body) for request in receiver.requests]
    return [(body["event"], body["pipeline"], body["run"]["status"]) for body in bodies]


async def until_told(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(20):
        while len(receiver.requests) < count:  # noqa: ASYNC110 - another thread receives
            await asyncio.sleep(0.01)


def written(stage: Stage, name: str, receiver: Receiver, schedule: str = "manual") -> None:
    stage.write(
        name, schedule, notify=f'[{{ webhook = "{receiver.url}", late_after = "5m" }}]'
    ).chmod(0o600)


def test_a_run_that_failed_is_told_and_so_is_the_recovery(
    tmp_path: Path, receiver: Receiver
) -> None:
    stage = Stage(tmp_path)

    async def scene() -> None:
        written(stage, "failing", receiver)
        async with stage.playing() as play:
            for _ in range(2):
                await play.over((await play.run_now("failing")).run_id)
            await until_told(receiver, 2)

    run_async(scene())
    assert told(receiver) == [("failed", "failing", "failed")] * 2


def test_a_recovery_is_told_once(tmp_path: Path, receiver: Receiver) -> None:
    stage = Stage(tmp_path)
    written(stage, "quick", receiver)

    async def scene() -> None:
        async with stage.playing() as play:
            await play.over((await play.run_now("quick")).run_id)
            await play.over((await play.run_now("quick")).run_id)
            failed = play.runs("quick")[-1]
            play.store.save_run(replace(failed, status=RunStatus.FAILED))
            for _ in range(2):
                await play.over((await play.run_now("quick")).run_id)
            await until_told(receiver, 1)

    run_async(scene())
    assert told(receiver) == [("recovered", "quick", "done")]


def test_a_run_that_is_not_over_in_time_is_late_once(tmp_path: Path, receiver: Receiver) -> None:
    stage = Stage(tmp_path)
    written(stage, "hang", receiver, "daily at 13:00")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(minutes=61)
            await play.until(lambda: play.states() == ["running"])
            await play.tick(minutes=3)
            assert receiver.requests == []
            await play.tick(minutes=2)
            await play.tick(minutes=2)
            await until_told(receiver, 1)

    run_async(scene())
    assert told(receiver) == [("late", "hang", "running")]


def test_a_run_that_waits_for_its_turn_too_long_is_late(tmp_path: Path, receiver: Receiver) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    stage.write("hang")
    written(stage, "quick", receiver, "daily at 13:00")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.run_now("hang")
            await play.tick(minutes=61)
            await play.tick(minutes=5)
            await until_told(receiver, 1)

    run_async(scene())
    assert told(receiver) == [("late", "quick", "pending")]


def test_a_late_run_is_told_once_whatever_restarts(tmp_path: Path, receiver: Receiver) -> None:
    stage = Stage(tmp_path)
    written(stage, "hang", receiver, "daily at 13:00")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(minutes=66)
            await until_told(receiver, 1)
            await play.until(lambda: [e for e in play.events if e["type"] == "notice"])
        for _ in range(2):
            async with stage.playing() as play:
                await play.until(lambda play=play: play.states()[-1] == "running")
                await play.tick(minutes=1)

    run_async(scene())
    assert told(receiver) == [("late", "hang", "pending")]


def test_what_a_dead_daemon_did_not_tell_the_next_one_tells(
    tmp_path: Path, receiver: Receiver
) -> None:
    stage = Stage(tmp_path)
    written(stage, "failing", receiver)

    async def scene() -> None:
        receiver.usual = Reply(when="never")
        async with stage.playing() as play:
            await play.over((await play.run_now("failing")).run_id)
        receiver.usual = Reply()
        count = len(receiver.requests)
        for _ in range(2):
            async with stage.playing():
                await until_told(receiver, count + 1)
        assert len(receiver.requests) == count + 1

    run_async(scene())


def test_an_occurrence_that_nobody_catches_up_is_late_too(
    tmp_path: Path, receiver: Receiver
) -> None:
    stage = Stage(tmp_path)
    written(stage, "quick", receiver, '{ when = "daily at 13:00", catch_up = "none" }')

    async def scene() -> None:
        async with stage.playing():
            pass
        stage.clock.forward(minutes=62)
        async with stage.playing() as play:
            assert play.states() == []
            assert receiver.requests == []
        async with stage.playing() as play:
            await play.tick(minutes=4)
            await until_told(receiver, 1)
            await play.tick(minutes=4)

    run_async(scene())
    (request,) = receiver.requests
    assert json.loads(request.body) == {
        "event": "late",
        "pipeline": "quick",
        "run": None,
        "scheduled_at": "2026-06-01T13:00:00Z",
    }


def test_an_interrupted_run_that_nobody_repeats_is_told_as_failed(
    tmp_path: Path, receiver: Receiver
) -> None:
    stage = Stage(tmp_path)
    written(stage, "hang", receiver)
    written(stage, "hang-daily", receiver, "daily at 13:00")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.run_now("hang")
            await play.tick(minutes=61)
            await play.until(lambda: play.states() == ["running"] * 2)
        async with stage.playing() as play:
            await until_told(receiver, 1)
            assert play.states("hang-daily") == ["interrupted", "running"]

    run_async(scene())
    assert told(receiver) == [("failed", "hang", "interrupted")]


def test_a_notice_is_an_event_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("failing", notify='[{ command = ["true"] }]')

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.over((await play.run_now("failing")).run_id)
            await play.until(lambda: [e for e in play.events if e["type"] == "notice"])
            (event,) = [e for e in play.events if e["type"] == "notice"]
            assert event["notice"] == {
                "notice": "failed",
                "pipeline": "failing",
                "run_id": run.run_id,
                "by": "command",
                "told": True,
                "error": "",
            }

    run_async(scene())
