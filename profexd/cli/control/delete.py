"""``profexctl delete``: remove the file of a pipeline, with the caller's rights."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.wire import Exit, PipelineJson


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, yes: bool) -> int:
    """Delete the file of pipeline NAME, after asking; its history stays.

    The daemon notices within 2 seconds; a run that is under way finishes.
    """
    if caller.host is not None:
        raise click.UsageError("files of another host are deleted there; leave --host out")
    pipeline = caller.client.pipeline(name)
    file = Path(pipeline["file"])
    if not yes and not _agreed(caller, pipeline, file):
        caller.console.say("nothing deleted")
        return Exit.FAILED
    try:
        file.unlink()
    except FileNotFoundError:
        raise CommandError(f"{file} is gone already", code="not_found") from None
    except PermissionError as error:
        raise CommandError(
            f"{file}: {error.strerror}",
            code="denied",
            hint=f"sudo rm {file}",
            exit_code=Exit.DENIED,
        ) from None
    if caller.as_json:
        caller.console.json({"name": name, "file": str(file), "deleted": True})
    else:
        caller.console.print(f"deleted {file}")
    return Exit.OK


def _agreed(caller: Caller, pipeline: PipelineJson, file: Path) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; --yes says that you mean it")
    running = " It is running; that run finishes." if pipeline["running"] is not None else ""
    caller.console.err.write(f"Delete {file}?{running} [y/N] ")
    caller.console.err.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
