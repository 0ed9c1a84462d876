"""``profexctl pause``: keep a pipeline from running."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from profexd.api.units import parse_duration
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.words import local


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.option("--reason", default="", metavar="TEXT", help="Why; shown to everyone.")
@click.option(
    "--until",
    metavar="WHEN",
    help="Resume by itself: a time (2026-12-01T03:00, local without a zone) or a duration (2h).",
)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, reason: str, until: str | None) -> None:
    """Keep pipeline NAME from running until resumed; a run that is under way goes on."""
    moment = None if until is None else parse_until(until, caller.now())
    pipeline = caller.client.pause(name, reason, moment)
    if caller.as_json:
        caller.console.json(pipeline)
        return
    paused = pipeline["paused"]
    end = local(paused["until"]) if paused is not None and paused["until"] else "resumed"
    caller.console.print(f"{name} is paused until {end}")


def parse_until(text: str, now: datetime) -> str:
    """Return the RFC 3339 UTC time that ``text`` means; it must lie ahead."""
    try:
        moment = now + timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise click.BadParameter(
                f'"{text}" is neither a time such as 2026-12-01T03:00 nor a duration such as 2h',
                param_hint="--until",
            ) from None
    if moment <= now:
        raise click.BadParameter(f'"{text}" is not in the future', param_hint="--until")
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
