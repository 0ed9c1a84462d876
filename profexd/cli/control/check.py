"""``profexctl check``: have the daemon check its files; nothing changes."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.problem_words import tell


@click.command()
@shared_options
@click.pass_obj
def command(caller: Caller) -> int:
    """Have the daemon check its files as they are now. Exit code 2 on any error."""
    return tell(caller.console, caller.client.check(), "configuration", as_json=caller.as_json)
