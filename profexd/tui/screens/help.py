"""The help page, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from profexd.tui.actions import Action, help_sections
from profexd.tui.columns import STYLES
from profexd.tui.screens.dialogs import TextBox
from profexd.wire import PipelineState

_FILTERS = (
    ("word", "in name, description or id; words are joined by and"),
    ("!word", "not so"),
    ("~wd", "these letters, in this order"),
    ("state:failed,held", "or state:F; also sink: format: kind: freq:"),
    ("schedule:daily", "a part of the schedule; also source: id:"),
)
_STATES = {
    PipelineState.INVALID: "its file has errors; the last good version goes on",
    PipelineState.RUNNING: "a run is going on, or waits for a retry",
    PipelineState.HELD: "a check held the run; nothing was published",
    PipelineState.DISABLED: "its file says enabled = false",
    PipelineState.PAUSED: "somebody paused it",
    PipelineState.FAILED: "the last run failed or was interrupted",
    PipelineState.STOPPED: "somebody stopped the last run",
    PipelineState.DONE: "a once pipeline that has run",
    PipelineState.PENDING: "waits for its time",
}
_CLIPBOARD = (
    "Copying goes through the terminal (OSC 52). In tmux: set -s set-clipboard on. "
    "To select with the mouse hold Shift, or start with --no-mouse."
)


def help_text(actions: Sequence[Action]) -> Group:
    """Return the whole page; what a key does goes on under its own beginning."""
    parts: list[Text | Table] = []
    for title, rows in help_sections(actions):
        parts += _section(title, [(Text(keys, "bold"), label) for keys, label in rows])
    parts += _section("Filter", [(Text(word, "bold"), meaning) for word, meaning in _FILTERS])
    states = _STATES.items()
    named = [(Text(f"{s.letter} {s.value}", STYLES[s]), meaning) for s, meaning in states]
    parts += _section("States", named)
    return Group(*parts, Text(_CLIPBOARD))


def _section(title: str, rows: Sequence[tuple[Text, str]]) -> list[Text | Table]:
    table = Table.grid(padding=(0, 1, 0, 0), pad_edge=True)
    table.add_column(width=max(keys.cell_len for keys, _ in rows) + 1)
    table.add_column(ratio=1)
    for keys, meaning in rows:
        table.add_row(keys, meaning)
    return [Text(title, "bold underline"), table, Text()]


class Help(TextBox):
    """All keys, the filter's grammar and what the letters mean."""

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__("Help", help_text(actions))
