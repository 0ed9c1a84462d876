"""``profexd export``: one run, here and now, recorded as the daemon would."""

from __future__ import annotations

import click

from profexd.cli.places import Places, path_options
from profexd.cli.run_words import write_run
from profexd.wire import Exit, RunStatus


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
@path_options
@click.pass_obj
def command(places: Places, name: str, as_json: bool) -> int:
    """Run pipeline NAME once, without a daemon; its schedule and pause are ignored.

    Exit code 2 if the configuration is invalid or the name unknown, 1 for what fails while
    running.
    """
    from profexd.daemon.once import export

    run = export(places.paths, name)
    if as_json:
        places.console.json(run)
    else:
        write_run(places.console, run, places.now())
    return Exit.OK if run["status"] in (RunStatus.DONE, RunStatus.SKIPPED) else Exit.FAILED
