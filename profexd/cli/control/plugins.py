"""``profexctl plugins``: what is installed, and what is broken."""

from __future__ import annotations

import click

from profexd.cli.console import plain
from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.table import Cell, Heading, write_table

_HEADINGS = (
    Heading("NAME"),
    Heading("KIND"),
    Heading("STATUS"),
    Heading("VERSION", drop=2),
    Heading("DISTRIBUTION", drop=1),
)


@click.command()
@shared_options
@click.pass_obj
def command(caller: Caller) -> None:
    """Show formats, codecs and sinks, broken ones first; --json has the whole traceback."""
    plugins = caller.client.plugins()
    if caller.as_json:
        caller.console.json(plugins)
        return
    ordered = sorted(plugins, key=lambda plugin: plugin["status"] != "broken")
    colours = {"ok": "green", "broken": "red"}
    write_table(
        caller.console,
        _HEADINGS,
        [
            [
                plugin["name"],
                plugin["kind"],
                Cell(plugin["status"], colours.get(plugin["status"], "")),
                plugin["version"] or "-",
                plugin["distribution"] or "-",
            ]
            for plugin in ordered
        ],
    )
    for plugin in ordered:
        if plugin["error"]:
            last = plugin["error"].strip().splitlines()[-1]
            caller.console.say(f"{plugin['name']}: {plain(last)}")
