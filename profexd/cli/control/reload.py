"""``profexctl reload``: have the daemon take over its files now."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.problem_words import SETTINGS_FILE, tell


@click.command()
@shared_options
@click.pass_obj
def command(caller: Caller) -> int:
    """Have the daemon take over its files now. Exit code 2 on any error.

    It watches them anyway; a broken pipeline keeps its last good version.
    """
    check = caller.client.reload()
    refused = any(
        problem["file"] == SETTINGS_FILE and problem["severity"] == "error"
        for problem in check["problems"]
    )
    what = "profexd.toml was not reloaded: the old settings stay" if refused else "reloaded"
    return tell(caller.console, check, what, as_json=caller.as_json)
