"""Measures the terminal interface in a real tmux: over sshd, and with a thousand pipelines."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from benchmarks.many import Look
from benchmarks.measure import ROOT
from benchmarks.report import measured, verdict
from tests.end_to_end.site import BIN, Site
from tests.remote.far import Far, behind_sshd
from tests.servers.sshd import descendants
from tests.tui.tmux import Terminal

FIRST_PAINT_SECONDS = 0.7
KEY_SECONDS = 0.1
IDLE_SHARE = 0.02
KEYSTROKES = 12
GROWTH = 0.1
"""Memory is flat where the last half of an hour adds no more than this share."""
_PAINTED = "? help"
_PROMPT = "far$ "
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Start:
    """From the return key to the first paint, and to the list of a live daemon."""

    painted: float
    painted_cpu: float
    live: float
    live_cpu: float


@dataclass(frozen=True, slots=True)
class Repair:
    """A failed pipeline that was found, read, edited, run again and seen to succeed."""

    keys: int
    typed: int
    seconds: float


def section(folder: Path, *, starts: int, pipelines: int, running: int, rest: float) -> str:
    """Return what was found, as a section of the page."""
    with _host(folder / "far") as far:
        there = _starts(
            far, far.sshd, f"ssh -F {far.folder}/config -t far", "profexctl tui", starts
        )
        command = f"{BIN}/profexctl --host far tui"
        environ = f"PROFEXD_SSH='{far.ssh}' XDG_RUNTIME_DIR={far.runtime}"
        from_here = _starts(far, None, "sh", f"{environ} {command}", starts)
        repair = _repair(far)
    return "\n".join(
        [
            "In a real tmux of 80x24. Seconds are those until the text was on the screen, seen by"
            " `tmux capture-pane`;\nCPU seconds are those of the interface alone.",
            "",
            "| start | first paint | CPU | the list, live | CPU |",
            "|---|--:|--:|--:|--:|",
            *_start_rows("in a session of ssh", there),
            *_start_rows("here, `--host`", from_here),
            "",
            f"A failed pipeline was found, its error read, its file edited in vi, run again and"
            f" seen to succeed\nwith {repair.keys} keys {verdict(repair.keys < KEYSTROKES)}"
            f" and {repair.typed} characters typed in vi, in {repair.seconds:.1f} s.",
            "",
            *_crowd(folder, pipelines, running, rest),
            "",
            measured(),
        ]
    )


# -- over sshd


@contextmanager
def _host(folder: Path) -> Iterator[Far]:
    folder.mkdir()
    database = folder / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "CREATE TABLE profiles AS SELECT 'p' || i AS profile_id, 'name ' || i AS name"
            " FROM range(1000) r(i)"
        )
    site = Site(folder, database)
    for name in ("customers", "newsletter", "stock"):
        site.pipeline(name)
    with behind_sshd(site) as far:
        site.start()
        yield far


def _starts(far: Far, above: int | None, shell: str, command: str, count: int) -> list[Start]:
    """Start it so often in one shell, and leave it again."""
    found: list[Start] = []
    with Terminal(Path(mkdtemp(dir=far.folder)), [*shell.split()]) as terminal:
        terminal.press(f"PS1='{_PROMPT}' PATH={BIN}:$PATH", "Enter")
        _until(terminal, lambda screen: screen.rstrip().endswith(_PROMPT.rstrip()))
        for _ in range(count):
            terminal.press(command)
            _until(terminal, lambda screen: "tui" in screen)
            began = time.perf_counter()
            terminal.press("Enter")
            _until(terminal, lambda screen: _PAINTED in screen)
            painted, pid = time.perf_counter() - began, _interface(above or terminal.pid)
            painted_cpu = Look.at(pid).cpu
            _until(terminal, lambda screen: "newsletter" in screen)
            live = time.perf_counter() - began
            found.append(Start(painted, painted_cpu, live, Look.at(pid).cpu))
            terminal.press("q")
            _until(terminal, lambda screen: _PAINTED not in screen)
            terminal.press("clear", "Enter")
            _until(terminal, lambda screen: "tui" not in screen)
    return found


def _repair(far: Far) -> Repair:
    """Mend what keeps a pipeline from succeeding, as somebody would who never saw it before."""
    site = far.site
    site.pipeline("partner_feed", on_existing='"fail"')
    site.outbox.mkdir(exist_ok=True)
    (site.outbox / "partner_feed.csv").write_text("somebody's\n")
    site.until(lambda: "partner_feed" in site.listed(), "the pipeline is there")
    site.profexctl("run", "partner_feed", "--wait")
    keys = typed = 0
    with Terminal(
        Path(mkdtemp(dir=far.folder)), [*f"ssh -F {far.folder}/config -t far".split()]
    ) as terminal:
        terminal.press(f"EDITOR='vi -u NONE' {BIN}/profexctl tui", "Enter")
        terminal.sees("live", "F failed")
        began = time.perf_counter()

        def press(key: str) -> None:
            nonlocal keys
            keys += 1
            terminal.press(key)

        press("!")
        terminal.sees("target_exists", "hint:")
        press("e")
        terminal.sees("[format]", "on_existing")
        for text in ("/fail", "Enter", "cwoverwrite", "Escape", ":wq", "Enter"):
            typed += 1 if text in ("Enter", "Escape") else len(text)
            terminal.press(text)
        terminal.sees("1 of 4 pipelines")
        site.until(
            lambda: "overwrite" in (site.config / "pipelines/partner_feed.toml").read_text(),
            "the file is saved",
        )
        press("r")
        terminal.sees("- pending", "Last ok", "1 000 rows")
        seconds = time.perf_counter() - began
        terminal.press("q")
    return Repair(keys, typed, seconds)


def _start_rows(where: str, starts: Sequence[Start]) -> list[str]:
    first, *later = starts
    usual = Start(
        *(
            statistics.median(getattr(start, field) for start in later)
            for field in ("painted", "painted_cpu", "live", "live_cpu")
        )
    )
    met = verdict(usual.painted < FIRST_PAINT_SECONDS)
    return [
        f"| {where}, first | {first.painted:.2f} | {first.painted_cpu:.2f}"
        f" | {first.live:.2f} | {first.live_cpu:.2f} |",
        f"| {where}, second to {len(starts)}th, median | {usual.painted:.2f} {met}"
        f" | {usual.painted_cpu:.2f} | {usual.live:.2f} | {usual.live_cpu:.2f} |",
    ]


# -- a thousand pipelines


def _crowd(folder: Path, pipelines: int, running: int, rest: float) -> list[str]:
    """Watch a daemon of words alone: at rest, at work, at keys, and for an hour in a minute."""
    socket = str(folder / "standin")
    with (
        _standin(socket, pipelines, running) as pace,
        Terminal(folder, [f"{BIN}/profexctl", "tui", "--socket", socket]) as terminal,
    ):
        terminal.sees("live", "p0000")
        pid = _interface(terminal.pid)
        time.sleep(2)
        silent = _share(pid, rest)
        pace(1)
        busy = _share(pid, rest)
        waits, each = _keys(terminal, pid)
        pace(0)
        minutes = [Look.at(pid).rss]
        for _ in range(4):
            _hour(pace, 900)
            minutes.append(Look.at(pid).rss)
        terminal.press("q")
        terminal.sees("exit code 0")
    waits.sort()
    usual, late = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    grown = minutes[4] / minutes[2] - 1
    megabytes = ", ".join(f"{rss / 1e6:.0f}" for rss in minutes)
    return [
        f"{pipelines:,} pipelines of which {running} run, told of by a stand-in for the daemon at"
        " the pace of the real one:",
        "",
        "| | |",
        "|---|--:|",
        f"| idle while nothing is told, share of a core | {100 * silent:.2f} %"
        f" {verdict(silent < IDLE_SHARE)} |",
        f"| idle while {running} runs tell of their progress | {100 * busy:.2f} %"
        f" {verdict(busy < IDLE_SHARE)} |",
        f"| a key until the screen has changed, median | {1000 * usual:.0f} ms"
        f" {verdict(usual < KEY_SECONDS)} |",
        f"| the same, 95 of 100 | {1000 * late:.0f} ms {verdict(late < KEY_SECONDS)} |",
        f"| CPU of a key, with the progress meanwhile | {1000 * each:.0f} ms |",
        f"| memory at the start and after each quarter of an hour of events, MB | {megabytes}"
        f" {verdict(grown < GROWTH)} |",
    ]


def _keys(terminal: Terminal, pid: int) -> tuple[list[float], float]:
    """Press keys; return how long each took until something else was on the screen, and its CPU."""
    waits: list[float] = []
    cpu = Look.at(pid).cpu
    for key in ["j"] * 20 + ["k"] * 20 + ["2", "1"] * 5:
        before, began = _still(terminal.screen), time.perf_counter()
        terminal.press(key)
        _until(terminal, partial(_other, before))
        waits.append(time.perf_counter() - began)
    return waits, (Look.at(pid).cpu - cpu) / len(waits)


def _other(before: str, screen: str) -> bool:
    return _still(screen) != before


def _still(screen: str) -> str:
    """Return the line of the tabs, which names the pipeline: progress changes all else."""
    return next((line for line in screen.splitlines() if "Overview" in line), "")


def _hour(pace: Callable[[float], float], seconds: float) -> None:
    """Let so many seconds of the stand-in pass, a minute in one of ours."""
    passed = pace(60)
    until = passed + seconds
    while passed < until:
        time.sleep(min(1.0, (until - passed) / 60))
        passed = pace(60)
    pace(0)
    time.sleep(1.5)


@contextmanager
def _standin(socket: str, pipelines: int, running: int) -> Iterator[Callable[[float], float]]:
    command = [sys.executable, "-m", "benchmarks.standin", socket, str(pipelines), str(running)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()

        def pace(seconds: float) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        try:
            yield pace
        finally:
            process.kill()


def _share(pid: int, seconds: float) -> float:
    cpu, began = Look.at(pid).cpu, time.perf_counter()
    time.sleep(seconds)
    return (Look.at(pid).cpu - cpu) / (time.perf_counter() - began)


def _interface(above: int) -> int:
    """Return the process of the interface, somewhere below another."""
    for pid in descendants(above):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.path.basename(words[0]).startswith(b"python") and b"tui" in words:
            return pid
    raise AssertionError("no interface runs")


def _until(terminal: Terminal, condition: Callable[[str], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition(screen := terminal.screen):
        assert time.monotonic() < deadline, f"waited in vain; the screen is\n{screen}"
