"""``profexctl reject``: end a held run."""

from __future__ import annotations

import click

from profexd.cli.control.approve import held_run
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.run_words import write_run


@click.command()
@click.argument("run", metavar="RUN|NAME", shell_complete=complete_pipeline)
@click.option("--note", default="", metavar="TEXT", help="Why; it stays on the run's record.")
@shared_options
@click.pass_obj
def command(caller: Caller, run: str, note: str) -> None:
    """End the held run with the id RUN, or the run of pipeline NAME that is held.

    Nothing of it is delivered, and what it has built is removed.
    """
    rejected = caller.client.reject(held_run(caller.client, run), note)
    if caller.as_json:
        caller.console.json(rejected)
    else:
        write_run(caller.console, rejected, caller.now(), status="rejected")
