"""The lower part of a form: a word on the line under the cursor, over what the draft gives."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from profexd.edit.target import Kind
from profexd.edit.trial import Glance
from profexd.tui.forms.glance import glance_text

_NOTHING_YET = {
    Kind.PIPELINE: "Path, header and first rows are shown here as soon as they can be.",
    Kind.SOURCE: "Columns and first rows are shown here as soon as they can be.",
    Kind.SINK: "Where files go is shown here as soon as it can be.",
}


class Below(Vertical):
    """Two parts, each drawn by itself."""

    DEFAULT_CSS = """
    Below { height: auto; max-height: 50%; }
    Below > Static { width: 100%; padding: 0 1; }
    Below > .words { height: auto; min-height: 1; max-height: 2; color: $text-muted;
                     background: $surface; }
    Below > .words.-wrong { color: $error; }
    Below > .glance { height: 8; }
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__(id="below")
        self._kind = kind
        self._glance: Glance | Text = Glance(None)

    def compose(self) -> ComposeResult:
        yield Static("", classes="words", markup=False)
        yield Static("", classes="glance", markup=False)

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Say what is to know of the line under the cursor."""
        found = self.query_one(".words", Static)
        found.set_class(wrong, "-wrong")
        found.update(Text(words))

    def show(self, glance: Glance | Text) -> None:
        """Show what the draft gives, or a text in its place."""
        self._glance = glance
        text = glance
        if isinstance(text, Glance):
            if text == Glance(None):
                text = Text(_NOTHING_YET.get(self._kind, ""), "dim")
            else:
                text = glance_text(text, self._kind, max(20, self.app.size.width - 2))
        self.query_one(".glance", Static).update(text)

    def on_resize(self, _: events.Resize) -> None:
        self.show(self._glance)


def steps_text(titles: list[str], at: int, width: int) -> Text:
    """Return the steps in one line; where there is no room, the others by their numbers."""
    short = sum(len(title) + 4 for title in titles) > width
    text = Text()
    for number, title in enumerate(titles):
        here = number == at
        name = f"{number + 1}" if short and not here else f"{number + 1} {title}"
        text.append(f"[{name}]" if here else f" {name} ", "bold" if here else "dim")
    return text
