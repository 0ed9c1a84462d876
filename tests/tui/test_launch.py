"""What is decided before Textual is imported, and what must never be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from profexd.client import connect
from profexd.tui.launch import LaunchOptions, appearance, environment, launch

SOCKET = Path("/run/profexd/profexd.sock")
HEAVY = ("duckdb", "pyarrow", "aiohttp", "fsspec", "pydantic")


def options(**more: object) -> LaunchOptions:
    return LaunchOptions(**more)  # type: ignore[arg-type]


def test_nothing_moves_by_itself_and_the_network_is_spared() -> None:
    local = environment(options(), {})
    assert (local["TEXTUAL_ANIMATIONS"], "TEXTUAL_FPS" in local) == ("none", False)
    for variable in ("SSH_CONNECTION", "TMUX"):
        assert environment(options(), {variable: "x"})["TEXTUAL_FPS"] == "15"


def test_what_the_user_has_set_is_kept() -> None:
    assert "TEXTUAL_ANIMATIONS" not in environment(options(), {"TEXTUAL_ANIMATIONS": "full"})


@pytest.mark.parametrize(
    ("color", "variable", "value"),
    [
        ("truecolor", "TEXTUAL_COLOR_SYSTEM", "truecolor"),
        ("256", "TEXTUAL_COLOR_SYSTEM", "256"),
        ("16", "TEXTUAL_COLOR_SYSTEM", "standard"),
        ("none", "NO_COLOR", "1"),
    ],
)
def test_colours_are_those_of_the_command_line(color: str, variable: str, value: str) -> None:
    assert environment(options(color=color), {})[variable] == value


def test_a_console_gets_its_own_colours_and_ascii() -> None:
    assert environment(options(), {"TERM": "linux"})["TEXTUAL_COLOR_SYSTEM"] == "standard"
    console = appearance(options(), {"TERM": "linux"}, encoding="utf-8")
    assert (console.ascii, console.theme) == (True, "ansi-dark")
    terminal = appearance(options(), {"TERM": "tmux-256color"}, encoding="utf-8")
    assert (terminal.ascii, terminal.theme) == (False, "profexd")
    assert appearance(options(), {}, encoding="ascii").ascii
    for environ in ({"TERM": "linux", "NO_COLOR": "1"}, {"TERM": "xterm"}):
        grey = appearance(options(color="none"), environ, encoding="utf-8")
        assert grey.theme == "profexd"
    assert appearance(options(theme="nord"), {}, encoding="utf-8").theme == "nord"


def test_an_unknown_theme_and_hosts_that_nobody_named_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in environment(options(), {}):
        monkeypatch.setenv(name, "x")
    assert launch(options(theme="nrod"), connect(SOCKET)) == 2
    assert launch(options(all_hosts=True), connect(SOCKET)) == 2
    said = capsys.readouterr().err
    assert "unknown theme nrod" in said
    assert "tui.toml has no [hosts.NAME]" in said


def test_the_interface_loads_nothing_heavy() -> None:
    program = "import sys, profexd.tui.app, profexd.tui.launch; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_launch_itself_does_not_load_textual() -> None:
    program = "import sys, profexd.tui.launch; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "textual" not in loaded
