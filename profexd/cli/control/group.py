"""The verbs of profexctl and what they share: one table, so that help and dispatch stay light."""

from __future__ import annotations

import click

from profexd import __version__
from profexd.cli.control.caller import shared_options
from profexd.cli.lazy import LazyGroup, Verb


def _verb(module: str, help_text: str) -> Verb:
    return Verb(f"profexd.cli.control.{module}:command", help_text)


VERBS = {
    "list": _verb("list", "Show the pipelines (also without a verb)."),
    "show": _verb("show", "Show one pipeline, or one run by its id."),
    "status": _verb("status", "Show how the daemon and its pipelines do."),
    "runs": _verb("runs", "Show past and present runs, newest first."),
    "run": _verb("run", "Run a pipeline now."),
    "stop": _verb("stop", "Stop a run."),
    "approve": _verb("approve", "Deliver what a held run has built."),
    "reject": _verb("reject", "End a held run; nothing of it is delivered."),
    "resend": _verb("resend", "Send the files of a past run again."),
    "pause": _verb("pause", "Keep a pipeline from running."),
    "resume": _verb("resume", "Let a paused pipeline run again."),
    "logs": _verb("logs", "Show the log of a run."),
    "preview": _verb("preview", "Show what a run would export."),
    "why": _verb("why", "Show why a profile is exported, or is not."),
    "verify": _verb("verify", "Check delivered files against their manifest."),
    "events": _verb("events", "Follow what happens, until Ctrl-C."),
    "plugins": _verb("plugins", "Show the plugins, broken ones too."),
    "check": _verb("check", "Have the daemon check its files."),
    "reload": _verb("reload", "Have the daemon take over its files now."),
    "new": _verb("new", "Write a new pipeline, source or sink."),
    "edit": _verb("edit", "Edit a file, checked before it is saved."),
    "delete": _verb("delete", "Delete the file of a pipeline."),
    "ping": _verb("ping", "Ask whether the daemon answers."),
    "tui": _verb("tui", "Open the full-screen interface."),
    "dial-stdio": _verb(
        "dial_stdio", "Pass bytes to the daemon's socket; --host runs it over ssh."
    ),
    "completion": _verb("completion", "Print the completion script of a shell."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    default="list",
    subcommand_metavar="[VERB] …",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@shared_options
@click.version_option(__version__, message="profexctl %(version)s")
def group() -> None:
    """Ask the daemon of profexd, and tell it what to do.

    A pipeline is named by its name, a run by its id. Exit codes: 0 ok, 1 failed, 2 usage or
    configuration, 3 daemon unreachable, 4 timeout, 5 denied, 130 interrupted.
    """
