"""Who is told, of what, and what happens when nobody listens."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from profexd.api import Doc, Notice, Notifier, NotifierOptions, Secret
from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.export.job import Job
from profexd.export.messages import Finished, Logged, Message
from profexd.export.notify import perform_notice
from profexd.export.redact import Secrets
from profexd.export.stop import Stop
from profexd.wire import RunStatus
from tests.daemon.stage import NOON, Stage, run_async
from tests.servers.receiver import Receiver, Reply

RUN = {"run_id": "7", "status": "failed"}
BODY = {"event": "failed", "pipeline": "p", "run": RUN}

Tell = Callable[..., "Said"]


class Said:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.tries: list[str] = []
        self.error = ""

    def tell(self, message: Message) -> None:
        assert isinstance(message, Logged)
        self.tries.append(message.message)

    def ask(self, message: Message) -> bool:
        assert isinstance(message, Finished)
        self.error = message.error["message"] if message.error else ""
        return True


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """What tells one ``[[notify]]``, as a worker does."""

    def told(
        notify: str, environ: dict[str, str] | None = None, seconds: float = 5.0, **more: Any
    ) -> Said:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in (environ or {"PATH": "/usr/bin:/bin"}).items():
            monkeypatch.setenv(name, value)
        stage = Stage(tmp_path / f"stage-{seconds}")
        stage.write("p", notify=f"[{{ {notify} }}]").chmod(0o600)
        catalog = load_catalog()
        catalog = replace(catalog, notifiers={**catalog.notifiers, **more})
        pipeline = load(stage.config, catalog).pipelines["p"].pipeline
        assert pipeline is not None
        job = Job(
            action="notify",
            run_id="8",
            export_id="0",
            pipeline="p",
            instant=NOON,
            documents=pipeline.documents,
            spool="",
            notice=BODY,
        )
        said = Said()
        perform_notice(
            Job.from_json(json.loads(json.dumps(job.as_json()))),
            catalog=catalog,
            journal=said,
            secrets=Secrets(os.environ),
            stop=Stop(),
            pauses=(0, 0, 0),
            seconds=seconds,
        )
        return said

    return told


def test_a_webhook_gets_a_signed_body(tell: Tell, receiver: Receiver) -> None:
    notify = f'webhook = "{receiver.url}/hook?key=k", secret = {{ env = "KEY" }}'
    assert tell(notify, {"KEY": "s3cret"}).error == ""
    (request,) = receiver.requests
    digest = hmac.new(b"s3cret", request.body, hashlib.sha256).hexdigest()
    assert (request.method, request.path) == ("POST", "/hook?key=k")
    assert json.loads(request.body) == BODY
    assert request.headers["X-Profexd-Signature"] == f"sha256={digest}"


def test_without_a_secret_nothing_is_signed(tell: Tell, receiver: Receiver) -> None:
    tell(f'webhook = "{receiver.url}"')
    assert "X-Profexd-Signature" not in receiver.requests[0].headers


def test_a_command_gets_the_same_on_its_stdin_without_a_shell(tell: Tell, tmp_path: Path) -> None:
    said = tmp_path / "$(id) said"
    assert tell(f'command = ["tee", "{said}"]').error == ""
    assert json.loads(said.read_text()) == BODY


def test_a_command_gets_none_of_our_secrets(tell: Tell, tmp_path: Path) -> None:
    said = tmp_path / "said"
    tell(
        f'command = ["sh", "-c", "env >{said}"]',
        {"PATH": "/usr/bin:/bin", "CANARY": "canary", "LC_ALL": "C.UTF-8"},
    )
    assert "canary" not in said.read_text()
    assert "LC_ALL=C.UTF-8" in said.read_text()


def test_the_third_try_may_succeed(tell: Tell, receiver: Receiver) -> None:
    receiver.replies.extend([Reply(500), Reply(307, {"Location": "/else"})])
    said = tell(f'webhook = "{receiver.url}/hook"')
    assert [request.path for request in receiver.requests] == ["/hook"] * 3
    assert said.tries == [
        "try 1: the webhook answered 500",
        "try 2: the webhook answered 307",
    ]
    assert said.error == ""


@pytest.mark.parametrize(
    "notify",
    [
        'webhook = "http://127.0.0.1:9/canary"',
        'webhook = "http://nowhere.invalid/canary"',
        'webhook = "https://127.0.0.1:1/canary"',
        'command = ["/nonexistent/program"]',
        'command = ["false"]',
        'command = ["sh", "-c", "head -c1; exec <&-; exit 3"]',
    ],
)
def test_three_tries_that_fail_are_told_without_a_secret(tell: Tell, notify: str) -> None:
    said = tell(notify)
    assert len(said.tries) == 3
    assert said.error
    assert "canary" not in str(said.tries) + said.error


@pytest.mark.parametrize(
    ("environ", "words"),
    [({}, "not set"), ({"HOOK": "canary"}, "is no URL"), ({"HOOK": "http://[canary"}, "is no URL")],
)
def test_a_secret_that_is_none_is_told_without_it(
    tell: Tell, environ: dict[str, str], words: str
) -> None:
    said = tell('webhook = { env = "HOOK" }', environ or {"PATH": "/bin"})
    assert words in said.error
    assert "canary" not in said.error


@pytest.mark.parametrize("how", ["webhook", "command"])
def test_a_try_ends_after_its_time(tell: Tell, receiver: Receiver, how: str) -> None:
    receiver.usual = Reply(when="never")
    notify = f'webhook = "{receiver.url}"' if how == "webhook" else 'command = ["sleep", "60"]'
    said = tell(notify, seconds=0.2)
    assert len(said.tries) == 3
    assert "time" in said.error or "no answer" in said.error


@dataclass(frozen=True, kw_only=True)
class ChatOptions(NotifierOptions):
    room: Annotated[str, Doc("Where to say it.")] = "ops"
    password: Annotated[Secret, Doc("Lets us in.")]


class Chat(Notifier):
    name = "chat"
    Options: ClassVar[type[NotifierOptions]] = ChatOptions
    heard: ClassVar[list[tuple[str, str, str, Any]]] = []

    def tell(self, notice: Notice) -> None:
        password = self.context.reveal(self.options.password)
        if self.options.room == "broken":
            raise ZeroDivisionError(f"with {password}")
        self.heard.append((self.options.room, password, notice.event, notice.run))


def test_a_plugin_may_tell_too(tell: Tell) -> None:
    said = tell('type = "chat", room = "night", password = "open"', chat=Chat)
    assert (said.error, said.tries) == ("", [])
    assert Chat.heard == [("night", "open", "failed", RUN)]
    assert "ZeroDivisionError" in tell('type = "chat", room = "broken", password = "x"', seconds=4,
                                       chat=Chat).error  # fmt: skip


# --- of what


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Event, pipeline and status of everything that was told."""
    bodies = [json.loads(request.body) for request in receiver.requests]
    return [(body["event"], body["pipeline"], body["run"]["status"]) for body in bodies]


async def until_told(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(60):
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


def test_a_notifier_whose_process_is_killed_is_tried_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    kills_its_parent_once = f"cat >> {tmp_path}/told; mkdir {tmp_path}/once && kill -9 $PPID"
    stage.write("failing", notify=f'[{{ command = ["sh", "-c", "{kills_its_parent_once}; :"] }}]')

    async def scene() -> None:
        async with stage.playing() as play:
            await play.over((await play.run_now("failing")).run_id)
            await play.until(lambda: [e for e in play.events if e["type"] == "notice"])
            (event,) = [e for e in play.events if e["type"] == "notice"]
            assert event["notice"]["told"]

    run_async(scene())
    assert (tmp_path / "told").read_text().count('"event"') == 2


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
