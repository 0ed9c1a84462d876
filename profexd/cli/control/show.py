"""``profexctl show``: everything about one pipeline, or about one run."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.pipeline_words import write_pipeline
from profexd.cli.run_words import write_run
from profexd.client import ApiError


@click.command()
@click.argument("name", metavar="NAME|RUN", shell_complete=complete_pipeline)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str) -> None:
    """Show pipeline NAME, or the run with the id RUN."""
    show(caller, name)


def show(caller: Caller, name: str) -> None:
    """Show a pipeline; a name of digits alone may also be a run's id."""
    client = caller.client
    try:
        pipeline = client.pipeline(name)
    except ApiError as error:
        if error.status != 404 or not name.isdecimal():
            raise
        run = client.run(name)
        if caller.as_json:
            caller.console.json(run)
        else:
            write_run(caller.console, run, caller.now())
        return
    if caller.as_json:
        caller.console.json(pipeline)
    else:
        write_pipeline(caller.console, pipeline, caller.now())
