"""``profexd export``: one run, here and now, recorded as the daemon would."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from profexd.cli.boundary import CommandError
from profexd.cli.places import Places, path_options
from profexd.cli.progress import Progress
from profexd.cli.run_words import write_run
from profexd.wire import Exit, RunStatus

if TYPE_CHECKING:
    from profexd.wire import EventJson


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
    from profexd.daemon.life.once import export

    if not places.paths.config.is_dir():
        raise CommandError(
            f"there is no configuration directory {places.paths.config}",
            code="config_invalid",
            hint="profexd init makes one; --config or PROFEXD_CONFIG names another",
            exit_code=Exit.USAGE,
        )
    progress = Progress(places.console)
    try:
        run = export(
            places.paths, name, on_event=lambda event: progress.show(cast("EventJson", event))
        )
    finally:
        progress.clear()
    if as_json:
        places.console.json(run)
    else:
        write_run(places.console, run, places.now())
    match run["status"]:
        case RunStatus.DONE | RunStatus.SKIPPED:
            return Exit.OK
        case RunStatus.FAILED if run["error"] and run["error"]["code"] == "config_invalid":
            return Exit.USAGE
        case RunStatus.STOPPED:  # nobody but Ctrl-C or a signal stops this run
            return Exit.INTERRUPTED
        case _:
            return Exit.FAILED
