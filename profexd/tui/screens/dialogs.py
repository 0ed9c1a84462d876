"""The boxes that lie over a screen and ask or tell one thing: confirm, reason, menu, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from profexd.tui.keys import TEXTUAL_KEYS

TYPED_FROM = 6


class Confirm(ModalScreen[bool]):
    """Asks whether to do something that cannot be undone; the answer is No unless chosen.

    With six or more targets their number has to be typed.
    """

    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical { width: 64; max-width: 95%; height: auto; max-height: 95%; padding: 1 2;
                         background: $surface; border: solid $warning; }
    Confirm Static { height: auto; margin-bottom: 1; }
    Confirm Horizontal { height: auto; align-horizontal: right; }
    Confirm Button { min-width: 12; margin-left: 2; padding: 0 1; }
    Confirm Input { background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "yes", "Yes"),
        ("n", "no", "No"),
        ("escape", "no", "No"),
        ("left,right,up,down,h,l,tab,shift+tab", "other", "Other button"),
    ]

    def __init__(self, question: str, consequence: str, verb: str, *, targets: int = 1) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._verb = verb
        self._targets = targets

    @property
    def typed(self) -> bool:
        """Whether the number of targets has to be typed."""
        return self._targets >= TYPED_FROM

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(self._question, style="bold"))
            yield Static(Text(self._consequence))
            if self.typed:
                yield Static(Text(f"Type {self._targets} and press enter; esc cancels."))
                yield Input(restrict=r"[0-9]*", compact=True)
            else:
                with Horizontal():
                    yield Button("n  Cancel", id="no", compact=True)
                    yield Button(f"y  {self._verb}", id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        if self.typed:
            self.query_one(Input).focus()
        else:
            self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value == str(self._targets):
            self.dismiss(True)
        else:
            event.input.value = ""

    def action_yes(self) -> None:
        if not self.typed:
            self.dismiss(True)

    def action_no(self) -> None:
        self.dismiss(False)

    def action_other(self) -> None:
        if not self.typed:
            self.focus_next()


class Reason(ModalScreen[str | None]):
    """Asks for one line of text, which may be empty; None is the answer of esc."""

    DEFAULT_CSS = """
    Reason { align: center middle; }
    Reason > Vertical { width: 64; max-width: 95%; height: auto; padding: 1 2;
                        background: $surface; border: solid $primary; }
    Reason Static { height: auto; }
    Reason Input { background: $panel; margin: 1 0; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]

    def __init__(self, title: str, prompt: str, outcome: str) -> None:
        super().__init__()
        self._headline = title
        self._prompt = prompt
        self._outcome = outcome

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(self._headline, style="bold"))
            yield Input(placeholder=self._prompt, max_length=200, compact=True)
            yield Static(Text(f"enter {self._outcome}   esc cancels", style="dim"))

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu; ``reason`` says why it cannot be chosen."""

    id: str
    key: str
    label: str
    reason: str | None = None


class Menu(ModalScreen[str | None]):
    """A list to choose from by letter, or with the cursor; what cannot be done says why."""

    DEFAULT_CSS = """
    Menu { align: center middle; }
    Menu > Vertical { width: 64; max-width: 95%; height: auto; max-height: 95%; padding: 0 1;
                      background: $surface; border: solid $primary; }
    Menu Static { height: 1; text-style: bold; padding: 0 1; }
    Menu OptionList { height: auto; max-height: 18; background: $surface; padding: 0;
                      scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,full_stop", "cancel", "Cancel"),
        ("j", "down", "Down"),
        ("k", "up", "Up"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._headline = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(self._headline))
            options = OptionList(markup=False, compact=True)
            for choice in self._choices:
                label = Text.assemble((f"{choice.key}  ", "bold"), choice.label)
                if choice.reason is not None:
                    label = Text(f"{choice.key}  {choice.label}: {choice.reason}", style="dim")
                disabled = choice.reason is not None
                options.add_option(Option(label, id=choice.id, disabled=disabled))
            yield options

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        for choice in self._choices:
            key = TEXTUAL_KEYS.get(choice.key, choice.key)
            self._bindings.key_to_bindings.pop(key, None)  # k may be a choice
            self._bindings.bind(key, f"choose('{choice.id}')", choice.label, show=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_choose(self, choice_id: str) -> None:
        """Choose by letter; what cannot be done is left alone."""
        if any(c.id == choice_id and c.reason is None for c in self._choices):
            self.dismiss(choice_id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_cancel(self) -> None:
        self.dismiss(None)


class TextBox(ModalScreen[None]):
    """Shows a text that may be longer than the screen."""

    DEFAULT_CSS = """
    TextBox { align: center middle; }
    TextBox > Vertical { width: 95%; height: auto; max-height: 95%; padding: 0 1;
                         background: $surface; border: solid $primary; }
    TextBox VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    TextBox .title { height: 1; text-style: bold; }
    TextBox .body { height: auto; }
    TextBox .foot { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,enter", "close", "Close"),
        ("j,down", "scroll(1)", "Down"),
        ("k,up", "scroll(-1)", "Up"),
        ("pagedown,space,ctrl+d", "scroll(10)", "Page down"),
        ("pageup,ctrl+u", "scroll(-10)", "Page up"),
    ]

    def __init__(self, title: str, body: Text | Group) -> None:
        super().__init__()
        self._headline = title
        self._body = body

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(self._headline), classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(self._body, classes="body")
            yield Static(Text("esc closes   j k move"), classes="foot")

    def action_scroll(self, rows: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_to(y=scroll.scroll_offset.y + rows, animate=False, force=True)

    def action_close(self) -> None:
        self.dismiss(None)
