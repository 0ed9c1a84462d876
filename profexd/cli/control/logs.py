"""``profexctl logs``: the log of a run, as it is or as it grows."""

from __future__ import annotations

import click

from profexd.cli.boundary import CommandError
from profexd.cli.console import plain
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.hangup import until_reader_is_gone
from profexd.cli.words import instant
from profexd.client import ApiError, Client
from profexd.wire import LogLineJson

_COLOURS = {"debug": "dim", "warning": "yellow", "error": "red"}


@click.command()
@click.argument("name", metavar="NAME|RUN", shell_complete=complete_pipeline)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends or Ctrl-C.")
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, follow: bool) -> None:
    """Show the log of the last run of pipeline NAME, or of the run with the id RUN."""
    client = caller.client
    with (
        client.log(_run_id(client, name), follow=follow) as lines,
        until_reader_is_gone(caller.console.out, lines.close),
    ):
        if caller.as_json and not follow:
            caller.console.json(list(lines))
            return
        for line in lines:
            if caller.as_json:
                caller.console.json_line(line)
            else:
                _write(caller, line)
                if follow:
                    caller.console.flush()


def _run_id(client: Client, name: str) -> str:
    try:
        client.pipeline(name)
    except ApiError as error:
        if error.status == 404 and name.isdecimal():
            return name
        raise
    runs = client.runs(name, limit=1)
    if not runs:
        raise CommandError(f"{name} has not run yet", code="no_runs", hint=f"profexctl run {name}")
    return runs[0]["run_id"]


def _write(caller: Caller, line: LogLineJson) -> None:
    console = caller.console
    at = f"{instant(line['at']).astimezone():%Y-%m-%d %H:%M:%S}"
    level = console.paint(f"{line['level']:<7}", _COLOURS.get(line["level"], ""))
    first, *rest = plain(line["message"]).splitlines() or [""]
    console.print(f"{console.paint(at, 'dim')} {level} {first}")
    for continuation in rest:
        console.print(f"  {continuation}")
