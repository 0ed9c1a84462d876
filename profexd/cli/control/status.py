"""``profexctl status``: how the daemon and its pipelines do, at one look."""

from __future__ import annotations

from collections import Counter

import click

from profexd.cli.console import plain
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.show import show
from profexd.cli.problem_words import SETTINGS_FILE
from profexd.cli.table import Heading, write_table
from profexd.cli.words import plural, relative, size, state_cell
from profexd.wire import InfoJson, PipelineJson, PipelineState, ProblemJson

_RUNNING = (
    Heading("RUNNING", least=16),
    Heading("RUN"),
    Heading("PHASE"),
    Heading("DONE", right=True),
    Heading("ROWS", right=True),
    Heading("SIZE", right=True),
)


@click.command()
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete_pipeline)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str | None) -> None:
    """Show how the daemon does, or pipeline NAME."""
    if name is not None:
        show(caller, name)
        return
    client = caller.client
    info, pipelines = client.info(), client.pipelines()
    problems: list[ProblemJson] = client.config()["problems"]
    states = Counter(pipeline["state"] for pipeline in pipelines)
    if caller.as_json:
        counts = {state.value: states[state] for state in PipelineState}
        caller.console.json({**info, "states": counts, "problems": problems})
        return
    _write_daemon(caller, info, pipelines)
    _write_problems(caller, problems)
    _write_running(caller, [p for p in pipelines if p["running"] is not None])
    _write_trouble(caller, pipelines)


def _write_daemon(caller: Caller, info: InfoJson, pipelines: list[PipelineJson]) -> None:
    out = caller.console
    up = relative(info["started_at"], caller.now()).removesuffix(" ago")
    out.print(f"profexd {info['version']} on {info['host']}, up {up}, pid {info['pid']}")
    out.print(f"  config     {info['config']}")
    out.print(f"  state      {info['state']}")
    out.print(f"  spool      {info['spool']}")
    out.print(f"  you are    {info['role']}")
    states = Counter(pipeline["state"] for pipeline in pipelines)
    out.print(f"  pipelines  {len(pipelines)}")
    for state in PipelineState:
        if states[state]:
            cell = state_cell(state)
            out.print(f"  {'':<11}{states[state]:>4}  {out.paint(cell.text, cell.colour)}")


def _write_problems(caller: Caller, problems: list[ProblemJson]) -> None:
    """Write how many there are, and the first where the settings are not those of profexd.toml."""
    errors = [problem for problem in problems if problem["severity"] == "error"]
    if not errors:
        return
    out = caller.console
    out.print()
    counted = plural(len(errors), "problem")
    settings = [problem for problem in errors if problem["file"] == SETTINGS_FILE]
    if settings:
        out.print(f"{out.paint(counted, 'red')}, and the old settings stay: {_first(settings)}")
    else:
        out.print(f"{out.paint(counted, 'red')}: profexctl check")


def _first(errors: list[ProblemJson]) -> str:
    first = errors[0]
    key = f"{first['key']}: " if first["key"] else ""
    more = f" (and {plural(len(errors) - 1, 'more problem')})" if len(errors) > 1 else ""
    return plain(f"{first['file']}:{first['line']}: {key}{first['message']}{more}")


def _write_running(caller: Caller, pipelines: list[PipelineJson]) -> None:
    rows = []
    for pipeline in pipelines:
        running = pipeline["running"]
        if running is not None:
            percent = running["percent"]
            rows.append(
                [
                    pipeline["name"],
                    running["run_id"],
                    running["phase"] or "pending",
                    "-" if percent is None else f"{percent:.0f}%",
                    f"{running['rows']:,}",
                    size(running["bytes"]),
                ]
            )
    if rows:
        caller.console.print()
        write_table(caller.console, _RUNNING, rows)


def _write_trouble(caller: Caller, pipelines: list[PipelineJson]) -> None:
    out = caller.console
    lines = []
    for pipeline in pipelines:
        errors = [p for p in pipeline["problems"] if p["severity"] == "error"]
        last = pipeline["last_run"]
        if errors:
            why = _first(errors)
        elif pipeline["state"] == PipelineState.FAILED and last is not None:
            error = last["error"]
            why = f"{error['message']} ({error['code']})" if error is not None else last["status"]
        else:
            continue
        lines.append((pipeline["name"], plain(why)))
    if lines:
        out.print()
    for name, why in lines:
        out.print(f"{out.paint(name, 'red')}: {why}")
