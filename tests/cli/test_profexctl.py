"""The verbs of profexctl that list and show, and the command itself, against the wire's shapes."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from profexd.cli.control.group import VERBS
from profexd.cli.lazy import Verb
from profexd.wire import PipelineState
from tests.cli.conftest import Command
from tests.client import shapes
from tests.client.double import DaemonDouble


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
