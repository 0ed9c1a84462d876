"""``profexctl tui``: open the full-screen interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, shared_options

if TYPE_CHECKING:
    from profexd.tui.launch import Color


@click.command()
@click.option("--read-only", is_flag=True, help="Only look: nothing can be started or stopped.")
@click.option("--filter", "filter_text", default="", metavar="TEXT", help="Begin with this filter.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--ascii", "ascii_only", is_flag=True, help="No characters beyond ASCII.")
@click.option(
    "--color",
    type=click.Choice(["auto", "truecolor", "256", "16", "none"]),
    default="auto",
    show_default=True,
    help="How many colours the terminal has.",
)
@click.option("--theme", metavar="NAME", help="The colours to use.")
@shared_options
@click.pass_obj
def command(
    caller: Caller,
    read_only: bool,
    filter_text: str,
    no_mouse: bool,
    ascii_only: bool,
    color: Color,
    theme: str | None,
) -> int:
    """Open the full-screen interface; ? shows its keys."""
    if caller.as_json:
        raise click.UsageError("the full-screen interface has no --json; profexctl list has")
    if caller.console.width is None:
        raise CommandError("the full-screen interface needs a terminal", code="no_terminal")
    from profexd.tui.launch import LaunchOptions, launch

    client = caller.client
    if caller.host is not None:
        # The first login may ask for a password, which is no question for a full screen.
        client.info()
    return launch(
        LaunchOptions(
            read_only=read_only,
            filter=filter_text,
            mouse=not no_mouse,
            ascii=ascii_only,
            color=color,
            theme=theme,
        ),
        client,
    )
