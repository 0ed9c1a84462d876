"""The verbs of profexctl that run, stop and tell of runs, and how they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from profexd.client import Client, Stream
from tests.cli.conftest import Command
from tests.client import shapes
from tests.client.double import DaemonDouble, Lines

HELLO = {"type": "hello", "seq": 1, "at": "2026-11-22T12:00:00Z", "boot_id": "b1"}


RUNS = "POST /v1/pipelines/newsletter/runs"


PENDING = shapes.run(status="pending", started_at=None, finished_at=None, files=[], rows=0, bytes=0)


def ended(status: str, **changes: Any) -> dict[str, Any]:
    run = shapes.run(status=status, **changes)
    return {"type": "run", "seq": 2, "at": "2026-11-22T12:00:00Z", "run": run}


def test_run_prints_the_run_as_it_was_made(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes[RUNS] = (202, PENDING)
    outcome = ctl("run", "newsletter", "--json")
    assert (outcome.code, outcome.json) == (0, PENDING)
    assert "run 1730312005 of newsletter: pending" in ctl("run", "newsletter").out


@pytest.mark.parametrize(
    ("status", "code"),
    [("done", 0), ("skipped", 0), ("failed", 1), ("stopped", 1), ("interrupted", 1), ("held", 1)],
)
def test_run_wait_ends_with_the_run(
    ctl: Command, daemon: DaemonDouble, status: str, code: int
) -> None:
    other = {**ended("failed"), "run": shapes.run("99", status="failed")}
    daemon.routes["GET /v1/events"] = (200, Lines([HELLO, other, ended(status)], hold=True))
    daemon.routes[RUNS] = (202, PENDING)
    outcome = ctl("run", "newsletter", "--wait", "--json")
    assert outcome.code == code
    assert outcome.json["status"] == status
    assert outcome.err == ""


def test_run_wait_survives_a_daemon_that_comes_back(ctl: Command, daemon: DaemonDouble) -> None:
    streams = iter([Lines([HELLO]), Lines([HELLO, ended("interrupted")], hold=True)])
    daemon.routes["GET /v1/events"] = lambda request: (200, next(streams))
    daemon.routes[RUNS] = (202, PENDING)
    daemon.routes["GET /v1/runs/1730312005"] = (200, PENDING)
    outcome = ctl("run", "newsletter", "--wait", "--json")
    assert (outcome.code, outcome.json["status"]) == (1, "interrupted")


def test_run_wait_asks_anew_where_events_were_lost(ctl: Command, daemon: DaemonDouble) -> None:
    lagged = {"type": "lagged", "seq": 9, "at": "2026-11-22T12:00:00Z"}
    daemon.routes["GET /v1/events"] = (200, Lines([HELLO, lagged], hold=True))
    daemon.routes[RUNS] = (202, PENDING)
    daemon.routes["GET /v1/runs/1730312005"] = (200, shapes.run())
    assert ctl("run", "newsletter", "--wait").code == 0


def test_run_wait_gives_up_at_the_timeout_and_says_that_the_run_goes_on(
    ctl: Command, daemon: DaemonDouble
) -> None:
    daemon.routes["GET /v1/events"] = (200, Lines([HELLO], hold=True))
    daemon.routes[RUNS] = (202, PENDING)
    daemon.routes["GET /v1/runs/1730312005"] = (200, PENDING)
    outcome = ctl("run", "newsletter", "--wait", "--timeout", "0", "--json")
    assert (outcome.code, outcome.json) == (4, PENDING)
    assert "goes on" in outcome.err
    assert "profexctl stop 1730312005" in outcome.err


def test_ctrl_c_ends_the_wait_and_not_the_run(
    ctl: Command, daemon: DaemonDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Stream[Any]) -> None:
        raise KeyboardInterrupt

    daemon.routes["GET /v1/events"] = (200, Lines([HELLO], hold=True))
    daemon.routes[RUNS] = (202, PENDING)
    monkeypatch.setattr(Stream, "__next__", interrupt)
    outcome = ctl("run", "newsletter", "--wait")
    assert outcome.code == 130
    assert "run 1730312005 goes on" in outcome.err


def test_ctrl_c_before_the_answer_says_that_a_run_may_go_on(
    ctl: Command, daemon: DaemonDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Client, name: str) -> None:
        raise KeyboardInterrupt

    daemon.routes["GET /v1/events"] = (200, Lines([HELLO], hold=True))
    monkeypatch.setattr(Client, "run_now", interrupt)
    outcome = ctl("run", "newsletter", "--wait")
    assert outcome.code == 130
    assert "goes on" in outcome.err
    assert "profexctl show newsletter" in outcome.err


def test_timeout_without_wait_is_a_usage_error(ctl: Command) -> None:
    assert ctl("run", "newsletter", "--timeout", "5s").code == 2
    assert ctl("run", "newsletter", "--wait", "--timeout", "soon").code == 2


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (409, "paused", 1),
        (409, "disabled", 1),
        (409, "already_running", 1),
        (404, "not_found", 2),
        (422, "config_invalid", 2),
        (400, "bad_request", 2),
        (403, "denied", 5),
        (500, "internal", 1),
    ],
)
def test_a_refusal_is_one_error_one_hint_and_an_exit_code(
    ctl: Command, daemon: DaemonDouble, status: int, error: str, code: int
) -> None:
    daemon.routes[RUNS] = shapes.refusal(status, error, "it cannot run", "do this")
    outcome = ctl("run", "newsletter")
    assert outcome.code == code
    assert outcome.err == f"error: it cannot run ({error})\nhint: do this\n"
    assert outcome.out == ""


def test_no_daemon_is_3_with_a_hint(ctl: Command, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.sock")
    for arguments in (("--socket", missing, "list"), ("list", "--socket", missing)):
        outcome = ctl(*arguments)
        assert outcome.code == 3
        assert outcome.err.startswith(f"error: no daemon at {missing} (no_socket)\nhint: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lst",), 'did you mean "list"'),
        (("run",), "missing argument"),
        (("list", "--bogus"), "no such option"),
        (("--state", "nonsense"), "invalid value"),
    ],
)
def test_usage_errors_are_2(ctl: Command, arguments: tuple[str, ...], words: str) -> None:
    outcome = ctl(*arguments)
    assert outcome.code == 2
    assert words in outcome.err.lower()
    assert "hint: profexctl" in outcome.err


def test_control_characters_in_what_the_daemon_says_do_not_reach_the_terminal(
    ctl: Command, daemon: DaemonDouble
) -> None:
    evil = "\x1b]0;title\x07\x1b[2J"
    daemon.routes["GET /v1/pipelines/a"] = (200, shapes.pipeline("a", description=evil))
    daemon.routes["GET /v1/pipelines"] = (200, [shapes.pipeline("a", schedule=evil)])
    daemon.routes["POST /v1/pipelines/a/resume"] = shapes.refusal(409, "x", evil, evil)
    for outcome in (ctl("show", "a"), ctl("list"), ctl("resume", "a")):
        assert "\x1b" not in outcome.out + outcome.err


def test_runs_filters_at_the_daemon(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/runs?pipeline=newsletter&status=failed&limit=5"] = (200, [shapes.run()])
    outcome = ctl("runs", "newsletter", "--status", "failed", "--limit", "5", "--json")
    assert outcome.json == [shapes.run()]


def test_runs_of_an_unknown_pipeline_is_2_and_of_a_new_one_0(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/runs?pipeline=nobody&limit=50"] = (200, [])
    daemon.routes["GET /v1/runs?pipeline=newsletter&limit=50"] = (200, [])
    assert ctl("runs", "nobody").code == 2
    assert ctl("runs", "newsletter", "--json").json == []


def test_stop_takes_a_run_or_the_pipeline_that_runs(ctl: Command, daemon: DaemonDouble) -> None:
    running = {"run_id": "17", "phase": "build", "percent": None, "rows": 0, "bytes": 0}
    daemon.routes["GET /v1/pipelines/a"] = (200, shapes.pipeline("a", running=running))
    daemon.routes["POST /v1/runs/17/stop"] = (202, shapes.run("17", status="running"))
    assert ctl("stop", "17", "--json").json["run_id"] == "17"
    assert ctl("stop", "a", "--json").json["run_id"] == "17"


def test_stop_of_a_pipeline_that_does_not_run_fails(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/runs?pipeline=newsletter&status=pending&limit=1"] = (200, [])
    outcome = ctl("stop", "newsletter")
    assert outcome.code == 1
    assert "(not_running)" in outcome.err


LOG = [
    {"at": "2026-11-22T12:00:00Z", "level": "info", "message": "build"},
    {"at": "2026-11-22T12:00:01Z", "level": "error", "message": "no\x1b[31m"},
]


def test_logs_of_a_pipeline_are_its_last_runs(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/runs?pipeline=newsletter&limit=1"] = (200, [shapes.run("17")])
    daemon.routes["GET /v1/runs/17/log"] = (200, Lines(LOG))
    assert ctl("logs", "newsletter", "--json").json == LOG
    assert ctl("logs", "17", "--json").json == LOG
    assert [line.split()[2:] for line in ctl("logs", "17").out.splitlines()] == [
        ["info", "build"],
        ["error", "no?[31m"],
    ]


def test_logs_follow_is_a_line_of_json_each(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/runs/17/log?follow=1"] = (200, Lines(LOG))
    assert len(ctl("logs", "-f", "17", "--json").out.splitlines()) == 2


def test_logs_of_a_pipeline_that_never_ran_fails_with_what_to_do(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/runs?pipeline=newsletter&limit=1"] = (200, [])
    outcome = ctl("logs", "newsletter")
    assert outcome.code == 1
    assert "hint: profexctl run newsletter" in outcome.err


def test_events_are_told_in_words_or_as_lines_of_json(ctl: Command, daemon: DaemonDouble) -> None:
    at = "2026-11-22T12:00:00Z"
    running = {"run_id": "17", "phase": "build", "percent": 41.3, "rows": 5, "bytes": 9}
    events = [
        HELLO,
        {"type": "pipeline", "seq": 2, "at": at, "pipeline": shapes.pipeline("a")},
        {"type": "pipeline", "seq": 3, "at": at, "gone": "b"},
        {"type": "progress", "seq": 4, "at": at, "name": "a", "running": running},
        {**ended("done"), "seq": 5},
        {"type": "config", "seq": 6, "at": at},
        {"type": "lagged", "seq": 7, "at": at},
        {"type": "heartbeat", "seq": 7, "at": at},
    ]
    daemon.routes["GET /v1/events"] = (200, Lines(events))
    daemon.routes["GET /v1/events?since=3"] = (200, Lines(events))
    as_json = ctl("events", "--json", "--since", "3")
    assert len(as_json.out.splitlines()) == len(events)
    assert (as_json.code, "(lost)" in as_json.err) == (3, True)
    told = ctl("events").out
    assert len(told.splitlines()) == len(events) - 1
    assert "pipeline b is gone" in told
    assert "build 41%" in told
