"""A held run: which check holds it, with what it compared, and until when somebody may decide."""

from __future__ import annotations

from rich.text import Text

from profexd.tui import humane
from profexd.tui.columns import STYLES, View
from profexd.tui.lines import Lines
from profexd.wire import ComparisonJson, PipelineState, RunJson


def held_lines(lines: Lines, run: RunJson, view: View) -> None:
    """Add why ``run`` is held and what can be done about it."""
    hold = run.get("hold")
    since = humane.parse(hold["at"] if hold else run["finished_at"])
    until = humane.parse(hold["until"]) if hold else None
    text = "Held"
    if since is not None:
        text += f" {humane.ago(since, view.now)}"
    text += ": nothing is published"
    lines.add(text, STYLES[PipelineState.HELD])
    checks = run.get("checks") or []
    error = run["error"]
    if error is not None and all(check["ok"] for check in checks):
        lines.add(error["message"], head=Text("  "), indent=4)
    for check in sorted(checks, key=lambda one: one["ok"]):
        _compared(lines, check)
    lines.add("a approves and publishes it, X rejects it", head=Text("  hint: ", "bold"), indent=8)
    if until is not None:
        lines.add(f"rejected by itself {humane.moment(until, view.zone)[:16]}", "dim", indent=2)


def _compared(lines: Lines, check: ComparisonJson) -> None:
    what = f"{check['check']} of {check['column']}" if check["column"] else check["check"]
    word, style = ("ok    ", "green") if check["ok"] else ("failed", "bold red")
    said = [f"now {check['value']}"]
    if check["before"] is not None:
        said.append(f"before {check['before']}")
    if check["limit"]:
        said.append(f"limit {check['limit']}")
    head = Text.assemble("  ", (word, style), " ")
    lines.add(f"{what}: {', '.join(said)}", head=head, indent=11)
