"""The help page, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from profexd.tui.actions import Action, help_sections
from profexd.tui.columns import STYLES
from profexd.tui.screens.dialogs import TextBox
from profexd.wire import PipelineState

_KEYS_WIDTH = 22
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


def help_text(actions: Sequence[Action]) -> Text:
    """Return the whole page."""
    text = Text()
    for title, rows in help_sections(actions):
        text.append(f"{title}\n", "bold underline")
        for keys, label in rows:
            text.append(f" {keys.ljust(_KEYS_WIDTH)}", "bold").append(f" {label}\n")
        text.append("\n")
    text.append("Filter\n", "bold underline")
    for example, meaning in _FILTERS:
        text.append(f" {example.ljust(_KEYS_WIDTH)}", "bold").append(f" {meaning}\n")
    text.append("\nStates\n", "bold underline")
    for state, meaning in _STATES.items():
        label = f"{state.letter} {state.value}"
        text.append(f" {label.ljust(_KEYS_WIDTH)}", STYLES[state]).append(f" {meaning}\n")
    return text.append(f"\n{_CLIPBOARD}")


class Help(TextBox):
    """All keys, the filter's grammar and what the letters mean."""

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__("Help", help_text(actions))
