"""The list of a source's columns: in or out, in which order, under which name; with a search."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from profexd.edit.columns import ColumnChoice, ColumnRow

WORDS = (
    "The columns of the source: space in or out, J K move down or up, r rename, / search,"
    " a all of them again."
)


class ColumnOptions(OptionList, inherit_bindings=False):
    """Moves with the arrows, and lets go of them at both ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "down", "Down"),
        ("up,k", "up", "Up"),
        ("tab", "app.focus_next", "On"),
        ("shift+tab", "app.focus_previous", "Back"),
        ("space,x", "in_or_out", "In or out"),
        ("J,shift+down", "move(1)", "Move down"),
        ("K,shift+up", "move(-1)", "Move up"),
        ("r", "rename", "Rename"),
        ("slash", "search", "Search"),
        ("a", "all", "All again"),
    ]

    def action_down(self) -> None:
        """Go down, or on to the next line of the form."""
        if self.highlighted is not None and self.highlighted < self.option_count - 1:
            self.action_cursor_down()
        else:
            self.screen.focus_next()

    def action_up(self) -> None:
        """Go up, or back to the line before."""
        if self.highlighted:
            self.action_cursor_up()
        else:
            self.screen.focus_previous()

    def action_in_or_out(self) -> None:
        self._list.toggle()

    def action_move(self, by: int) -> None:
        self._list.move(by)

    def action_rename(self) -> None:
        self._list.ask("rename")

    def action_search(self) -> None:
        self._list.ask("search")

    def action_all(self) -> None:
        self._list.all_again()

    @property
    def _list(self) -> ColumnList:
        found = self.parent
        assert isinstance(found, ColumnList)
        return found


class ColumnList(Vertical):
    """Shows a choice and changes it."""

    DEFAULT_CSS = """
    ColumnList { height: auto; }
    ColumnList > OptionList { height: auto; max-height: 8; border: none; padding: 0 1;
                              background: $surface; scrollbar-size-vertical: 1; }
    ColumnList > OptionList:focus { border: none; background-tint: $foreground 3%; }
    ColumnList > Input { display: none; height: 1; padding: 0 1; background: $panel; }
    ColumnList.-asking > Input { display: block; }
    """

    class Changed(Message):
        """Columns were chosen otherwise."""

        def __init__(self, choice: ColumnChoice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, choice: ColumnChoice) -> None:
        super().__init__()
        self._choice = choice
        self._asking = ""
        self._search = ""
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        yield ColumnOptions(markup=False, compact=True)
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self._draw()

    @property
    def options(self) -> ColumnOptions:
        """The lines."""
        return self.query_one(ColumnOptions)

    @property
    def current(self) -> str | None:
        """The name of the column under the cursor."""
        place = self.options.highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def toggle(self) -> None:
        """Leave the column out, or take it in again."""
        if self.current is not None:
            self._take(self._choice.toggled(self.current))

    def move(self, by: int) -> None:
        """Move the column."""
        if self.current is not None and not self._search:
            self._take(self._choice.moved(self.current, by))

    def all_again(self) -> None:
        """Take every column in, in the order of the source as far as it is known."""
        rows = tuple(ColumnRow(row.name, row.type) for row in self._choice.rows)
        self._take(ColumnChoice(rows))

    def ask(self, what: str) -> None:
        """Ask for a new name, or for what to search."""
        if self.current is None and what == "rename":
            return
        self._asking = what
        self.set_class(True, "-asking")
        line = self.query_one(Input)
        row = next((row for row in self._choice.rows if row.name == self.current), None)
        if what == "rename" and row is not None:
            line.placeholder = f"name of {row.name} in the file; empty: its own"
            line.value = row.renamed
        else:
            line.placeholder = "part of a column's name; empty: all"
            line.value = self._search
        line.cursor_position = len(line.value)
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._asking == "search":
            self._search = event.value.strip()
            self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        asking, self._asking = self._asking, ""
        if asking == "rename" and self.current is not None:
            self._take(self._choice.renamed(self.current, event.value.strip()))
        self.close()

    @property
    def asking(self) -> bool:
        """Whether a line is being typed."""
        return self.has_class("-asking")

    def close(self) -> None:
        """Put the line away."""
        self._asking = ""
        self.set_class(False, "-asking")
        self.options.focus()

    def _take(self, choice: ColumnChoice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._draw()
            self.post_message(self.Changed(choice))

    def _draw(self) -> None:
        options, current = self.options, self.current
        places = self._choice.found(self._search)
        rows = [self._choice.rows[place] for place in places]
        self._shown = [row.name for row in rows]
        width = max((len(row.name) for row in rows), default=0)
        options.clear_options()
        options.add_options([Option(_line(row, width)) for row in rows])
        if rows:
            options.highlighted = self._shown.index(current) if current in self._shown else 0


def _line(row: ColumnRow, width: int) -> Text:
    text = Text("[x] " if row.included else "[ ] ")
    text.append(row.name.ljust(width), "" if row.included else "dim")
    if row.renamed:
        text.append(f" as {row.renamed}", "bold")
    text.append(f"  {row.type.lower()}", "dim")
    text.truncate(120)
    return text
