"""The verbs of profexctl against a socket that answers with the wire's shapes."""

from __future__ import annotations

import io
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from profexd.cli.control.group import VERBS
from profexd.cli.lazy import Verb
from profexd.client import Client, Stream
from profexd.wire import PipelineState
from tests.cli.conftest import Command
from tests.client import shapes
from tests.client.double import DaemonDouble, Lines, Request

HELLO = {"type": "hello", "seq": 1, "at": "2026-11-22T12:00:00Z", "boot_id": "b1"}
RUNS = "POST /v1/pipelines/newsletter/runs"
PENDING = shapes.run(status="pending", started_at=None, finished_at=None, files=[], rows=0, bytes=0)


def ended(status: str, **changes: Any) -> dict[str, Any]:
    run = shapes.run(status=status, **changes)
    return {"type": "run", "seq": 2, "at": "2026-11-22T12:00:00Z", "run": run}


@pytest.fixture
def pipelines(daemon: DaemonDouble) -> list[dict[str, Any]]:
    several = [
        shapes.pipeline("newsletter"),
        shapes.pipeline("broken", state="failed", sinks=["partner"], kind="events"),
        shapes.pipeline(
            "welcome", state="done", frequency="once", export_id="42", last_run=shapes.run("77")
        ),
    ]
    daemon.routes["GET /v1/pipelines"] = (200, several)
    for pipeline in several:
        daemon.routes[f"GET /v1/pipelines/{pipeline['name']}"] = (200, pipeline)
    return several


# --- list, show, status


def test_without_a_verb_it_lists(ctl: Command, pipelines: list[dict[str, Any]]) -> None:
    assert ctl().out == ctl("list").out
    assert ctl("--json").json == pipelines


@pytest.mark.parametrize("arguments", [("--json", "list"), ("list", "--json"), ("--json",)])
def test_list_json_is_the_array_as_the_daemon_gave_it(
    ctl: Command, pipelines: list[dict[str, Any]], arguments: tuple[str, ...]
) -> None:
    assert ctl(*arguments).json == pipelines


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--state", "failed"), ["broken"]),
        (("--state", "failed", "--state", "DONE"), ["broken", "welcome"]),
        (("--sink", "partner"), ["broken"]),
        (("--kind", "events"), ["broken"]),
        (("--frequency", "once"), ["welcome"]),
        (("--search", "NEWS"), ["newsletter"]),
        (("--search", "42"), ["welcome"]),
        (("--search", "77"), ["welcome"]),
        (("--search", "nothing"), []),
    ],
)
def test_list_filters(
    ctl: Command, pipelines: list[dict[str, Any]], arguments: tuple[str, ...], names: list[str]
) -> None:
    listed = ctl("list", *arguments, "--json").json
    assert [pipeline["name"] for pipeline in listed] == names
    assert ctl(*arguments, "--json").json == listed


def test_the_table_has_letter_word_and_uri(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/pipelines"] = (
        200,
        [shapes.pipeline(f"p-{state}", state=state) for state in PipelineState],
    )
    lines = ctl("list").out.splitlines()
    assert lines[0].split() == ["STATE", "NAME", "SCHEDULE", "LAST", "NEXT", "TARGET"]
    for line, state in zip(lines[1:], PipelineState, strict=True):
        assert line.startswith(f"{state.letter} {state}  ")
        assert line.endswith("file:///srv/out/newsletter/customers-${today}.csv.gz")


def test_an_empty_list_says_where_to_put_files(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/pipelines"] = (200, [])
    daemon.routes["GET /v1/info"] = (200, shapes.info())
    outcome = ctl()
    assert (outcome.code, outcome.out) == (0, "")
    assert "/etc/profexd/pipelines" in outcome.err


def test_show_names_a_pipeline_or_a_run(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/runs/1730312005"] = (200, shapes.run())
    assert ctl("show", "newsletter", "--json").json == pipelines[0]
    assert ctl("show", "1730312005", "--json").json == shapes.run()
    assert "file:///srv/out/newsletter" in ctl("show", "newsletter").out
    assert shapes.SHA in ctl("show", "1730312005").out


def test_show_tells_what_is_wrong_first(ctl: Command, daemon: DaemonDouble) -> None:
    error = {"code": "sink_timeout", "message": "no reply in 30 s", "hint": "reachable?"}
    daemon.routes["GET /v1/pipelines/a"] = (
        200,
        shapes.pipeline(
            "a",
            state="invalid",
            problems=[shapes.problem()],
            last_run=shapes.run(status="failed", error=error),
            paused={"by": "ops", "at": "2026-11-22T12:00:00Z", "reason": "why", "until": None},
        ),
    )
    out = ctl("show", "a").out
    assert "pipelines/newsletter.toml:12:1: format.seperator: unknown key" in out
    assert "no reply in 30 s (sink_timeout)" in out
    assert out.index("unknown key") < out.index("no reply") < out.index("target")
    assert "by ops" in out


def test_status_counts_states_and_names_trouble(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["GET /v1/info"] = (200, shapes.info())
    daemon.routes["GET /v1/config"] = (200, {"problems": []})
    answer = ctl("status", "--json").json
    assert answer["version"] == "0.1.0"
    assert answer["states"]["failed"] == 1
    assert answer["states"]["invalid"] == 0
    assert "F failed" in ctl("status").out
    assert "problem" not in ctl("status").out
    assert ctl("status", "newsletter", "--json").json == pipelines[0]


def test_status_tells_of_problems_in_the_files(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    warning = shapes.problem(severity="warning")
    elsewhere = shapes.problem(file="sinks/lake.toml", message="is bad", key="")
    settings = shapes.problem(file="profexd.toml", line=3, key="nope", message="unknown key")
    daemon.routes["GET /v1/info"] = (200, shapes.info())
    daemon.routes["GET /v1/config"] = (200, {"problems": [warning]})
    assert "problem" not in ctl("status").out
    daemon.routes["GET /v1/config"] = (200, {"problems": [elsewhere, elsewhere, warning]})
    assert "2 problems: profexctl check" in ctl("status").out.splitlines()
    daemon.routes["GET /v1/config"] = (200, {"problems": [settings, elsewhere]})
    assert (
        "2 problems, and the old settings stay: profexd.toml:3: nope: unknown key"
        in ctl("status").out.splitlines()
    )
    assert ctl("status", "--json").json["problems"] == [settings, elsewhere]


def test_reload_says_that_broken_settings_are_not_taken_over(
    ctl: Command, daemon: DaemonDouble
) -> None:
    bad = {"ok": False, "problems": [shapes.problem(file="profexd.toml")]}
    daemon.routes["POST /v1/config/reload"] = (200, bad)
    outcome = ctl("reload")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == (
        "profexd.toml was not reloaded: the old settings stay: 1 error"
    )
    warned = {"ok": True, "problems": [shapes.problem(file="profexd.toml", severity="warning")]}
    daemon.routes["POST /v1/config/reload"] = (200, warned)
    assert ctl("reload").err.splitlines()[-1] == "reloaded: 1 warning"


# --- run


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


# --- refusals and exit codes


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


# --- runs, stop, logs, events


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


# --- pause, resume, preview, plugins, check, reload, ping


def test_pause_sends_reason_and_end(ctl: Command, daemon: DaemonDouble) -> None:
    asked: list[Request] = []

    def pause(request: Request) -> tuple[int, Any]:
        asked.append(request)
        paused = {"by": "me", "at": "2026-11-22T12:00:00Z", **request.body}
        return 200, shapes.pipeline("a", paused=paused)

    daemon.routes["POST /v1/pipelines/a/pause"] = pause
    assert ctl("pause", "a").code == 0
    assert asked[0].body == {"reason": "", "until": None}
    ctl("pause", "a", "--reason", "moving", "--until", "2999-01-01T00:00:00+02:00")
    assert asked[1].body == {"reason": "moving", "until": "2998-12-31T22:00:00Z"}
    assert ctl("pause", "a", "--until", "2h").code == 0
    assert asked[2].body["until"].endswith("Z")


@pytest.mark.parametrize("until", ["tomorrow", "1999-01-01", "0s"])
def test_pause_until_must_be_a_time_ahead(ctl: Command, until: str) -> None:
    assert ctl("pause", "a", "--until", until).code == 2


def test_resume_prints_the_pipeline(
    ctl: Command, daemon: DaemonDouble, pipelines: list[dict[str, Any]]
) -> None:
    daemon.routes["POST /v1/pipelines/newsletter/resume"] = (200, pipelines[0])
    assert ctl("resume", "newsletter", "--json").json == pipelines[0]
    assert "newsletter runs again, next run" in ctl("resume", "newsletter").out


def test_preview_shows_rows_or_the_file(ctl: Command, daemon: DaemonDouble) -> None:
    preview = {
        "pipeline": "a",
        "files": [{"path": "a.csv", "uri": "file:///srv/out/a.csv"}],
        "columns": [{"name": "id", "type": "VARCHAR"}, {"name": "n", "type": "INTEGER"}],
        "added": [],
        "removed": [],
        "rows_matching": 3,
        "rows": [["p1", 7], ["p2", None]],
        "text": "id,n\np1,7\n",
    }
    daemon.routes["POST /v1/pipelines/a/preview"] = (200, preview)
    assert ctl("preview", "a", "--json").json == preview
    outcome = ctl("preview", "a", "--limit", "2")
    assert daemon.requests[-1].body == {"limit": 2}
    assert outcome.out.splitlines()[-1].split() == ["p2", "NULL"]
    assert "file:///srv/out/a.csv" in outcome.err
    assert "3 rows of 2 columns, the first 2 shown" in outcome.err
    assert ctl("preview", "a", "--text").out == "id,n\np1,7\n"


def test_plugins_show_the_broken_ones_first(ctl: Command, daemon: DaemonDouble) -> None:
    good = {"name": "csv", "kind": "format", "version": "1", "distribution": "profexd"}
    plugins = [
        {**good, "status": "ok", "error": None},
        {**good, "name": "toy", "status": "broken", "error": "Traceback\nImportError: no toy"},
    ]
    daemon.routes["GET /v1/plugins"] = (200, plugins)
    assert ctl("plugins", "--json").json == plugins
    outcome = ctl("plugins")
    assert outcome.out.splitlines()[1].startswith("toy")
    assert outcome.err == "toy: ImportError: no toy\n"


@pytest.mark.parametrize("verb", ["check", "reload"])
def test_check_and_reload_are_2_on_an_error_and_0_with_warnings(
    ctl: Command, daemon: DaemonDouble, verb: str
) -> None:
    route = f"POST /v1/config/{verb}"
    bad = {"ok": False, "problems": [shapes.problem()]}
    daemon.routes[route] = (200, bad)
    outcome = ctl(verb)
    assert outcome.code == 2
    assert outcome.err.splitlines()[0] == (
        'pipelines/newsletter.toml:12:1: format.seperator: unknown key; did you mean "separator"?'
    )
    assert ctl(verb, "--json").json == bad
    daemon.routes[route] = (200, {"ok": True, "problems": [shapes.problem(severity="warning")]})
    assert ctl(verb).code == 0


def test_ping_names_the_version_and_the_socket(ctl: Command, daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/info"] = (200, shapes.info())
    answer = ctl("ping", "--json").json
    assert (answer["ok"], answer["version"], answer["socket"]) == (
        True,
        "0.1.0",
        str(daemon.socket),
    )
    assert str(daemon.socket) in ctl("ping").out


# --- delete


@pytest.fixture
def file(daemon: DaemonDouble, tmp_path: Path) -> Path:
    file = tmp_path / "a.toml"
    file.write_text("")
    daemon.routes["GET /v1/pipelines/a"] = (200, shapes.pipeline("a", file=str(file)))
    return file


def test_delete_with_yes_removes_the_file(ctl: Command, file: Path) -> None:
    outcome = ctl("delete", "a", "--yes", "--json")
    assert outcome.json == {"name": "a", "file": str(file), "deleted": True}
    assert not file.exists()
    assert ctl("delete", "a", "--yes").code == 1


def test_delete_without_a_terminal_and_without_yes_is_a_usage_error(
    ctl: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    outcome = ctl("delete", "a")
    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert file.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1), ("", 1)])
def test_delete_asks_on_a_terminal(
    ctl: Command, file: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    outcome = ctl("delete", "a")
    assert outcome.code == code
    assert f"Delete {file}?" in outcome.err
    assert file.exists() == (code != 0)


# --- the command itself


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(ctl: Command, shell: str) -> None:
    outcome = ctl("completion", shell)
    assert outcome.code == 0
    assert "_PROFEXCTL_COMPLETE" in outcome.out


def test_the_shell_completes_verbs_and_names(
    ctl: Command, pipelines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_PROFEXCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_CWORD", "1")
    monkeypatch.setenv("COMP_WORDS", "profexctl pau")
    assert ctl().out.split() == ["plain,pause"]
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("COMP_WORDS", "profexctl pause new")
    assert ctl().out.split() == ["plain,newsletter"]


def test_version_and_help_need_no_daemon(ctl: Command) -> None:
    assert ctl("--version").out.startswith("profexctl 0.")
    assert "Verbs:" in ctl("--help").out


@pytest.mark.parametrize("verb", VERBS.items(), ids=lambda verb: verb[0])
def test_every_verb_has_help(ctl: Command, verb: tuple[str, Verb]) -> None:
    name, about = verb
    outcome = ctl(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: profexctl {name} ")
    assert about.help.endswith(".")


def test_the_interface_needs_a_terminal(ctl: Command) -> None:
    assert ctl("tui").code == 1
    assert ctl("tui", "--json").code == 2


def test_show_of_a_file_that_was_never_valid_shows_only_what_is_known(
    ctl: Command, daemon: DaemonDouble
) -> None:
    nothing = dict.fromkeys(("description", "kind", "source", "format", "path", "uri"), "")
    daemon.routes["GET /v1/pipelines/a"] = (
        200,
        shapes.pipeline(
            "a",
            **nothing,
            state="invalid",
            enabled=False,
            sinks=[],
            schedule="",
            next_run_at=None,
            last_run=None,
            problems=[shapes.problem()],
        ),
    )
    labels = [line.split()[0] for line in ctl("show", "a").out.splitlines()]
    assert labels == ["a:", "error", "hint", "export", "file"]


def test_a_socket_without_permission_is_5_with_the_group_to_join(
    ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)  # root may use every socket
    outcome = ctl("list")
    assert outcome.code == 5
    assert "(permission)" in outcome.err
    assert "hint: join the group profexd" in outcome.err
