"""The columns of the pipelines' table: which fit a width, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from profexd.tui import humane
from profexd.tui.glyphs import Glyphs
from profexd.tui.naming import bare, host_of
from profexd.tui.trend import sparkline
from profexd.wire import (
    TREND_RUNS,
    PipelineJson,
    PipelineState,
    RunJson,
    RunStatus,
    TrendJson,
)

STYLES: dict[str, str] = {
    PipelineState.INVALID: "bold red",
    PipelineState.RUNNING: "bold cyan",
    PipelineState.HELD: "bold magenta",
    PipelineState.DISABLED: "dim",
    PipelineState.PAUSED: "yellow",
    PipelineState.FAILED: "bold red",
    PipelineState.STOPPED: "yellow",
    PipelineState.DONE: "green",
    PipelineState.PENDING: "",
}

RUN_STYLES: dict[str, str] = {
    RunStatus.PENDING: "",
    RunStatus.RUNNING: "bold cyan",
    RunStatus.HELD: "bold magenta",
    RunStatus.DONE: "green",
    RunStatus.SKIPPED: "dim",
    RunStatus.FAILED: "bold red",
    RunStatus.STOPPED: "yellow",
    RunStatus.INTERRUPTED: "bold red",
}

_WENT_WRONG = (RunStatus.FAILED, RunStatus.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Look:
    """How the rows of one of several hosts are drawn: in its accent; dim while it is down."""

    accent: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What the cells depend on beside the pipeline itself."""

    now: datetime
    zone: tzinfo | None
    glyphs: Glyphs
    hosts: Mapping[str, Look] = field(default_factory=dict)
    """Where several share the list."""
    trends: Mapping[str, Sequence[TrendJson]] = field(default_factory=dict)

    def look(self, pipeline: PipelineJson) -> Look | None:
        """Return how the host of a pipeline looks, where there are several."""
        return self.hosts.get(host_of(pipeline["name"])) if self.hosts else None


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``width`` holds the gap to the next one; 0 takes what is left."""

    key: str
    title: str
    width: int
    cell: Callable[[PipelineJson, RunJson | None, View], Text]
    right: bool = False


def _state(pipeline: PipelineJson, _: RunJson | None, __: View) -> Text:
    state = PipelineState(pipeline["state"])
    return Text(f"{state.letter} {state.value}", style=STYLES[state])


def _letter(pipeline: PipelineJson, _: RunJson | None, __: View) -> Text:
    state = PipelineState(pipeline["state"])
    return Text(state.letter, style=STYLES[state])


def _name(pipeline: PipelineJson, _: RunJson | None, __: View) -> Text:
    return Text(bare(pipeline["name"]))


def _host(pipeline: PipelineJson, _: RunJson | None, view: View) -> Text:
    look = view.look(pipeline)
    name = host_of(pipeline["name"])
    if look is None:
        return Text(name)
    return Text(f"{name} !", "bold red") if look.down else Text(name, look.accent)


def _full_name(pipeline: PipelineJson, run: RunJson | None, view: View) -> Text:
    host = _host(pipeline, run, view)
    return host.append("/", "dim").append(bare(pipeline["name"]), "not bold default")


def _schedule(pipeline: PipelineJson, _: RunJson | None, view: View) -> Text:
    return Text(pipeline["schedule"] or view.glyphs.dash)


def _last(pipeline: PipelineJson, run: RunJson | None, view: View) -> Text:
    running = pipeline["running"]
    if running is not None:
        phase = running["phase"] or "starting"
        percent = running["percent"]
        return Text(phase if percent is None else f"{phase} {percent:.0f}%", style="cyan")
    last = pipeline["last_run"]
    if last is None:
        return Text("never", style="dim")
    if last["status"] == RunStatus.PENDING:
        return Text("waiting")
    if last["status"] == RunStatus.RUNNING:
        return Text("retrying" if last["retry_at"] else "starting", style="cyan")
    ended = humane.parse(last["finished_at"] or last["started_at"] or last["scheduled_at"])
    when = humane.since(ended, view.now) if ended else ""
    if last["status"] in _WENT_WRONG:
        return Text(f"{when} ago !", style="bold red")
    if last["status"] == RunStatus.DONE:
        return Text(f"{when} ago")
    return Text(f"{last['status']} {when}", style=RUN_STYLES.get(last["status"], ""))


def _next(pipeline: PipelineJson, run: RunJson | None, view: View) -> Text:
    retry_at = humane.parse(run["retry_at"]) if run else None
    if pipeline["state"] == PipelineState.RUNNING and retry_at is not None:
        return Text(f"retry {humane.rough(retry_at - view.now)}", style="yellow")
    if pipeline["paused"] is not None:
        until = humane.parse(pipeline["paused"]["until"])
        # Resuming is all that is known then: occurrences while paused are not missed.
        return Text(humane.upcoming(until, view.now, view.zone) if until else view.glyphs.dash)
    instant = humane.parse(pipeline["next_run_at"])
    if instant is None or not pipeline["enabled"]:
        return Text(view.glyphs.dash, style="dim")
    return Text(humane.upcoming(instant, view.now, view.zone))


def _took(_: PipelineJson, run: RunJson | None, view: View) -> Text:
    span = elapsed(run, view.now)
    return Text(view.glyphs.dash if span is None else span)


def _rows(pipeline: PipelineJson, run: RunJson | None, view: View) -> Text:
    source = pipeline["running"] or run
    return Text(humane.number(source["rows"]) if source else view.glyphs.dash)


def _bytes(pipeline: PipelineJson, run: RunJson | None, view: View) -> Text:
    source = pipeline["running"] or run
    return Text(humane.size(source["bytes"]) if source else view.glyphs.dash)


def _format(pipeline: PipelineJson, _: RunJson | None, __: View) -> Text:
    return Text(pipeline["format"])


def _sinks(pipeline: PipelineJson, _: RunJson | None, __: View) -> Text:
    return Text(",".join(pipeline["sinks"]))


def _filter(pipeline: PipelineJson, _: RunJson | None, view: View) -> Text:
    return Text(pipeline["filter"] or view.glyphs.dash)


def _trend(pipeline: PipelineJson, _: RunJson | None, view: View) -> Text:
    return sparkline(view.trends.get(pipeline["name"], ()), TREND_RUNS, view.glyphs)


def elapsed(run: RunJson | None, now: datetime) -> str | None:
    """Return how long a run took, or has taken so far."""
    started = humane.parse(run["started_at"]) if run else None
    if run is None or started is None:
        return None
    return humane.duration((humane.parse(run["finished_at"]) or now) - started)


STATE = Column("state", "St", 12, _state)
LETTER = Column("state", "S", 3, _letter)
NAME = Column("name", "Name", 0, _name)
FULL_NAME = Column("name", "Name", 0, _full_name)
LAST = Column("last", "Last", 12, _last)
SCHEDULE = Column("schedule", "Schedule", 15, _schedule)
NEXT = Column("next", "Next", 11, _next)
TREND = Column("trend", "Trend", 10, _trend)
EXTRA = (
    Column("took", "Took", 8, _took, right=True),
    Column("rows", "Rows", 11, _rows, right=True),
    Column("format", "Format", 8, _format),
    Column("sink", "Sink", 10, _sinks),
    Column("bytes", "Bytes", 8, _bytes, right=True),
    Column("filter", "Filter", 14, _filter),
    TREND,
)
_GROWING = {"trend": TREND_RUNS + 1, "sink": 14, "filter": 30}
"""How wide these become before the name gets what is left."""
NAME_MINIMUM = 26
_DESCRIPTION_LEAST = 14
"""In less room it would say nothing."""
_CROWDED_FROM = 130
_NAME_IN_CROWD = 20
_HOST_WIDTHS = (6, 14)
_NAME_AMONG_HOSTS = 18


def fitting(width: int, hosts: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns that fit ``width`` cells; the name gets what the others leave.

    Where there are several ``hosts``, it gives them room too.
    """
    if width < 56:
        return _filled((LETTER, FULL_NAME if hosts else NAME, LAST), width)
    if width < 74:
        return _filled((STATE, FULL_NAME if hosts else NAME, LAST, NEXT), width)
    chosen: tuple[Column, ...] = (STATE, NAME, SCHEDULE, LAST, NEXT)
    if hosts:
        least, most = _HOST_WIDTHS
        room = max(least, min(most, max(map(cell_len, hosts)) + 3))
        host = Column("host", "Host", room, _host)
        roomy = width - sum(column.width for column in (*chosen, host)) >= _NAME_AMONG_HOSTS
        chosen = (STATE, host, NAME, *((SCHEDULE,) if roomy else ()), LAST, NEXT)
    name = _NAME_IN_CROWD if width >= _CROWDED_FROM else NAME_MINIMUM
    left = width - sum(column.width for column in chosen) - name
    for column in EXTRA:
        if column.width > left:
            break
        chosen = (*chosen, column)
        left -= column.width
    left -= NAME_MINIMUM - name
    for key, most in _GROWING.items():
        more = next((most - column.width for column in chosen if column.key == key), 0)
        more = max(0, min(more, left))
        left -= more
        chosen = tuple(
            replace(column, width=column.width + more) if column.key == key else column
            for column in chosen
        )
    return _filled(chosen, width)


def _filled(columns: tuple[Column, ...], width: int) -> tuple[Column, ...]:
    rest = max(8, width - sum(column.width for column in columns))
    return tuple(
        column if column.width else Column(column.key, column.title, rest, column.cell)
        for column in columns
    )


def cells(
    columns: Sequence[Column],
    pipeline: PipelineJson,
    run: RunJson | None,
    view: View,
    *,
    marked: bool,
) -> tuple[Text, ...]:
    """Return one row: every cell cut to its column, with the gap to the next."""
    row: list[Text] = []
    look = view.look(pipeline)
    for column in columns:
        text = column.cell(pipeline, run, view)
        if column.key == NAME.key and pipeline["description"]:
            room = column.width - 1 - text.cell_len
            text.append(f"  {pipeline['description']}" if room >= _DESCRIPTION_LEAST else "", "dim")
        if column.key == TREND.key:
            text = text[-(column.width - 1) :]  # the last ones say more than the first
        if look is not None and look.down and column.key != "host":
            text.stylize("dim")
        if column.key == "state":
            text = Text.assemble(("*" if marked else " ", "bold yellow"), text)
        row.append(fit(text, column.width - 1, view.glyphs, right=column.right))
    return tuple(row)


def titles(columns: Sequence[Column], sorted_by: str, *, reverse: bool) -> list[Text]:
    """Return the head of every column; the one that sorts is underlined."""
    heads: list[Text] = []
    for column in columns:
        title = f" {column.title}" if column.key == "state" else column.title
        width = column.width - 1
        style = "underline" if column.key == sorted_by else ""
        text = title.rjust(width) if column.right else title
        head = Text(text[: len(text) - len(title)] if column.right else "")
        head.append(title + ("'" if reverse and style else ""), style)
        heads.append(head)
    return heads


def fit(text: Text, width: int, glyphs: Glyphs, *, right: bool = False) -> Text:
    """Return ``text`` in exactly ``width`` cells, an ellipsis where something was cut."""
    length = cell_len(text.plain)
    if length > width:
        cut = set_cell_size(text.plain, width - 1).rstrip() + glyphs.ellipsis
        return Text(cut, style=text.style, spans=[span for span in text.spans if span.end < width])
    if right:
        return Text.assemble(" " * (width - length), text)
    return text
