"""The lines of a form: a text, a choice, a list or a button, each with its name before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from profexd.edit.answers import Form
from profexd.edit.questions import Question

_HOW = {
    Form.LIST: " Words with commas between.",
    Form.SCALARS: " Words with commas between.",
    Form.TABLE: " Written as name = value, name = value.",
    Form.SECRET: " Where it is: env:NAME, file:/PATH or credential:NAME.",
    Form.SECRETS: " Written as name = env:NAME, name = file:/PATH.",
}


class Chooser(Static, can_focus=True):
    """One of several words: it is turned, or goes to what is typed."""

    DEFAULT_CSS = """
    Chooser { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    Chooser:focus { background: $panel; text-style: bold; }
    """

    class Chosen(Message):
        """Another word was chosen."""

        def __init__(self, chooser: Chooser) -> None:
            super().__init__()
            self.chooser = chooser

        @property
        def control(self) -> Chooser:
            """The widget that says so."""
            return self.chooser

    def __init__(self, question: Question, value: str) -> None:
        super().__init__("", markup=False)
        self._choices = tuple(one for one in question.choices if one) or ("yes", "no")
        self._default = question.show(question.default)
        self._unset = "choose" if question.required else "not set"
        self.typed = ""
        """The beginning of a word that is being typed."""
        self.value = value

    def on_mount(self) -> None:
        self._draw()

    def perform(self, action_id: str) -> None:
        """Do what one of its keys means."""
        match action_id:
            case "choice_next":
                self.turn(1)
            case "choice_previous":
                self.turn(-1)
            case "choice_clear":
                self.clear()

    def turn(self, by: int) -> None:
        """Go to the next word or the one before; the first comes after the last."""
        self.typed = ""
        now = self.value or self._default
        if now in self._choices:
            self._choose(self._choices[(self._choices.index(now) + by) % len(self._choices)])
        elif self._choices:
            self._choose(self._choices[0 if by > 0 else -1])

    def clear(self) -> None:
        """Leave the key out."""
        self.typed = ""
        self._choose("")

    def seeks(self, key: str) -> bool:
        """Whether a key is typed to go to a word: space only within one."""
        if key == "space":
            return bool(self.typed) and any(self._found(f"{self.typed} "))
        return len(key) == 1 and (key.isalnum() or key == "(")

    def on_key(self, event: events.Key) -> None:
        letter = event.character
        if letter is None or not self.seeks("space" if letter == " " else letter):
            self.typed = ""
            return
        event.stop()
        self.typed += letter.lower()
        if not any(self._found(self.typed)):
            self.typed = letter.lower()
        found = list(self._found(self.typed))
        now = self.value or self._default
        if len(self.typed) > 1 and now in found:
            return
        places = [self._choices.index(one) for one in found]
        here = self._choices.index(now) if now in self._choices else -1
        after = [place for place in places if place > here] if len(self.typed) == 1 else places
        if places:
            self._choose(self._choices[(after or places)[0]])

    def _found(self, typed: str) -> Iterable[str]:
        """Yield the words that begin with what was typed, or else hold it."""
        begin = [one for one in self._choices if one.lower().startswith(typed)]
        inside = (one for one in self._choices if len(typed) > 1 and typed in one.lower())
        return begin or inside

    def on_blur(self) -> None:
        self.typed = ""

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self._draw()
            self.post_message(self.Chosen(self))

    def _draw(self) -> None:
        if self.value:
            self.update(Text(f"< {self.value} >"))
        else:
            usual = f"{self._default} (default)" if self._default else self._unset
            self.update(Text(f"< {usual} >", style="dim"))


class Line(Static, can_focus=True):
    """A line that does something on enter."""

    DEFAULT_CSS = """
    Line { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap;
           text-overflow: ellipsis; }
    Line:focus { background: $panel; color: $foreground; text-style: bold; }
    """

    def __init__(self, text: str | Text, action: str, words: str = "") -> None:
        super().__init__(text, markup=False)
        self.action = action
        self.words = words


class Opener(Line):
    """Shows a list in one line; enter opens it."""

    DEFAULT_CSS = """
    Opener { width: 1fr; color: $foreground; padding: 0; }
    """

    def __init__(self, value: str, none: str) -> None:
        text = Text(value) if value else Text(f"{none}; enter adds", style="dim")
        super().__init__(text, "items")
        self.value = value


class Entry(Input):
    """A line of text that hears all its keys in the order they were typed."""

    async def _on_key(self, event: events.Key) -> None:
        edit = _EDITS.get(event.key)
        if edit is None:
            await super()._on_key(event)
            return
        # As a binding it would come after the letters that follow.
        event.stop()
        event.prevent_default()
        edit(self)


_EDITS: Mapping[str, Callable[[Input], None]] = {
    "backspace": Input.action_delete_left,
    "delete": Input.action_delete_right,
    "left": Input.action_cursor_left,
    "right": Input.action_cursor_right,
    "home": Input.action_home,
    "end": Input.action_end,
}


class ColumnSuggester(Suggester):
    """Completes the last word to the name of a column."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        word = value.rpartition(",")[2].lstrip().removeprefix("-")
        if not word or word[:1] in "[{":
            return None
        near = (name for name in self._names() if name.lower().startswith(word.lower()))
        found = next(near, None)
        return None if found is None else value[: len(value) - len(word)] + found


class Field(Horizontal):
    """One question and its answer."""

    DEFAULT_CSS = """
    Field { height: 1; }
    Field > .name { width: 22; height: 1; padding: 0 1; text-wrap: nowrap;
                    text-overflow: ellipsis; }
    Field.-wrong > .name { color: $error; text-style: bold; }
    Field > Input { width: 1fr; height: 1; background: $surface; }
    Field > Input:focus { background: $panel; }
    """

    def __init__(
        self,
        question: Question,
        value: str,
        *,
        none: str = "",
        columns: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        super().__init__()
        self.question = question
        self.taken = value
        """The answer that the draft has."""
        self.seen = value.strip()
        """The answer as it last was: a line that is made anew says that it has changed."""
        self.error = ""
        self.control = _control(question, value, none, columns)
        """What is typed into, turned, or opened."""

    def compose(self) -> ComposeResult:
        question = self.question
        mark = " *" if question.required else ""
        name = question.name.removeprefix(f"{question.section}.")
        lead = "  " if question.section else ""
        yield Static(Text(f"{lead}{name}{mark}"), classes="name", markup=False)
        yield self.control

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
        how = _HOW.get(self.question.form, "")
        example = f" As {self.question.example}." if self.question.example else ""
        return f"{self.question.doc}{how}{example}".replace("…", "...")


def _control(
    question: Question, value: str, none: str, columns: Callable[[], Iterable[str]]
) -> Input | Chooser | Opener:
    if question.form is Form.ITEMS:
        return Opener(value, none)
    if question.form is Form.BOOLEAN or (question.choices and question.form is Form.CHOICE):
        return Chooser(question, value)
    default = question.show(question.default)
    return Entry(
        value,
        placeholder=default or (f"as {question.example}" if question.example else ""),
        compact=True,
        select_on_focus=False,
        suggester=ColumnSuggester(columns) if question.of_columns else None,
    )


def typed_at(focused: Widget | None) -> str:
    """Return what is being typed at a choice: it is to go on where the line is made anew."""
    return focused.typed if isinstance(focused, Chooser) else ""


def field_of(focused: Widget | None) -> Field | None:
    """Return the field that has the focus."""
    parent = focused.parent if focused is not None else None
    return parent if isinstance(parent, Field) else None
