"""How one pipeline is shown to people: what is wrong first, then what it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime

from profexd.cli.console import Console, plain
from profexd.cli.words import (
    local,
    number,
    plural,
    relative,
    size,
    state_cell,
    status_colour,
    took,
)
from profexd.wire import PipelineJson, RunJson

_LABEL = 11
_MORE_TIMES = 3


def write_pipeline(console: Console, pipeline: PipelineJson, now: datetime) -> None:
    """Write one pipeline, a label and a value per line."""
    state = state_cell(pipeline["state"])
    console.print(
        f"{console.paint(pipeline['name'], 'bold')}: {console.paint(state.text, state.colour)}"
    )
    if pipeline["description"]:
        console.print(f"  {plain(pipeline['description'])}")
    for problem in pipeline["problems"]:
        place = f"{problem['file']}:{problem['line']}:{problem['column']}"
        key = f"{problem['key']}: " if problem["key"] else ""
        colour = "red" if problem["severity"] == "error" else "yellow"
        _write(console, problem["severity"], f"{place}: {key}{problem['message']}", colour)
        if problem["hint"]:
            _write(console, "hint", problem["hint"])
    last = pipeline["last_run"]
    if last is not None and last["error"] is not None:
        _write(
            console, "last error", f"{last['error']['message']} ({last['error']['code']})", "red"
        )
        if last["error"]["hint"]:
            _write(console, "hint", last["error"]["hint"])
    for label, text, colour in _facts(pipeline, now):
        if text:  # a file that was never valid says little
            _write(console, label, text, colour)


def _facts(pipeline: PipelineJson, now: datetime) -> Iterator[tuple[str, str, str]]:
    running, paused, last = pipeline["running"], pipeline["paused"], pipeline["last_run"]
    if running is not None:
        percent = f" {running['percent']:.0f}%" if running["percent"] is not None else ""
        how = f"{running['phase'] or 'pending'}{percent}"
        done = f"{plural(running['rows'], 'row')}, {size(running['bytes'])}"
        yield "running", f"run {running['run_id']}, {how}, {done}", "cyan"
    if paused is not None:
        until = f", until {local(paused['until'])}" if paused["until"] is not None else ""
        reason = f": {paused['reason']}" if paused["reason"] else ""
        yield "paused", f"by {paused['by']} {relative(paused['at'], now)}{until}{reason}", "yellow"
    if pipeline["uri"] and not pipeline["enabled"]:
        yield "enabled", "no; enabled = true in its file lets it run", ""
    yield "target", pipeline["uri"], ""
    yield "source", f"{pipeline['source']} ({pipeline['kind']})" if pipeline["source"] else "", ""
    yield "sinks" if len(pipeline["sinks"]) > 1 else "sink", ", ".join(pipeline["sinks"]), ""
    yield "format", pipeline["format"], ""
    if pipeline["filter"]:
        yield "filter", pipeline["filter"], ""
    yield "schedule", pipeline["schedule"], ""
    if pipeline["next_run_at"] is not None:
        when = f"{local(pipeline['next_run_at'])} ({relative(pipeline['next_run_at'], now)})"
        yield "next run", when, ""
        for later in pipeline["next_runs"][1:_MORE_TIMES]:
            yield "", local(later), ""
    if last is not None:
        yield "last run", _run(last, now), status_colour(last["status"])
    yield "export id", pipeline["export_id"], ""
    yield "file", pipeline["file"], ""


def _run(run: RunJson, now: datetime) -> str:
    when = relative(run["finished_at"] or run["started_at"], now)
    sums = f"{number(run['rows'])} rows, {size(run['bytes'])}"
    duration = took(run["started_at"], run["finished_at"], now)
    return f"{run['status']} {when}, {sums}, {duration} (run {run['run_id']})"


def _write(console: Console, label: str, text: str, colour: str = "") -> None:
    """Write a label and a text that goes on below itself; a long word (a URI) is never broken."""
    width = max((console.width or 1000) - _LABEL - 2, 20)
    lines = [
        piece
        for line in plain(text or "-").splitlines()
        for piece in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        or [""]
    ]
    for index, line in enumerate(lines):
        shown = console.paint(f"{label if index == 0 else '':<{_LABEL}}", colour)
        console.print(f"  {shown}{line}")
