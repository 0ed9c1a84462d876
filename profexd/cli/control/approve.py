"""``profexctl approve``: deliver what a held run has built."""

from __future__ import annotations

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.run_words import write_run
from profexd.client import ApiError, Client
from profexd.wire import RunStatus


@click.command()
@click.argument("run", metavar="RUN|NAME", shell_complete=complete_pipeline)
@click.option("--note", default="", metavar="TEXT", help="Why; it stays on the run's record.")
@shared_options
@click.pass_obj
def command(caller: Caller, run: str, note: str) -> None:
    """Deliver the held run with the id RUN, or the run of pipeline NAME that is held.

    What it has built is hashed again and published, the same bytes under the same names.
    """
    approved = caller.client.approve(held_run(caller.client, run), note)
    if caller.as_json:
        caller.console.json(approved)
    else:
        write_run(caller.console, approved, caller.now(), status="approved")
        caller.console.say(f"follow it:  profexctl logs -f {approved['run_id']}")


def held_run(client: Client, text: str) -> str:
    """Return the id of the run that ``text`` means: an id, or the name of its pipeline."""
    try:
        client.pipeline(text)
    except ApiError as error:
        if error.status == 404 and text.isdecimal():
            return text
        raise
    held = client.runs(text, RunStatus.HELD, 1)
    if not held:
        raise CommandError(f"no run of {text} is held", code="not_held")
    return held[0]["run_id"]
