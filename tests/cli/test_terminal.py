"""What a person sees: profexctl in a pseudo-terminal, as wide as one says."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from profexd.cli.table import cell_width
from tests.client import shapes
from tests.client.double import DaemonDouble, Lines

CALL = "import sys; from profexd.cli.profexctl import main; sys.exit(main(sys.argv[1:]))"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HELLO = {"type": "hello", "seq": 1, "at": "2026-11-22T12:00:00Z", "boot_id": "b1"}


@pytest.fixture
def daemon(tmp_path: Path) -> DaemonDouble:
    return DaemonDouble(tmp_path / "profexd.sock")


def screen(
    daemon: DaemonDouble, *arguments: str, width: int = 80, environ: dict[str, str] | None = None
) -> str:
    """Return what a terminal gets from ``profexctl``, stdout and stderr alike."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    with (
        daemon,
        subprocess.Popen(
            [sys.executable, "-c", CALL, "--socket", str(daemon.socket), *arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **(environ or {})},
        ),
    ):
        os.close(inner)
        seen = b""
        while True:
            try:
                data = os.read(outer, 65_536)
            except OSError:  # how Linux says that the last writer has gone
                break
            if not data:
                break
            seen += data
    os.close(outer)
    return seen.decode().replace("\r\n", "\n")


def lines(text: str) -> list[str]:
    return COLOUR.sub("", text).splitlines()


PIPELINES: list[dict[str, Any]] = [
    shapes.pipeline(
        "a-name-that-is-as-long-as-a-name-may-ever-be-and-then-some-more", state="failed"
    ),
    shapes.pipeline("b", schedule="once at 2026-12-01T03:00", state="running"),
    shapes.pipeline("c", schedule="雪" * 40, uri="file:///srv/" + "x" * 300),
]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_no_line_of_the_list_is_wider_than_the_terminal(daemon: DaemonDouble, width: int) -> None:
    daemon.routes["GET /v1/pipelines"] = (200, PIPELINES)
    shown = lines(screen(daemon, width=width))
    assert shown[0].startswith("STATE")
    assert max(map(cell_width, shown)) <= width
    assert ("TARGET" in shown[0]) == (width > 120)
    assert ("SCHEDULE" in shown[0]) == (width >= 80)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_of_runs_is_wider_than_the_terminal(daemon: DaemonDouble, width: int) -> None:
    error = {"code": "conditional_write_unsupported", "message": "no", "hint": ""}
    many = [
        shapes.run(pipeline=PIPELINES[0]["name"], rows=10**12, bytes=10**15, error=error),
        shapes.run(status="interrupted", trigger="catch_up"),
    ]
    daemon.routes["GET /v1/runs?limit=50"] = (200, many)
    if width >= 80:
        assert max(map(cell_width, lines(screen(daemon, "runs", width=width)))) <= width
    else:
        assert lines(screen(daemon, "runs", width=width))


def test_a_preview_leaves_out_columns_and_says_so(daemon: DaemonDouble) -> None:
    columns = [{"name": f"column_{n}", "type": "VARCHAR"} for n in range(20)]
    preview = {
        "pipeline": "a",
        "files": [],
        "columns": columns,
        "added": [],
        "removed": [],
        "rows_matching": 1,
        "rows": [["x" * 30] * 20],
        "text": "",
    }
    daemon.routes["POST /v1/pipelines/a/preview"] = (200, preview)
    shown = lines(screen(daemon, "preview", "a"))
    assert max(map(cell_width, shown[:3])) <= 80
    assert "15 more columns had no room; --json has all" in shown


def test_a_terminal_has_colour_unless_it_or_its_owner_wants_none(daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/pipelines"] = (200, PIPELINES)
    assert "\x1b[31mF failed" in screen(daemon)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(daemon: DaemonDouble, environ: dict[str, str]) -> None:
    daemon.routes["GET /v1/pipelines"] = (200, PIPELINES)
    assert "\x1b" not in screen(daemon, environ=environ)


def test_json_on_a_terminal_is_plain(daemon: DaemonDouble) -> None:
    daemon.routes["GET /v1/pipelines"] = (200, PIPELINES)
    assert "\x1b" not in screen(daemon, "list", "--json")


def test_waiting_shows_progress_on_one_line_and_clears_it(daemon: DaemonDouble) -> None:
    running = {"run_id": "1730312005", "phase": "build", "percent": 41.3, "rows": 5, "bytes": 9}
    at = "2026-11-22T12:00:00Z"
    events = [
        HELLO,
        {"type": "progress", "seq": 2, "at": at, "name": "newsletter", "running": running},
        {"type": "run", "seq": 3, "at": at, "run": shapes.run()},
    ]
    daemon.routes["GET /v1/events"] = (200, Lines(events))
    daemon.routes["POST /v1/pipelines/newsletter/runs"] = (202, shapes.run(status="pending"))
    seen = screen(daemon, "run", "newsletter", "--wait")
    assert "\r\x1b[Krun 1730312005: build 41%, 5 rows, 9 B" in seen
    assert "\r\x1b[Krun 1730312005 of newsletter: " in seen
