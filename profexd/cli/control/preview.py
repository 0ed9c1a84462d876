"""``profexctl preview``: what a run of a pipeline would export now."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.preview_words import write_preview


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.option(
    "--limit", type=click.IntRange(0), default=100, show_default=True, help="Rows to show at most."
)
@click.option("--text", is_flag=True, help="Print the beginning of the file itself.")
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, limit: int, text: bool) -> None:
    """Show what pipeline NAME would export now; nothing is delivered."""
    preview = caller.client.preview(name, limit)
    if caller.as_json:
        caller.console.json(preview)
    else:
        write_preview(caller.console, preview, as_text=text)
