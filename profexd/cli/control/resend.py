"""``profexctl resend``: send the files of a past run again, byte for byte."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.run_words import write_run


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--sink", metavar="NAME", help="Send them to this sink; else to those that they went to."
)
@shared_options
@click.pass_obj
def command(caller: Caller, run: str, sink: str | None) -> None:
    """Send the files of the delivered run with the id RUN again, from the spool.

    Same names, same bytes; what stands under these names is replaced. A new run does it.
    """
    resent = caller.client.resend(run, sink)
    if caller.as_json:
        caller.console.json(resent)
    else:
        write_run(caller.console, resent, caller.now())
        caller.console.say(f"follow it:  profexctl logs -f {resent['run_id']}")
