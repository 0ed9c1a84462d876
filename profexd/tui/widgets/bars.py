"""The one-line bars: header, connection banner, tabs of the detail and footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from profexd.tui import humane
from profexd.tui.columns import STYLES
from profexd.tui.glyphs import Glyphs
from profexd.tui.store import Link, State
from profexd.wire import PipelineState

_COUNTED = (
    PipelineState.RUNNING,
    PipelineState.FAILED,
    PipelineState.INVALID,
    PipelineState.HELD,
    PipelineState.PAUSED,
)


class Bar(Static):
    """One line that is drawn anew only when its text has changed."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._shown = Text()

    def show(self, text: Text) -> None:
        """Draw ``text``."""
        if text.plain != self._shown.plain or text.spans != self._shown.spans:
            self._shown = text
            self.update(text, layout=False)


class Header(Bar):
    """Who the daemon is and how many pipelines need a look."""

    DEFAULT_CSS = """
    Header { dock: top; background: $panel; color: $foreground; padding: 0 1; }
    """


class Banner(Bar):
    """What is wrong with the connection; not there while all is well."""

    DEFAULT_CSS = """
    Banner { display: none; background: $warning; color: $background; padding: 0 1; }
    Banner.-shown { display: block; }
    """


class Footer(Bar):
    """The keys that matter most here."""

    DEFAULT_CSS = """
    Footer { dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    """

    def show_keys(self, keys: Sequence[tuple[str, str, bool]], width: int) -> None:
        """Draw as many of ``keys`` as fit; the last one, help, always."""
        text, last = Text(), Text()
        if keys:
            last = _key(*keys[-1])
        for key in keys[:-1]:
            item = _key(*key)
            if text.cell_len + item.cell_len + last.cell_len + 4 > width:
                break
            text.append_text(item).append("  ")
        self.show(text.append_text(last))


class TabBar(Bar):
    """The tabs of the detail, as words with their digits."""

    DEFAULT_CSS = """
    TabBar { background: $panel; color: $foreground; padding: 0 1; }
    """

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, titles: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._titles = titles
        self._ends: list[int] = []

    def show_tabs(self, active: int, subject: str, width: int, glyphs: Glyphs) -> None:
        """Draw the tabs, and at the right end what they are about."""
        text = Text()
        self._ends = []
        short = width < sum(len(title) + 5 for title in self._titles)
        for index, title in enumerate(self._titles):
            label = f"{index + 1}" if short and index != active else f"{index + 1} {title}"
            if index == active:
                text.append(f"[{label}]", "bold reverse")
            else:
                text.append(f" {label} ")
            self._ends.append(text.cell_len)
        room = width - text.cell_len - 3
        if room > 4:
            name = subject if len(subject) <= room else subject[: room - 1] + glyphs.ellipsis
            text.append(name.rjust(room + 1), "bold")
        self.show(text)

    def on_click(self, event: events.Click) -> None:
        for index, end in enumerate(self._ends):
            if event.x - 1 < end:
                self.post_message(self.Picked(index))
                return


def _key(key: str, label: str, possible: bool) -> Text:
    if possible:
        return Text.assemble((key, "bold"), f" {label}")
    return Text(f"{key} {label}", style="dim")


def header_text(
    state: State, now: datetime, glyphs: Glyphs, width: int, note: str, *, host: str = ""
) -> Text:
    """Return the header: host, version, connection, counts, and ``note`` at the right end.

    ``host`` is what the user calls the host.
    """
    dot = f" {glyphs.dot} "
    text = Text()
    if state.info is None:
        word = "not connected" if state.failure else state.link.value
        text.append(host or "profexd", "bold").append(dot).append(word)
        return text
    info = state.info
    text.append(f"{host} ({info['host']})" if host and width >= 60 else info["host"], "bold")
    text.append(f"{dot}profexd {info['version']}" if width >= 60 else "")
    text.append(dot).append(state.link.value, "green" if state.link is Link.LIVE else "bold yellow")
    started = humane.parse(info["started_at"])
    if started and width >= 100:
        text.append(f"{dot}up {humane.rough(now - started)}")
    total = len(state.pipelines)
    text.append(f"{dot}{humane.count(total, 'pipeline') if width >= 60 else total}")
    return counted_states(text, state, width, note)


def counted_states(text: Text, state: State, width: int, note: str) -> Text:
    """Append how many pipelines need a look, and ``note`` at the right end."""
    counts = Counter(pipeline["state"] for pipeline in state.pipelines.values())
    found = [counted for counted in _COUNTED if counts[counted]]
    room = width - text.cell_len - len(note) - (2 if note else 0)
    words = [f"  {counts[counted]} {counted.value}" for counted in found]
    if sum(map(len, words)) > room:
        words = [f"  {counts[counted]} {counted.letter}" for counted in found]
    for counted, word in zip(found, words, strict=True):
        if len(word) <= room:
            text.append(word, STYLES[counted])
            room -= len(word)
    if note and room >= 0:
        text.append(" " * (room + 2) + note, "bold")
    return text


def banner_text(state: State, now: datetime, glyphs: Glyphs) -> Text | None:
    """Return what to say about the connection over data that may be old, or None."""
    if not state.loaded or state.link is Link.LIVE:
        return None
    age = humane.rough(now - state.heard_at) if state.heard_at else "?"
    old = f" {glyphs.dash} data from {age} ago"
    if state.link is Link.STALE:
        return Text(f"STALE{old}: the daemon is silent   r reconnects", style="bold")
    waiting = wait_text(state, now)
    return Text(f"RECONNECTING{waiting}{old}{'   r now' if waiting else ''}", style="bold")


def wait_text(state: State, now: datetime) -> str:
    """Return when the next attempt to connect comes; nothing where it goes on."""
    if state.retry_at is None or state.retry_at <= now:
        return ""
    left = max(1, round((state.retry_at - now).total_seconds()))
    return f" in {left} s (try {state.attempt})"
