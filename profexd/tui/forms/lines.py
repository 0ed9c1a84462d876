"""The lines of one step of a form: its questions, its sections, and the button that goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from profexd.edit.answers import Form
from profexd.edit.columns import KEYS as COLUMN_KEYS
from profexd.edit.columns import ColumnChoice
from profexd.edit.composing import Columns, Composing
from profexd.edit.questions import Question
from profexd.edit.steps import Section, Step
from profexd.tui.forms.columns import ColumnList, ColumnOptions
from profexd.tui.forms.fields import Chooser, Field, Line

SECTION = "section:"
Focusable = Input | Chooser | Line | ColumnOptions


class Lines(VerticalScroll, can_focus=False, inherit_bindings=False):
    """What is closed shows its keys; what was answered is always shown."""

    def __init__(self, composing: Composing, *, id: str) -> None:
        super().__init__(id=id)
        self._composing = composing
        self._opened: set[tuple[str, str]] = set()
        self._built: tuple[object, ...] = ()
        self.columns: Columns = ()

    def toggle(self, step: Step, section: str) -> bool:
        """Open a section of a step, or close it; whether it is open now."""
        self._opened ^= {(step.title, section)}
        return (step.title, section) in self._opened

    def open(self, step: Step, section: str) -> None:
        """Open a section of a step."""
        self._opened |= {(step.title, section)}

    def asked(self, step: Step, choice: ColumnChoice | None) -> list[Question]:
        """Return the questions that stand on the screen, in their order."""
        return [
            one
            for one in step.questions
            if not (choice is not None and one.key in COLUMN_KEYS)
            and (
                not one.section
                or (step.title, one.section) in self._opened
                or self._composing.draft.get(one.key) is not None
            )
        ]

    def fits(self, step: Step, choice: ColumnChoice | None) -> bool:
        """Whether the lines are those of what is asked now."""
        return self._built == _signature(step, self.asked(step, choice))

    async def build(self, step: Step, choice: ColumnChoice | None, button: Line) -> None:
        """Make the lines anew."""
        questions = self.asked(step, choice)
        self._built = _signature(step, questions)
        with self.app.batch_update():
            await self.remove_children()
            if choice is not None:
                await self.mount(ColumnList(choice))
            await self.mount_all(self._fields(one for one in questions if not one.section))
            for section in step.sections:
                listed = COLUMN_KEYS if choice is not None else ()
                hidden = any(
                    one not in questions and one.key not in listed for one in step.of(section.name)
                )
                await self.mount(self._heading(step, section, hidden=hidden))
                await self.mount_all(
                    self._fields(one for one in questions if one.section == section.name)
                )
            await self.mount(button)

    def _fields(self, questions: Iterable[Question]) -> Iterator[Field]:
        for one in questions:
            none = self._composing.items(one).none if one.form is Form.ITEMS else ""
            shown = self._composing.shown(one)
            yield Field(one, shown, none=none, columns=self._names)

    def _names(self) -> Iterable[str]:
        return (name for name, _ in self.columns)

    def _heading(self, step: Step, section: Section, *, hidden: bool) -> Line:
        opened = (step.title, section.name) in self._opened
        text = Text.assemble((f"{'-' if opened else '+'} {section.name.ljust(20)} ", "bold"))
        if hidden:
            text.append(section.keys)
        return Line(text, f"{SECTION}{section.name}", section.doc)

    def of(self, name: str) -> Field | None:
        """Return the field of a question that stands on the screen."""
        return next((one for one in self.fields if one.question.name == name), None)

    @property
    def fields(self) -> list[Field]:
        """The fields, from the top."""
        return [one for one in self.children if isinstance(one, Field)]

    def stops(self, *, sections: bool = True) -> list[Focusable]:
        """Return what the cursor can stand on, from the top."""
        found: list[Focusable] = []
        for child in self.children:
            match child:
                case Field():
                    found.append(child.control)
                case ColumnList():
                    found.append(child.options)
                case Line() if sections or not child.action.startswith(SECTION):
                    found.append(child)
        return found

    def after(self, here: Widget | None, by: int, *, sections: bool = True) -> Focusable:
        """Return the line so many further on; the first comes after the last."""
        every = self.stops()
        lines = [one for one in self.stops(sections=sections) if one is not here]
        places = [every.index(one) for one in lines]
        at = next((i for i, one in enumerate(every) if one is here), -1)
        onward = [place for place in places if (place > at if by > 0 else place < at)]
        chosen = (onward or places) if by > 0 else list(reversed(onward or places))
        return every[chosen[0]] if chosen else every[0]


def _signature(step: Step, questions: Iterable[Question]) -> tuple[object, ...]:
    return (*step.sections, *((one.name, one.required, one.choices) for one in questions))
