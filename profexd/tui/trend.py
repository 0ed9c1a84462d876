"""How long the last runs took and how much they delivered, as a line of bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rich.text import Text

from profexd.tui import humane
from profexd.tui.glyphs import Glyphs
from profexd.wire import TREND_RUNS, RunJson, RunStatus, TrendJson

_WENT_WRONG = (RunStatus.FAILED, RunStatus.INTERRUPTED)


def trend(runs: Sequence[RunJson], glyphs: Glyphs) -> list[tuple[str, Text]]:
    """Return labelled lines, oldest run first; none where fewer than two runs are over.

    ``runs`` are newest first. A run that failed is a red bar, by how long it took.
    """
    over = [run for run in reversed(runs[:TREND_RUNS]) if _took(run) is not None]
    if len(over) < 2:
        return []
    took = [_took(run) or timedelta() for run in over]
    durations = _bars([span.total_seconds() for span in took], _words(over), glyphs)
    usual = sorted(took)[len(took) // 2]
    lines = [("Took", durations.append(f"  usually {humane.duration(usual)}", "dim"))]
    done = [run for run in over if run["status"] == RunStatus.DONE]
    if len(done) > 1:
        rows = _bars([float(run["rows"]) for run in done], _words(done), glyphs)
        least, most = min(run["rows"] for run in done), max(run["rows"] for run in done)
        words = humane.number(least)
        if most != least:
            words += f" to {humane.number(most)}"
        lines.append(("Rows", rows.append(f"  {words}", "dim")))
    return lines


def _took(run: RunJson) -> timedelta | None:
    started, ended = humane.parse(run["started_at"]), humane.parse(run["finished_at"])
    return ended - started if started and ended else None


def sparkline(runs: Sequence[TrendJson], most: int, glyphs: Glyphs) -> Text:
    """Return how long at most so many of the last runs took, a bar each."""
    shown = runs[-most:]
    return _bars([run["seconds"] for run in shown], _words(shown), glyphs)


def trend_of(run: RunJson) -> TrendJson | None:
    """Return what is left of a run that is over."""
    took = _took(run)
    if took is None:
        return None
    return {
        "run_id": run["run_id"],
        "status": run["status"],
        "seconds": took.total_seconds(),
        "rows": run["rows"],
    }


def _words(runs: Sequence[RunJson] | Sequence[TrendJson]) -> list[str]:
    return [run["status"] for run in runs]


def _bars(values: Sequence[float], statuses: Sequence[str], glyphs: Glyphs) -> Text:
    most = max(values, default=0.0) or 1.0
    steps = len(glyphs.bars) - 1
    text = Text()
    for value, status in zip(values, statuses, strict=True):
        bar = glyphs.bars[round(max(value, 0.0) / most * steps)]
        wrong = status in _WENT_WRONG
        text.append(glyphs.wrong if wrong else bar, "bold red" if wrong else "cyan")
    return text
