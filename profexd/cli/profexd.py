"""The command profexd: without a verb the daemon itself, with one what needs no daemon."""

from __future__ import annotations

from collections.abc import Sequence

import click

from profexd import __version__
from profexd.cli import boundary
from profexd.cli.boundary import CommandError
from profexd.cli.lazy import LazyGroup, Verb
from profexd.cli.places import Places, of_process, path_options
from profexd.wire import Exit

EX_USAGE = 64
LOG_FORMATS = ("auto", "text", "logfmt", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

VERBS = {
    "check": Verb("profexd.cli.check:command", "Check the files, or one draft."),
    "preview": Verb("profexd.cli.preview:command", "Show what a file would export."),
    "export": Verb("profexd.cli.export:command", "Run a pipeline once, here and now, no daemon."),
    "init": Verb("profexd.cli.init:command", "Write a commented configuration to start from."),
    "schema": Verb("profexd.cli.schema:command", "Print the JSON Schema of the files."),
    "torture": Verb("profexd.cli.torture:command", "Kill and restart, and prove recovery."),
    "demo": Verb("profexd.cli.demo:command", "Try everything with made-up customers."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    invoke_without_command=True,
    subcommand_metavar="[VERB] …",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@path_options
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    envvar="PROFEXD_LOG_FORMAT",
    help="How the daemon logs to stderr; also PROFEXD_LOG_FORMAT.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS),
    envvar="PROFEXD_LOG_LEVEL",
    help="The least level it logs; also PROFEXD_LOG_LEVEL.",
)
@click.version_option(__version__, message="profexd %(version)s")
@click.pass_context
def group(context: click.Context, log_format: str | None, log_level: str | None) -> int | None:
    """Deliver customer profiles and events from DuckDB as files, on a schedule.

    Without a verb: run the daemon in the foreground. Its exit codes are 0 clean, 64 usage, 69
    socket or state in use, 75 runs cut short at the end, 78 configuration. Those of the verbs: 0
    ok, 1 failed, 2 usage or configuration, 130 interrupted.
    """
    if context.invoked_subcommand is not None:
        if any(_written(context, name) for name in ("log_format", "log_level")):
            raise CommandError(
                "--log-format and --log-level are for the daemon, without a verb",
                code="usage",
                exit_code=Exit.USAGE,
            )
        return None
    from profexd.daemon.life.main import serve

    places = context.ensure_object(Places)
    return serve(places.paths, log_format=log_format, log_level=log_level)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return boundary.run(group, "profexd", argv, of_process, bare_usage_exit=EX_USAGE)


def _written(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
