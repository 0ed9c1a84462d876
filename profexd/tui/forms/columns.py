"""The list of a source's columns: in or out, in which order, under which name; with a search."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from profexd.edit.columns import ColumnChoice, ColumnRow


class ColumnOptions(OptionList, inherit_bindings=False):
    """The lines; the form says what keys do."""


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

    def perform(self, action_id: str) -> bool:
        """Do what one of its keys means; False where the list ends there."""
        match action_id:
            case "column_down":
                return self.go(1)
            case "column_up":
                return self.go(-1)
            case "column_toggle":
                self.toggle()
            case "column_lower":
                self.move(1)
            case "column_higher":
                self.move(-1)
            case "column_rename":
                self.ask("rename")
            case "column_search":
                self.ask("search")
            case "column_reset":
                self.all_again()
        return True

    def go(self, by: int) -> bool:
        """Go up or down; False where the list ends there."""
        options = self.options
        place = (options.highlighted or 0) + by
        if not 0 <= place < options.option_count:
            return False
        options.highlighted = place
        return True

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
