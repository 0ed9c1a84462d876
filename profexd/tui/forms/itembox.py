"""The box that asks for one condition or one notice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from profexd.edit.draft import Draft
from profexd.edit.errors import EditError
from profexd.edit.items import Items
from profexd.tui.actions import Action, Place, shown_keys
from profexd.tui.forms import hearing
from profexd.tui.forms.fields import Chooser, Field, Line, field_of, typed_at

_PLACES = (Place.CHOICES, Place.FORM)


class BoxLines(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The lines of the box; the arrows are its own."""


class ItemBox(ModalScreen[dict[str, Any] | None], inherit_bindings=False):
    """Its answer is the table as it is written, or None where esc was pressed."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ItemBox { align: center middle; }
    ItemBox > Vertical { width: 76; max-width: 98%; height: auto; max-height: 95%; padding: 0 1;
                         background: $surface; border: solid $primary; }
    ItemBox .title { height: 1; padding: 0 1; text-style: bold; }
    ItemBox BoxLines { height: auto; max-height: 12; scrollbar-size-vertical: 1; }
    ItemBox .words { height: auto; min-height: 2; max-height: 4; padding: 0 1;
                     color: $text-muted; }
    ItemBox .words.-wrong { color: $error; }
    ItemBox .foot { height: 1; padding: 0 1; color: $text-muted; }
    """

    def __init__(
        self, title: str, items: Items, values: Mapping[str, Any], actions: Sequence[Action]
    ) -> None:
        super().__init__()
        self._headline = title
        self._items = items
        self._draft = Draft()
        for key, value in values.items():
            self._draft.set((key,), value)
        self._actions = actions
        self._one_at_a_time = asyncio.Lock()
        """Lines are made anew from keys and from answers, which come by different ways."""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._headline, classes="title", markup=False)
            yield BoxLines()
            yield Static("", classes="words", markup=False)
            yield Static("", classes="foot", markup=False)

    async def on_mount(self) -> None:
        self._bindings = hearing.bindings_of(self._actions, _PLACES)
        keys = {one.id: shown_keys(one).split()[0] for one in self._actions}
        foot = f"{keys['form_next']} goes on   {keys['form_leave']} cancels"
        self.query_one(".foot", Static).update(foot)
        await self._build()

    @property
    def _fields(self) -> list[Field]:
        return list(self.query(Field))

    async def _build(self, focus: str | None = None) -> None:
        """Ask what is asked by what was answered so far."""
        lines, typed = self.query_one(BoxLines), typed_at(self.focused)
        questions = self._items.questions(self._draft.values)
        with self.app.batch_update():
            await lines.remove_children()
            await lines.mount_all(
                Field(one, one.show(self._draft.get(one.key)), columns=self._items.columns)
                for one in questions
            )
            await lines.mount(Line("[ Done ]", "done"))
        found = [one for one in self._fields if one.question.name == focus]
        control = (found or self._fields)[0].control
        self.set_focus(control)
        if found and isinstance(control, Chooser):
            control.typed = typed

    async def _keep_up(self) -> None:
        asked = self._items.questions(self._draft.values)
        if list(asked) != [one.question for one in self._fields]:
            field = field_of(self.focused)
            await self._build(field.question.name if field is not None else None)

    def _take(self, field: Field) -> bool:
        """Take an answer; whether it could be."""
        key = field.question.key
        try:
            if field.answer:
                self._draft.set(key, field.question.parse(field.answer))
            else:
                self._draft.unset(key)
        except (ValueError, EditError) as why:
            field.tell(str(why))
            self._draw_words()
            return False
        field.tell("")
        self._draw_words()
        return True

    def _draw_words(self) -> None:
        field, words = field_of(self.focused), self.query_one(".words", Static)
        words.set_class(field is not None and bool(field.error), "-wrong")
        words.update(Text(field.words if field is not None else ""))

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        self._draw_words()

    def on_input_changed(self, event: Input.Changed) -> None:
        field = field_of(event.input)
        if field is not None:
            field.tell("")
            self._draw_words()

    async def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        async with self._one_at_a_time:
            field = field_of(event.chooser)
            if field is not None and field.is_attached and self._take(field):
                await self._keep_up()

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hear":
            return not hearing.typed_into(self.focused, str(parameters[0]))
        return True

    async def action_hear(self, key: str) -> None:
        await hearing.drained(self)
        places = _PLACES if isinstance(self.focused, Chooser) else (Place.FORM,)
        action = hearing.meant(self._actions, places, key)
        async with self._one_at_a_time:
            await self._act(action)

    async def _act(self, action: Action | None) -> None:
        match action.id if action else "":
            case "form_next":
                await self._next()
            case "form_down":
                await self._go(1)
            case "form_up":
                await self._go(-1)
            case "form_save":
                await self._finish()
            case "form_leave":
                self.dismiss(None)
            case how if isinstance(self.focused, Chooser):
                self.focused.perform(how)

    async def _next(self) -> None:
        field = field_of(self.focused)
        if field is None:
            await self._finish()
        elif self._take(field):
            await self._keep_up()
            here = field_of(self.focused)
            needed = [one for one in self._fields if one.question.required]
            if here in needed[-1:] and all(one.answer for one in needed):
                await self._finish()
            else:
                await self._go(1)

    async def _go(self, by: int) -> None:
        field = field_of(self.focused)
        if field is not None and self._take(field):
            await self._keep_up()
        lines = [*(one.control for one in self._fields), self.query_one(Line)]
        here = next((i for i, one in enumerate(lines) if one is self.focused), -1)
        self.set_focus(lines[(here + by) % len(lines)])

    async def _finish(self) -> None:
        """Answer, where nothing is missing or wrong."""
        for field in self._fields:
            if not self._take(field):
                self.set_focus(field.control)
                return
        await self._keep_up()
        for field in self._fields:
            if field.question.required and not field.answer:
                field.tell(f"{field.question.name} is needed. {field.question.doc}")
                self.set_focus(field.control)
                self._draw_words()
                return
        self.dismiss(self._items.finished(self._draft.values))
