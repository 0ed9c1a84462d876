"""``profexctl events``: what happens, one line each, until Ctrl-C."""

from __future__ import annotations

import click

from profexd.cli.boundary import CommandError
from profexd.cli.console import plain
from profexd.cli.control.caller import Caller, shared_options
from profexd.cli.control.hangup import until_reader_is_gone
from profexd.cli.words import instant, number, size
from profexd.wire import EventJson, Exit


@click.command()
@click.option("--since", type=click.IntRange(0), metavar="SEQ", help="Begin after this event.")
@shared_options
@click.pass_obj
def command(caller: Caller, since: int | None) -> None:
    """Follow what happens, until Ctrl-C. With --json: one JSON object per line."""
    with (
        caller.client.events(since) as events,
        until_reader_is_gone(caller.console.out, events.close),
    ):
        for event in events:
            if caller.as_json:
                caller.console.json_line(event)
                continue
            text = describe(event)
            if text is not None:
                at = f"{instant(event['at']).astimezone():%H:%M:%S}"
                caller.console.print(f"{caller.console.paint(at, 'dim')} {plain(text)}")
                caller.console.flush()
    raise CommandError(
        "the daemon ended the events: it is going down",
        code="lost",
        exit_code=Exit.UNREACHABLE,
    )


def describe(event: EventJson) -> str | None:
    """Return an event in words, None for a heartbeat."""
    match event["type"]:
        case "hello":
            return "connected"
        case "pipeline":
            if "gone" in event:
                return f"pipeline {event['gone']} is gone"
            pipeline = event["pipeline"]
            return f"pipeline {pipeline['name']} is {pipeline['state']}"
        case "run":
            run = event["run"]
            error = f": {run['error']['message']}" if run["error"] is not None else ""
            return f"run {run['run_id']} of {run['pipeline']} is {run['status']}{error}"
        case "progress":
            running = event["running"]
            percent = f" {running['percent']:.0f}%" if running["percent"] is not None else ""
            return (
                f"run {running['run_id']} of {event['name']}: {running['phase']}{percent}, "
                f"{number(running['rows'])} rows, {size(running['bytes'])}"
            )
        case "config":
            return "the configuration was read anew"
        case "notice":
            notice = event["notice"]
            how = f"told by {notice['by']}" if notice["told"] else f"not told: {notice['error']}"
            run_id = f" (run {notice['run_id']})" if notice["run_id"] else ""
            return f"{notice['pipeline']} {notice['notice']}{run_id}: {how}"
        case "lagged":
            return "events were lost: this terminal was too slow"
        case _:
            return None
