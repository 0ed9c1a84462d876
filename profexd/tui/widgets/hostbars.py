"""What the bars say where several hosts share the list: how many there are, and who is down."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from profexd.tui import humane
from profexd.tui.columns import View
from profexd.tui.store import Link, State
from profexd.tui.widgets.bars import counted_states, wait_text


def several_header(
    states: Mapping[str, State], whole: State, view: View, width: int, note: str
) -> Text:
    """Return the header: hosts, how many answer, counts, and ``note`` at the right end."""
    live = sum(state.link is Link.LIVE for state in states.values())
    waiting = any(state.link is Link.CONNECTING and not state.failure for state in states.values())
    dot = f" {view.glyphs.dot} "
    text = Text(humane.count(len(states), "host"), "bold").append(dot)
    if live == len(states):
        text.append("live", "green")
    elif waiting:
        text.append("connecting", "bold yellow")
    else:
        text.append(f"{live} live, {len(states) - live} down", "bold yellow")
    total = len(whole.pipelines)
    text.append(f"{dot}{humane.count(total, 'pipeline') if width >= 60 else total}")
    return counted_states(text, whole, width, note)


def several_banner(states: Mapping[str, State], view: View) -> Text | None:
    """Return who does not answer, and why; None while all do, and where none ever has."""
    down = {name: state for name, state in states.items() if not _well(state)}
    if not down or not any(state.loaded for state in states.values()):
        return None
    if len(down) > 1:
        return Text(f"DOWN: {', '.join(down)}   : tells why", style="bold")
    [(name, state)] = down.items()
    again = wait_text(state, view.now)
    return Text(f"{name} DOWN{', again' if again else ''}{again}: {standing(state)}", style="bold")


def standing(state: State) -> str:
    """Return how the connection to one host stands."""
    if state.failure is not None:
        message = state.failure.message
        return message.partition(": ")[2] if message.startswith("cannot reach") else message
    return "the daemon is silent" if state.link is Link.STALE else state.link.value


def _well(state: State) -> bool:
    return state.link is Link.LIVE or (state.link is Link.CONNECTING and state.failure is None)
