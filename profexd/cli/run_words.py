"""How runs are shown to people: one in a few lines, many as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from profexd.cli.console import Console, plain
from profexd.cli.table import Heading, write_table
from profexd.cli.words import (
    local,
    number,
    plural,
    relative,
    size,
    status_cell,
    status_colour,
    took,
)
from profexd.wire import ComparisonJson, FileKind, RunJson, RunStatus

_HEADINGS = (
    Heading("RUN"),
    Heading("PIPELINE", least=16),
    Heading("STATUS"),
    Heading("TRIGGER", drop=5),
    Heading("STARTED"),
    Heading("TOOK", drop=3, right=True),
    Heading("ROWS", drop=1, right=True),
    Heading("SIZE", drop=2, right=True),
    Heading("ERROR", drop=4, least=16),
)

_KINDS: dict[str, str] = {FileKind.DATA: "file", FileKind.SIGNATURE: "signed"}


def write_runs(console: Console, runs: Sequence[RunJson], now: datetime) -> None:
    """Write a table of runs."""
    write_table(
        console,
        _HEADINGS,
        [
            [
                run["run_id"],
                run["pipeline"],
                status_cell(run["status"]),
                run["trigger"],
                relative(run["started_at"], now),
                took(run["started_at"], run["finished_at"], now),
                number(run["rows"]),
                size(run["bytes"]),
                run["error"]["code"] if run["error"] is not None else "-",
            ]
            for run in runs
        ],
    )


def write_run(console: Console, run: RunJson, now: datetime, *, status: str | None = None) -> None:
    """Write one run: how it stands, what it made, what went wrong.

    ``status`` is a word that says more than the run's own.
    """
    status = console.paint(status or run["status"], status_colour(run["status"]))
    console.print(f"run {run['run_id']} of {run['pipeline']}: {status}{_sum(run, now)}")
    _write(console, "trigger", _trigger(run))
    if run["started_at"] is not None:
        _write(
            console, "started", f"{local(run['started_at'])} ({relative(run['started_at'], now)})"
        )
    if run["retry_at"] is not None:
        _write(console, "retry", f"{local(run['retry_at'])} ({relative(run['retry_at'], now)})")
    if run["status"] == "running" and run["phase"] is not None:
        _write(console, "phase", run["phase"])
    for file in run["files"]:
        kind = file.get("kind", FileKind.DATA)
        data = kind == FileKind.DATA
        note = "" if file["status"] == "published" else f"  ({file['status'] or 'not written'})"
        _write(console, _KINDS.get(kind, kind), f"{file['uri']}{note}")
        if file["status"] is None:
            continue
        rows = f"{plural(file['rows'], 'row')}, " if data else ""
        _write(console, "", f"{rows}{size(file['bytes'])}, sink {file['sink']}")
        if file["sha256"]:
            _write(console, "sha256", file["sha256"])
    for check in run["checks"]:
        _write(console, "check", _check(check), "" if check["ok"] else "yellow")
    if run["hold"] is not None and run["status"] == RunStatus.HELD:
        until = run["hold"]["until"]
        _write(console, "until", f"{local(until)} ({relative(until, now)}): then it is rejected")
    for warning in run["warnings"]:
        _write(console, "warning", warning, "yellow")
    if run["error"] is not None:
        _write(console, "error", f"{run['error']['message']} ({run['error']['code']})", "red")
        if run["error"]["hint"]:
            _write(console, "hint", run["error"]["hint"])


def _sum(run: RunJson, now: datetime) -> str:
    if run["started_at"] is None:
        return ""
    duration = took(run["started_at"], run["finished_at"], now)
    return f", {plural(run['rows'], 'row')}, {size(run['bytes'])}, {duration}"


def _check(check: ComparisonJson) -> str:
    what = f"{check['check']} of {check['column']}" if check["column"] else check["check"]
    limit = f", limit {check['limit']}" if check["limit"] else ""
    before = f", before {check['before']}" if check["before"] is not None else ""
    return f"{what}: {check['value']}{limit}{before}{'' if check['ok'] else ': failed'}"


def _trigger(run: RunJson) -> str:
    attempt = f", attempt {run['attempt']}" if run["attempt"] > 1 else ""
    if origin := run.get("origin"):
        return f"{run['trigger']} of run {origin}{attempt}"
    if run["scheduled_at"] is None:
        return f"{run['trigger']}{attempt}"
    return f"{run['trigger']}, due {local(run['scheduled_at'])}{attempt}"


def _write(console: Console, label: str, text: str, colour: str = "") -> None:
    first, *rest = plain(text).splitlines() or [""]
    console.print(f"  {console.paint(f'{label:<9}', colour)}{first}")
    for line in rest:
        console.print(f"  {'':<9}{line}")
