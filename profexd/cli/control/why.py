"""``profexctl why``: what lets one profile into an export, or keeps it out."""

from __future__ import annotations

import json

import click

from profexd.cli.boundary import CommandError
from profexd.cli.console import Console, plain
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.wire import Exit, WhyConditionJson, WhyJson

_LONGEST_VALUE = 60


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.argument("key")
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, key: str) -> None:
    """Show why the profile with KEY is in the export of pipeline NAME, or is not.

    It reads the source as it is now; nothing is delivered.
    """
    why = caller.client.why(name, key)
    if caller.as_json:
        caller.console.json(why)
    else:
        _write(caller.console, why)
    if not why["rows"]:
        raise CommandError(
            f"no row has {plain(why['column'])} {plain(key)}",
            code="not_found",
            exit_code=Exit.FAILED,
        )


def _write(console: Console, why: WhyJson) -> None:
    for condition in why["conditions"]:
        console.print(_line(condition))
    if not why["rows"]:
        return
    who = f"{plain(why['column'])} {plain(why['key'])}"
    if why["rows"] > 1:
        console.say(f"{who} is in {why['rows']} rows; this is about one of them")
    console.say(f"{who} is {'' if why['exported'] else 'not '}selected{_changes(why)}")


def _line(condition: WhyConditionJson) -> str:
    sign = "yes" if condition["holds"] else "no "
    line = f"{sign}  {'  ' * condition['depth']}{plain(condition['text'])}"
    if condition["kind"] == "condition":
        line += f"  (is {_value(condition)})"
    return line


def _value(condition: WhyConditionJson) -> str:
    value = condition["value"]
    text = "NULL" if value is None else json.dumps(value, ensure_ascii=False)
    return plain(text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…")


def _changes(why: WhyJson) -> str:
    changes = why["changes"]
    if changes is None:
        return ""
    since = f"run {changes['since']}"
    match changes["state"]:
        case "unchanged":
            return f", and unchanged since {since}: the next run leaves it out"
        case "added":
            return f", and new since {since}: the next run has it"
        case "changed":
            return f", and changed since {since}: the next run has it"
        case _:
            return f", and was in {since}: it is removed now"
