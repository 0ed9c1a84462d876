"""A stand-in for the daemon, and the commands called in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from profexd.cli import profexctl, profexd
from tests.client import shapes
from tests.client.double import DaemonDouble


@dataclass
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonDouble]:
    with DaemonDouble(tmp_path / "profexd.sock") as double:
        yield double


@pytest.fixture
def ctl(
    daemon: DaemonDouble, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Call profexctl, which finds the stand-in by PROFEXD_SOCKET."""
    monkeypatch.setenv("PROFEXD_SOCKET", str(daemon.socket))

    def call(*arguments: str) -> Outcome:
        code = profexctl.main(arguments)
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def profexd_command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Call profexd."""

    def call(*arguments: str) -> Outcome:
        code = profexd.main(arguments)
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def pipelines(daemon: DaemonDouble) -> list[dict[str, Any]]:
    """Three pipelines that the daemon has."""
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
