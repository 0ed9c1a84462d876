"""The Overview of one pipeline as lines of text: what is wrong, what goes on, what comes next."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from rich.text import Text

from profexd.tui import humane
from profexd.tui.columns import STYLES, View, elapsed
from profexd.tui.glyphs import bar
from profexd.tui.held import held_lines
from profexd.tui.lines import Lines
from profexd.tui.naming import host_of
from profexd.tui.pace import Pace
from profexd.tui.reasons import held_run
from profexd.tui.store import State, latest_run
from profexd.tui.trend import trend
from profexd.wire import PipelineJson, PipelineState, RunJson, RunningJson, RunStatus

_LABEL_WIDTH = 9
_BAR_WIDTH = 24
_MESSAGE_LINES = 5
_PROBLEMS_SHOWN = 5
_FILES_SHOWN = 2


def overview(pipeline: PipelineJson, state: State, view: View, width: int) -> Text:
    """Return the lines."""
    lines = Lines(width)
    run = latest_run(state, pipeline["name"])
    _host(lines, pipeline, state, view)
    _problems(lines, pipeline)
    if pipeline["running"] is not None:
        pace = state.paces.get(pipeline["name"])
        _running(lines, pipeline["running"], run, pace, view, width)
    waiting = held_run(pipeline)
    if waiting is not None:
        held_lines(lines, waiting, view)
    _retrying(lines, run, view)
    _paused(lines, pipeline, view)
    if not pipeline["enabled"] and pipeline["format"]:
        lines.append(Text("Disabled: its file says enabled = false", style="yellow"))
    last = pipeline["last_run"]
    if last is not None and RunStatus(last["status"]).finished:
        _finished(lines, last, view)
    elif last is not None and last["status"] == RunStatus.PENDING:
        lines.append(Text("Waiting for its turn", style="cyan"))
    elif last is None and pipeline["running"] is None and not pipeline["problems"]:
        lines.append(Text("Never run yet; r runs it now", style="dim"))
    _facts(lines, pipeline, last, view)
    for label, bars in trend(state.runs.get(pipeline["name"], ()), view.glyphs):
        lines.append(Text(label.ljust(_LABEL_WIDTH), "dim").append_text(bars))
    return lines.text


def _host(lines: Lines, pipeline: PipelineJson, state: State, view: View) -> None:
    """Say that one of several hosts is down: all below is what was last known."""
    look = view.look(pipeline)
    if look is None or not look.down:
        return
    age = f", data from {humane.rough(view.now - state.heard_at)} ago" if state.heard_at else ""
    host = host_of(pipeline["name"])
    lines.append(Text(f"{host} is not connected{age}; r tries now", style="bold red"))
    if state.failure is not None:
        lines.add(state.failure.message, indent=2)
        if state.failure.hint:
            lines.add(state.failure.hint, head=Text("  hint: ", "bold"), indent=8)


def _problems(lines: Lines, pipeline: PipelineJson) -> None:
    if not pipeline["problems"]:
        return
    if pipeline["state"] == PipelineState.INVALID:
        lines.append(
            Text(
                f"Invalid configuration: {humane.count(len(pipeline['problems']), 'problem')}",
                style="bold red",
            )
        )
    for problem in pipeline["problems"][:_PROBLEMS_SHOWN]:
        style = "red" if problem["severity"] == "error" else "yellow"
        place = f"{problem['file']}:{problem['line']}:{problem['column']}: "
        key = f"{problem['key']}: " if problem["key"] else ""
        lines.add(key + problem["message"], style, head=Text(f"  {place}", "dim"), indent=4)
        if problem["hint"]:
            lines.add(problem["hint"], indent=4)
    hidden = len(pipeline["problems"]) - _PROBLEMS_SHOWN
    if hidden > 0:
        lines.append(Text(f"  and {hidden} more: v shows all", style="dim"))


def _running(
    lines: Lines,
    running: RunningJson,
    run: RunJson | None,
    pace: Pace | None,
    view: View,
    width: int,
) -> None:
    took = elapsed(run, view.now)
    head = Text(f"Running: {running['phase'] or 'starting'}", style=STYLES[PipelineState.RUNNING])
    if took:
        head.append(f" {view.glyphs.dot} {took}", "not bold")
    if run is not None and run["attempt"] > 1:
        head.append(f" {view.glyphs.dot} attempt {run['attempt']}", "not bold")
    lines.append(head)
    progress = Text("  ")
    percent = running["percent"]
    if percent is not None:
        full, empty = bar(percent, min(_BAR_WIDTH, max(8, width - 40)), view.glyphs)
        progress.append(full, "cyan").append(empty, "dim").append(f" {percent:.0f} %  ")
    progress.append(f"{humane.number(running['rows'])} rows  {humane.size(running['bytes'])}")
    lines.append(progress)
    _speed(lines, pace if pace and pace.run_id == running["run_id"] else None, view)


def _speed(lines: Lines, pace: Pace | None, view: View) -> None:
    if pace is None:
        return
    words: list[str] = []
    if pace.rows_per_second:
        words.append(f"{humane.number(round(pace.rows_per_second))} rows/s")
    if pace.bytes_per_second:
        words.append(f"{humane.size(round(pace.bytes_per_second))}/s")
    left = pace.left(view.now)
    if left is not None:
        words.append(f"{humane.duration(left)} left in {pace.phase}")
    if words:
        lines.append(Text("  " + "  ".join(words)))


def _retrying(lines: Lines, run: RunJson | None, view: View) -> None:
    retry_at = humane.parse(run["retry_at"]) if run else None
    if run is None or retry_at is None or RunStatus(run["status"]).finished:
        return
    wait = humane.duration(max(retry_at - view.now, timedelta()))
    lines.append(Text(f"Attempt {run['attempt']} failed, the next in {wait}", style="bold yellow"))
    _error(lines, run)


def _paused(lines: Lines, pipeline: PipelineJson, view: View) -> None:
    paused = pipeline["paused"]
    if paused is None:
        return
    at, until = humane.parse(paused["at"]), humane.parse(paused["until"])
    text = f"Paused by {paused['by']}"
    if at:
        text += f" {humane.ago(at, view.now)}"
    if until:
        text += f" until {humane.moment(until, view.zone)}"
    if paused["reason"]:
        text += f": {paused['reason']}"
    lines.add(text, "yellow")


def _finished(lines: Lines, run: RunJson, view: View) -> None:
    ended = humane.parse(run["finished_at"])
    went_wrong = run["status"] in (RunStatus.FAILED, RunStatus.INTERRUPTED)
    if run["error"] is None and not went_wrong:
        return
    style = "bold red" if went_wrong else "yellow"
    text = run["status"].capitalize()
    if ended:
        text += f" {humane.ago(ended, view.now)}"
    if run["phase"]:
        text += f" in {run['phase']}"
    if run["attempt"] > 1:
        text += f", attempt {run['attempt']}"
    lines.append(Text(text, style=style))
    _error(lines, run)


def _error(lines: Lines, run: RunJson) -> None:
    error = run["error"]
    if error is None:
        return
    first, *more = error["message"].splitlines() or [""]
    lines.add(first, head=Text.assemble("  ", (error["code"], "bold red"), "  "), indent=4)
    for line in more[: _MESSAGE_LINES - 1]:
        lines.add(line, indent=4)
    if error["hint"]:
        lines.add(error["hint"], head=Text("  hint: ", "bold"), indent=8)


def _facts(lines: Lines, pipeline: PipelineJson, last: RunJson | None, view: View) -> None:
    if pipeline["description"]:
        _fact(lines, "About", pipeline["description"])
    upcoming = [humane.parse(at) for at in (pipeline.get("next_runs") or [])[:3]]
    instants = [instant for instant in upcoming if instant is not None]
    if instants:
        times = [humane.moment(instants[0], view.zone)[:16]]
        for before, instant in pairwise(instants):
            text = humane.moment(instant, view.zone)[:16]
            same_day = humane.moment(before, view.zone)[:10] == text[:10]
            times.append(text[11:] if same_day else text)
        zone = humane.zone_name(instants[0], view.zone)
        _fact(lines, "Next", ", ".join(times) + f" {zone}")
    if pipeline["schedule"]:
        _fact(lines, "Schedule", pipeline["schedule"])
    if last is not None and last["status"] == RunStatus.DONE:
        _fact(lines, "Last ok", _summary(last, view))
        for label, made in zip(("Files", ""), last["files"], strict=False):
            _fact(lines, label, made["uri"])
        if len(last["files"]) > _FILES_SHOWN:
            _fact(lines, "", f"and {len(last['files']) - _FILES_SHOWN} more")
    target = pipeline["uri"] or pipeline["path"]
    if target:
        _fact(lines, "Target", target)
    if pipeline["format"]:
        sinks = ", ".join(pipeline["sinks"])
        parts = [pipeline["format"], f"to {sinks}" if sinks else "", f"from {pipeline['source']}"]
        _fact(lines, "Export", " ".join(part for part in parts if part))
    if pipeline["filter"]:
        _fact(lines, "Filter", pipeline["filter"])
    if pipeline["export_id"]:
        _fact(lines, "Id", pipeline["export_id"])
    file = pipeline.get("file")
    if file:
        _fact(lines, "Config", str(file))


def _summary(run: RunJson, view: View) -> str:
    ended = humane.parse(run["finished_at"])
    parts = [f"{humane.number(run['rows'])} rows", humane.size(run["bytes"])]
    took = elapsed(run, view.now)
    if took:
        parts.append(took)
    when = humane.moment(ended, view.zone)[:16] if ended else ""
    return f"{when} ({', '.join(parts)})"


def _fact(lines: Lines, label: str, value: str) -> None:
    lines.add(value, head=Text(label.ljust(_LABEL_WIDTH), "dim"), indent=_LABEL_WIDTH)
