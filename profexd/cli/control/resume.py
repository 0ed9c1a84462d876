"""``profexctl resume``: let a paused pipeline run again."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.words import local


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str) -> None:
    """Let the paused pipeline NAME run again; what it missed meanwhile is not made up for."""
    pipeline = caller.client.resume(name)
    if caller.as_json:
        caller.console.json(pipeline)
        return
    following = pipeline["next_run_at"]
    when = f", next run {local(following)}" if following is not None else ""
    caller.console.print(f"{name} runs again{when}")
