"""``profexctl tui``: open the full-screen interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, shared_options
from profexd.client import connect
from profexd.config.paths import client_socket

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
@click.option("--all-hosts", is_flag=True, help="All hosts of tui.toml in one list.")
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
    all_hosts: bool,
) -> int:
    """Open the full-screen interface; ? shows its keys.

    Repeated, --host shows several hosts in one list.
    """
    if caller.as_json:
        raise click.UsageError("the full-screen interface has no --json; profexctl list has")
    if caller.console.width is None:
        raise CommandError("the full-screen interface needs a terminal", code="no_terminal")
    from profexd.tui.launch import LaunchOptions, launch

    if caller.socket is not None and (all_hosts or len(caller.hosts) > 1):
        raise click.UsageError("--socket is for one host; tui.toml may name those of several")
    return launch(
        LaunchOptions(
            read_only=read_only,
            filter=filter_text,
            mouse=not no_mouse,
            ascii=ascii_only,
            color=color,
            theme=theme,
            hosts=caller.hosts,
            socket=caller.socket,
            all_hosts=all_hosts,
            any_host=caller.socket is None and "PROFEXD_SOCKET" not in caller.environ,
        ),
        connect(client_socket(caller.socket, caller.environ, caller.uid)),
    )
