"""The texts of the boxes: problems of the configuration, and why a profile is exported."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.text import Text

from profexd.wire import ProblemJson, WhyJson

_LONGEST_VALUE = 60
_STANDINGS = {
    "unchanged": "unchanged since run {since}: the next run leaves it out",
    "added": "new since run {since}: the next run has it",
    "changed": "changed since run {since}: the next run has it",
    "removed": "it was in run {since}, and is removed now",
}


def problems_text(problems: Sequence[ProblemJson]) -> Text:
    """Return every problem with its place and hint."""
    text = Text()
    for problem in problems:
        style = "bold red" if problem["severity"] == "error" else "yellow"
        text.append(f"{problem['file']}:{problem['line']}:{problem['column']}: ", "dim")
        key = f"{problem['key']}: " if problem["key"] else ""
        text.append(f"{key}{problem['message']}\n", style)
        if problem["hint"]:
            text.append(f"  {problem['hint']}\n")
    return text


def why_text(why: WhyJson) -> Text:
    """Return which conditions let a profile in, which keep it out, and how it stands."""
    who = f"{why['column']} {why['key']}"
    if not why["rows"]:
        return Text(f"no row of the source has {who}", style="bold yellow")
    text = Text()
    for condition in why["conditions"]:
        word, style = ("yes", "green") if condition["holds"] else ("no ", "bold red")
        text.append(f"{word}  ", style).append("  " * condition["depth"] + condition["text"])
        if condition["kind"] == "condition":
            value = condition["value"]
            written = "NULL" if value is None else json.dumps(value, ensure_ascii=False)
            if len(written) > _LONGEST_VALUE:
                written = written[: _LONGEST_VALUE - 1] + "~"
            text.append(f"  (is {written})", "dim")
        text.append("\n")
    if why["rows"] > 1:
        text.append(f"{who} is in {why['rows']} rows; this is about one of them\n", "yellow")
    verdict = "is selected" if why["exported"] else "is not selected"
    text.append(f"\n{who} {verdict}", "bold")
    changes = why["changes"]
    if changes is not None:
        text.append("; " + _STANDINGS[changes["state"]].format(since=changes["since"]))
    return text
