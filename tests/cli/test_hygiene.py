"""What clients load: proven in fresh interpreters, by what stands in sys.modules afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from profexd.cli.control.group import VERBS
from tests.client import shapes
from tests.client.double import DaemonDouble, Lines

HEAVY = ("duckdb", "pyarrow", "aiohttp", "fsspec", "pydantic")
HEAVY_FOR_VERBS = (*HEAVY, "textual", "structlog", "asyncio", "pluggy", "tomlkit", "sqlite3")
CALL = "from profexd.cli.profexctl import main; main(sys.argv[1:])"

ARGUMENTS = {
    "list": ["--json"],
    "show": ["a"],
    "status": [],
    "runs": [],
    "run": ["a", "--wait"],
    "stop": ["17"],
    "approve": ["17"],
    "reject": ["17"],
    "resend": ["17"],
    "pause": ["a", "--until", "2h"],
    "resume": ["a"],
    "logs": ["17"],
    "preview": ["a"],
    "why": ["a", "p1"],
    "verify": ["/nowhere/x.manifest.json"],
    "events": [],
    "plugins": [],
    "check": [],
    "reload": [],
    "new": ["--help"],
    "edit": ["--help"],
    "delete": ["a", "--yes"],
    "ping": [],
    "tui": ["--help"],
    "dial-stdio": [],
    "completion": ["bash"],
}


def loaded(code: str, *arguments: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after ``code``."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; {code}; print(*sys.modules, sep='\\n', file=sys.stderr)",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    return {line.split(".")[0] for line in done.stderr.splitlines()}


@pytest.fixture
def daemon(tmp_path: Path) -> DaemonDouble:
    """Return a stand-in that answers every verb."""
    double = DaemonDouble(tmp_path / "profexd.sock")
    at = "2026-11-22T12:00:00Z"
    pipeline = shapes.pipeline("a", file=str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text("")
    ok = (200, {"ok": True, "problems": []})
    empty: dict[str, object] = {key: [] for key in ("files", "columns", "added", "removed", "rows")}
    preview = {**empty, "pipeline": "a", "rows_matching": 0, "text": ""}
    double.routes = {
        "GET /v1/info": (200, shapes.info()),
        "GET /v1/pipelines": (200, [pipeline]),
        "GET /v1/pipelines/a": (200, pipeline),
        "GET /v1/runs?limit=50": (200, [shapes.run()]),
        "POST /v1/pipelines/a/runs": (202, shapes.run()),
        "POST /v1/runs/17/stop": (202, shapes.run()),
        "POST /v1/runs/17/approve": (202, shapes.run()),
        "POST /v1/runs/17/reject": (202, shapes.run()),
        "POST /v1/runs/17/resend": (202, shapes.run()),
        "POST /v1/pipelines/a/pause": (200, pipeline),
        "POST /v1/pipelines/a/resume": (200, pipeline),
        "POST /v1/pipelines/a/preview": (
            200,
            {**preview, "rows_matching": 0, "rows": [], "text": ""},
        ),
        "POST /v1/pipelines/a/why": (
            200,
            {
                **{"pipeline": "a", "key": "p1", "column": "id", "rows": 1, "exported": True},
                **{"conditions": [], "changes": None},
            },
        ),
        "GET /v1/runs/17/log": (200, Lines([{"at": at, "level": "info", "message": "x"}])),
        "GET /v1/events": (200, Lines([{"type": "hello", "seq": 1, "at": at, "boot_id": "b"}])),
        "GET /v1/plugins": (200, []),
        "GET /v1/config": (200, {"problems": []}),
        "POST /v1/config/check": ok,
        "POST /v1/config/reload": ok,
    }
    return double


def test_every_verb_is_tried_here() -> None:
    assert ARGUMENTS.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", ARGUMENTS)
def test_a_client_verb_loads_nothing_heavy(daemon: DaemonDouble, verb: str) -> None:
    with daemon:
        modules = loaded(CALL, "--socket", str(daemon.socket), verb, *ARGUMENTS[verb])
    assert "profexd" in modules
    assert modules.isdisjoint(HEAVY_FOR_VERBS)


@pytest.mark.parametrize("module", ["profexd.client", "profexd.wire", "profexd.api"])
def test_what_clients_import_loads_nothing_heavy(module: str) -> None:
    assert loaded(f"import {module}").isdisjoint(HEAVY_FOR_VERBS)


@pytest.mark.parametrize("module", ["profexd.tui", "profexd.tui.app", "profexd.tui.launch"])
def test_the_interface_loads_no_engine(module: str) -> None:
    assert loaded(f"import {module}").isdisjoint(HEAVY)


def test_opening_the_interface_does_not_load_textual_before_its_environment_is_set() -> None:
    assert "textual" not in loaded("import profexd.tui.launch")


def test_help_of_profexd_loads_no_engine() -> None:
    modules = loaded("from profexd.cli.profexd import main; main(['--help'])")
    assert modules.isdisjoint(HEAVY_FOR_VERBS)
