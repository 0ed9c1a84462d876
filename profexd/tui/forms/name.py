"""The box that asks for the name of a new file."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from profexd.edit.target import Kind

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class NameBox(ModalScreen[str | None]):
    """Takes no other name than one a file may have; None is the answer of esc."""

    DEFAULT_CSS = """
    NameBox { align: center middle; }
    NameBox > Vertical { width: 64; max-width: 95%; height: auto; padding: 1 2;
                         background: $surface; border: solid $primary; }
    NameBox Static { height: auto; }
    NameBox Input { background: $panel; margin: 1 0; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(f"Name of the new {self._kind}", style="bold"))
            yield Input(
                placeholder="a-z, 0-9, - and _",
                restrict=r"[a-z0-9][a-z0-9_-]*",
                max_length=63,
                compact=True,
            )
            yield Static(Text("enter goes on   esc cancels", style="dim"))

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if _NAME.fullmatch(event.value):
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)
