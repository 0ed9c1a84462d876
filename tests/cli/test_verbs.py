"""The verbs of profexctl that pause, preview, check and delete."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.client import shapes
from tests.client.double import DaemonDouble, Request


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


def test_why_shows_each_condition_with_its_value(ctl: Command, daemon: DaemonDouble) -> None:
    conditions = [
        {"depth": 0, "kind": "any", "text": "any of", "holds": True, "value": None},
        {"depth": 1, "kind": "condition", "text": "n is 3", "holds": False, "value": None},
        {"depth": 1, "kind": "condition", "text": "l exists", "holds": True, "value": ["é"]},
        {"depth": 0, "kind": "where", "text": "n > 1", "holds": True, "value": None},
    ]
    changes = {"state": "unchanged", "since": "17"}
    why = {"pipeline": "a", "key": "p1", "column": "id", "rows": 1, "exported": True}
    why |= {"conditions": conditions, "changes": changes}
    daemon.routes["POST /v1/pipelines/a/why"] = (200, why)
    assert ctl("why", "a", "p1", "--json").json == why
    outcome = ctl("why", "a", "p1")
    assert outcome.out.splitlines() == [
        "yes  any of",
        "no     n is 3  (is NULL)",
        'yes    l exists  (is ["é"])',
        "yes  n > 1",
    ]
    assert "id p1 is selected, and unchanged since run 17" in outcome.err
    unknown = {**why, "rows": 0, "exported": False, "conditions": [], "changes": None}
    daemon.routes["POST /v1/pipelines/a/why"] = (200, unknown)
    outcome = ctl("why", "a", "p1")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no row has id p1" in outcome.err


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
