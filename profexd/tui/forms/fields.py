"""The lines of a form: a text, a choice, or a button, each with its name before it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from profexd.edit.questions import Form, Question

NAME_WIDTH = 22


class Chooser(Static, can_focus=True):
    """One of several words: left and right or space go round, a letter goes to the next with it."""

    DEFAULT_CSS = """
    Chooser { height: 1; width: 1fr; padding: 0 1; }
    Chooser:focus { background: $panel; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,space", "turn(1)", "Next"),
        ("left", "turn(-1)", "Previous"),
        ("backspace,delete", "clear", "Leave out"),
    ]

    class Chosen(Message):
        """Another word was chosen."""

        def __init__(self, chooser: Chooser) -> None:
            super().__init__()
            self.chooser = chooser

        @property
        def control(self) -> Chooser:
            """The widget that says so."""
            return self.chooser

    def __init__(self, choices: tuple[str, ...], value: str, default: str) -> None:
        super().__init__("", markup=False)
        self._choices = choices
        self.value = value
        self._default = default

    def on_mount(self) -> None:
        self._draw()

    def action_turn(self, by: int) -> None:
        """Go to the next word or the one before; the first comes after the last."""
        now = self.value or self._default
        if now in self._choices:
            self._choose(self._choices[(self._choices.index(now) + by) % len(self._choices)])
        elif self._choices:
            self._choose(self._choices[0 if by > 0 else -1])

    def action_clear(self) -> None:
        """Leave the key out."""
        self._choose("")

    def on_key(self, event: events.Key) -> None:
        letter = event.character
        if letter is None or not letter.isalnum():
            return
        now = self.value or self._default
        start = self._choices.index(now) + 1 if now in self._choices else 0
        for one in (*self._choices[start:], *self._choices[:start]):
            if one.lower().startswith(letter.lower()):
                event.stop()
                self._choose(one)
                return

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self._draw()
            self.post_message(self.Chosen(self))

    def _draw(self) -> None:
        if self.value:
            self.update(Text(f"< {self.value} >"))
        else:
            usual = f"{self._default} (default)" if self._default else "choose"
            self.update(Text(f"< {usual} >", style="dim"))


class Line(Static, can_focus=True):
    """A line that does something on enter."""

    DEFAULT_CSS = """
    Line { height: 1; padding: 0 1; color: $text-muted; }
    Line:focus { background: $panel; color: $foreground; text-style: bold; }
    """

    def __init__(self, text: str, action: str) -> None:
        super().__init__(text, markup=False)
        self.action = action


class Field(Horizontal):
    """One question and its answer."""

    DEFAULT_CSS = """
    Field { height: 1; }
    Field > .name { width: 22; height: 1; padding: 0 1; text-wrap: nowrap;
                    text-overflow: ellipsis; }
    Field.-wrong > .name { color: $error; text-style: bold; }
    Field > Input { width: 1fr; height: 1; padding: 0 1; background: $surface; }
    Field > Input:focus { background: $panel; }
    """

    def __init__(self, question: Question, value: str) -> None:
        super().__init__()
        self.question = question
        self.taken = value
        """The answer that the draft has."""
        self.seen = value.strip()
        """The answer as it last was: a line that is made anew says that it has changed."""
        self.error = ""

    def compose(self) -> ComposeResult:
        question = self.question
        mark = " *" if question.required else ""
        yield Static(Text(f"{question.name}{mark}"), classes="name", markup=False)
        default = question.show(question.default)
        if question.form is Form.BOOLEAN or (question.choices and question.form is Form.CHOICE):
            choices = tuple(one for one in question.choices if one) or ("yes", "no")
            yield Chooser(choices, self.taken, default)
        else:
            usual = default or (f"as {question.example}" if question.example else "")
            yield Input(self.taken, placeholder=usual, compact=True, select_on_focus=False)

    @property
    def control(self) -> Input | Chooser:
        """What is typed into, or turned."""
        found: Widget = self.children[1]
        assert isinstance(found, Input | Chooser)
        return found

    @property
    def answer(self) -> str:
        """What stands there now."""
        return self.control.value.strip()

    def tell(self, error: str) -> None:
        """Mark the answer as wrong, or as right with an empty ``error``."""
        self.error = error
        self.set_class(bool(error), "-wrong")

    @property
    def words(self) -> str:
        """What to know of it: what is wrong, else what it is and how it is written."""
        if self.error:
            return self.error
        how = {
            Form.LIST: " Words with commas between.",
            Form.TABLE: " Written as name = value, name = value.",
            Form.SECRET: " Where it is: env:NAME, file:/PATH or credential:NAME.",
        }.get(self.question.form, "")
        example = f" As {self.question.example}." if self.question.example else ""
        return f"{self.question.doc}{how}{example}".replace("…", "...")
