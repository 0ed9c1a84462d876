"""How long the last runs took and how much they delivered, as a line of bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rich.text import Text

from profexd.tui import humane
from profexd.tui.glyphs import Glyphs
from profexd.wire import RunJson, RunStatus

SHOWN = 20
_WENT_WRONG = (RunStatus.FAILED, RunStatus.INTERRUPTED)


def trend(runs: Sequence[RunJson], glyphs: Glyphs) -> list[tuple[str, Text]]:
    """Return labelled lines, oldest run first; none where fewer than two runs are over.

    ``runs`` are newest first. A run that failed is a red bar, by how long it took.
    """
    over = [run for run in reversed(runs[:SHOWN]) if _took(run) is not None]
    if len(over) < 2:
        return []
    took = [_took(run) or timedelta() for run in over]
    durations = _bars([span.total_seconds() for span in took], over, glyphs)
    usual = sorted(took)[len(took) // 2]
    lines = [("Took", durations.append(f"  usually {humane.duration(usual)}", "dim"))]
    done = [run for run in over if run["status"] == RunStatus.DONE]
    if len(done) > 1:
        rows = _bars([float(run["rows"]) for run in done], done, glyphs)
        least, most = min(run["rows"] for run in done), max(run["rows"] for run in done)
        words = humane.number(least)
        if most != least:
            words += f" to {humane.number(most)}"
        lines.append(("Rows", rows.append(f"  {words}", "dim")))
    return lines


def _took(run: RunJson) -> timedelta | None:
    started, ended = humane.parse(run["started_at"]), humane.parse(run["finished_at"])
    return ended - started if started and ended else None


def _bars(values: Sequence[float], runs: Sequence[RunJson], glyphs: Glyphs) -> Text:
    most = max(values) or 1.0
    steps = len(glyphs.bars) - 1
    text = Text()
    for value, run in zip(values, runs, strict=True):
        bar = glyphs.bars[round(max(value, 0.0) / most * steps)]
        wrong = run["status"] in _WENT_WRONG
        text.append(glyphs.wrong if wrong else bar, "bold red" if wrong else "cyan")
    return text
