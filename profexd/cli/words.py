"""How times, sizes, counts and states are said to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from profexd.cli.table import Cell
from profexd.wire import PipelineState, RunStatus

_STATE_COLOURS = {
    PipelineState.INVALID: "red",
    PipelineState.RUNNING: "cyan",
    PipelineState.HELD: "yellow",
    PipelineState.DISABLED: "dim",
    PipelineState.PAUSED: "yellow",
    PipelineState.FAILED: "red",
    PipelineState.STOPPED: "magenta",
    PipelineState.DONE: "green",
}
_STATUS_COLOURS = {
    RunStatus.RUNNING: "cyan",
    RunStatus.HELD: "yellow",
    RunStatus.DONE: "green",
    RunStatus.SKIPPED: "dim",
    RunStatus.FAILED: "red",
    RunStatus.STOPPED: "magenta",
    RunStatus.INTERRUPTED: "red",
}
_STEPS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def state_cell(state: str, detail: str = "") -> Cell:
    """Return a pipeline's state as letter and word."""
    try:
        known = PipelineState(state)
    except ValueError:  # a newer daemon may know more states
        return Cell(f"? {state}")
    return Cell(f"{known.letter} {state}{detail}", _STATE_COLOURS.get(known, ""))


def status_cell(status: str) -> Cell:
    """Return a run's status."""
    return Cell(status, status_colour(status))


def status_colour(status: str) -> str:
    """Return the colour of a run's status."""
    known = RunStatus.__members__.get(status.upper())
    return _STATUS_COLOURS.get(known, "") if known is not None else ""


def instant(text: str) -> datetime:
    """Return what an RFC 3339 time means."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def relative(text: str | None, now: datetime) -> str:
    """Return ``4m ago``, ``in 2h``, or ``-``."""
    if text is None:
        return "-"
    seconds = (instant(text) - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"in {brief(seconds)}" if seconds > 0 else f"{brief(-seconds)} ago"


def local(text: str | None) -> str:
    """Return a time in the reader's zone, to the second, with the zone's name."""
    if text is None:
        return "-"
    return f"{instant(text).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def brief(seconds: float) -> str:
    """Return a duration in its largest unit, two where one says too little: ``4m``, ``1h 55m``."""
    for (unit, size), (smaller, part) in pairwise(_STEPS):
        if seconds >= size:
            count, rest = divmod(int(seconds), size)
            detail = f" {rest // part}{smaller}" if count < 3 and size > 60 and rest >= part else ""
            return f"{count}{unit}{detail}"
    return f"{int(seconds)}s"


def took(started: str | None, finished: str | None, now: datetime) -> str:
    """Return how long a run took, or has been taking: ``0.8 s``, ``12.4 s``, ``3m 05s``."""
    if started is None:
        return "-"
    end = instant(finished) if finished is not None else now
    seconds = max((end - instant(started)) / timedelta(seconds=1), 0.0)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m"


def size(count: int) -> str:
    """Return bytes as people say them; MB = 10⁶."""
    value = float(count)
    if value < 1000:
        return f"{count} B"
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def number(count: int) -> str:
    """Return a count with its thousands set apart."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"
