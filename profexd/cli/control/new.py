"""``profexctl new``: a new pipeline, source or sink, from options or from answers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.control.files import config_option, home_of, telling
from profexd.wire import Exit


@click.command()
@click.argument("kind", type=click.Choice(["pipeline", "source", "sink"]))
@click.argument("name")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="A dotted key and a TOML value; several times. Nothing is asked then.",
)
@click.option(
    "--from",
    "origin",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Begin with a copy of FILE.",
)
@config_option
@shared_options
@click.pass_obj
def command(
    caller: Caller,
    kind: str,
    name: str,
    assignments: tuple[str, ...],
    origin: Path | None,
    config: str | None,
) -> int:
    """Write the file of a new pipeline, source or sink called NAME, with your own rights.

    On a terminal, without --set and --from, it asks, step by step. The draft is checked before
    it is saved, and what it would export is shown. A file that is there is never overwritten.
    """
    from profexd.cli.drafted import finish
    from profexd.edit import child
    from profexd.edit.composing import begin
    from profexd.edit.target import Kind, named

    home = home_of(caller, config)
    asking = not (assignments or origin)
    if asking and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("there is no terminal to ask on; say what it holds with --set")
    with telling():
        target = named(Kind(kind), name, Path(home.config))
        composing = begin(target, child.schema(), source=origin, state=home.state)
        if asking:
            from profexd.cli.interview import interview

            if not interview(caller.console, composing, sys.stdin):
                caller.console.say("nothing saved")
                return Exit.FAILED
        for assignment in assignments:
            composing.assign(assignment)
        return finish(caller, composing, glance_is_due=not asking)
