"""``profexctl stop``: end a run before it publishes."""

from __future__ import annotations

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.run_words import write_run
from profexd.client import ApiError, Client
from profexd.wire import RunStatus


@click.command()
@click.argument("run", metavar="RUN|NAME", shell_complete=complete_pipeline)
@shared_options
@click.pass_obj
def command(caller: Caller, run: str) -> None:
    """Stop the run with the id RUN, or the run that pipeline NAME is in.

    A run that has begun to publish only goes forward: exit code 1, "publishing".
    """
    client = caller.client
    stopped = client.stop(_run_id(client, run))
    if caller.as_json:
        caller.console.json(stopped)
    else:
        going_on = stopped["status"] in (RunStatus.PENDING, RunStatus.RUNNING)
        write_run(caller.console, stopped, caller.now(), status="stopping" if going_on else None)


def _run_id(client: Client, text: str) -> str:
    try:
        pipeline = client.pipeline(text)
    except ApiError as error:
        if error.status == 404 and text.isdecimal():
            return text
        raise
    if pipeline["running"] is not None:
        return pipeline["running"]["run_id"]
    waiting = client.runs(text, "pending", 1)
    if waiting:
        return waiting[0]["run_id"]
    raise CommandError(f"{text} is not running", code="not_running")
