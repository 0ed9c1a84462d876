"""``profexctl list``: the pipelines as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.table import Cell, Heading, write_table
from profexd.cli.words import plural, relative, state_cell, status_colour
from profexd.wire import PipelineJson, PipelineState

_HEADINGS = (
    Heading("STATE"),
    Heading("NAME", least=16),
    Heading("SCHEDULE", drop=2, least=12),
    Heading("LAST", drop=1),
    Heading("NEXT"),
    Heading("TARGET", drop=3, least=40),
)


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([*PipelineState], case_sensitive=False),
    help="Only pipelines in this state; may be repeated.",
)
@click.option("--sink", metavar="NAME", help="Only pipelines that deliver to this sink.")
@click.option("--kind", type=click.Choice(["profiles", "events"]), help="Only this kind of rows.")
@click.option(
    "--frequency",
    type=click.Choice(["once", "recurring", "manual"]),
    help="Only pipelines that run so often.",
)
@click.option("--search", metavar="TEXT", help="Only where a name, export id or run id has TEXT.")
@shared_options
@click.pass_obj
def command(
    caller: Caller,
    states: tuple[PipelineState, ...],
    sink: str | None,
    kind: str | None,
    frequency: str | None,
    search: str | None,
) -> None:
    """Show the pipelines: state, schedule, last and next run."""
    every = caller.client.pipelines()
    shown = [
        pipeline
        for pipeline in every
        if (not states or pipeline["state"] in states)
        and (sink is None or sink in pipeline["sinks"])
        and kind in (None, pipeline["kind"])
        and frequency in (None, pipeline["frequency"])
        and (search is None or _found(search, pipeline))
    ]
    if caller.as_json:
        caller.console.json(shown)
        return
    if shown:
        now = caller.now()
        write_table(caller.console, _HEADINGS, [_row(pipeline, now) for pipeline in shown])
        if caller.console.width is not None:
            _say_what_needs_care(caller, shown)
    elif every:
        caller.console.say(f"none of {plural(len(every), 'pipeline')} is like that")
    else:
        directory = caller.client.info()["config"]
        caller.console.say(f"no pipelines yet: put a file into {directory}/pipelines")


def _found(text: str, pipeline: PipelineJson) -> bool:
    running, last = pipeline["running"], pipeline["last_run"]
    places = [pipeline["name"], pipeline["export_id"]]
    places += [run["run_id"] for run in (running, last) if run is not None]
    return any(text.casefold() in place.casefold() for place in places)


def _row(pipeline: PipelineJson, now: datetime) -> list[Cell | str]:
    running, last = pipeline["running"], pipeline["last_run"]
    detail = ""
    if running is not None and pipeline["state"] == PipelineState.RUNNING:
        percent = running["percent"]
        detail = f" {percent:.0f}%" if percent is not None else ""
    last_cell = Cell("-")
    if last is not None:
        when = relative(last["finished_at"] or last["started_at"], now)
        last_cell = Cell(f"{last['status']} {when}", status_colour(last["status"]))
    return [
        state_cell(pipeline["state"], detail),
        pipeline["name"],
        pipeline["schedule"] or "-",
        last_cell,
        relative(pipeline["next_run_at"], now),
        pipeline["uri"] or "-",
    ]


def _say_what_needs_care(caller: Caller, shown: Sequence[PipelineJson]) -> None:
    count = Counter(pipeline["state"] for pipeline in shown)
    if count[PipelineState.INVALID]:
        caller.console.say(f"{count[PipelineState.INVALID]} invalid: profexctl check says why")
    if count[PipelineState.FAILED]:
        caller.console.say(f"{count[PipelineState.FAILED]} failed: profexctl show NAME says why")
