"""``profexctl runs``: past and present runs, newest first."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.run_words import write_runs
from profexd.wire import RunStatus


@click.command()
@click.argument("name", required=False, shell_complete=complete_pipeline)
@click.option(
    "--status",
    type=click.Choice([*RunStatus], case_sensitive=False),
    help="Only runs that stand so.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Runs to show at most."
)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str | None, status: RunStatus | None, limit: int) -> None:
    """Show runs, of all pipelines or of pipeline NAME."""
    client = caller.client
    runs = client.runs(name, status, limit)
    if not runs and name is not None:
        client.pipeline(name)  # tells a name without runs from a name that is not there
    if caller.as_json:
        caller.console.json(runs)
    elif runs:
        write_runs(caller.console, runs, caller.now())
    else:
        caller.console.say("no runs")
