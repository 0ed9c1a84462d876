"""The guided form: steps of questions over a live preview; nothing is saved that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from profexd.edit import trial
from profexd.edit.columns import KEYS as COLUMN_KEYS
from profexd.edit.columns import ColumnChoice, choice_of
from profexd.edit.composing import Columns, Composing
from profexd.edit.errors import EditError
from profexd.edit.questions import Question
from profexd.edit.steps import Step
from profexd.edit.trial import Glance, Verdict
from profexd.tui.forms import columns as column_list
from profexd.tui.forms.columns import ColumnList, ColumnOptions
from profexd.tui.forms.fields import Chooser, Field, Line
from profexd.tui.forms.glance import glance_text, problems_text
from profexd.tui.forms.keys import KEYS, footer, shown
from profexd.tui.screens.dialogs import Confirm, TextBox

_PAUSE_SECONDS = 0.4
"""How long nothing is typed before the draft is tried."""
_DRAIN_SECONDS = 1.0
_MORE = "more"


Found = Glance | Columns | Verdict | EditError


class Tried(Message):
    """A child has answered."""

    def __init__(self, what: str, text: str, found: Found) -> None:
        super().__init__()
        self.what = what
        self.text = text
        self.found = found


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The lines of a step; the arrows are the form's."""


class FormScreen(Screen[str | None], inherit_bindings=False):
    """Dismissed with the path of the file that was saved, or None."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    FormScreen { background: $background; }
    FormScreen > Static { width: 100%; padding: 0 1; }
    FormScreen > #title { height: 1; background: $panel; text-wrap: nowrap; }
    FormScreen > #steps { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FormScreen > #fields { height: 1fr; min-height: 3; scrollbar-size-vertical: 1; }
    FormScreen > #words { height: auto; min-height: 1; max-height: 2; color: $text-muted;
                          background: $surface; }
    FormScreen > #words.-wrong { color: $error; }
    FormScreen > #glance { height: 8; max-height: 40%; }
    FormScreen > #keys { height: 1; background: $panel; text-wrap: nowrap;
                         text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the lines: keys typed ahead act in order.
        Binding(one, key.action, key.help, show=False, priority=True)
        for key in KEYS
        if key.action is not None
        for one in key.keys
    ]

    def __init__(self, composing: Composing) -> None:
        super().__init__()
        self._composing = composing
        self._at = 0
        self._more = False
        self._columns: Columns | None = None
        self._columns_of = ""
        self._tried = ""
        """The text that the preview is of, or is being made of."""
        self._glance = Glance(None, "")
        self._problems: Text | None = None
        self._timer: Timer | None = None
        self._saving = False

    def compose(self) -> ComposeResult:
        yield Static("", id="title", markup=False)
        yield Static("", id="steps", markup=False)
        yield Fields(id="fields")
        yield Static("", id="words", markup=False)
        yield Static("", id="glance", markup=False)
        yield Static("", id="keys", markup=False)

    async def on_mount(self) -> None:
        keys = Text()
        for key, label in footer():
            keys.append(f"{key} ", "bold").append(f"{label}  ")
        self.query_one("#keys", Static).update(keys)
        await self._build()
        self._try_soon()

    # -- the lines of a step

    @property
    def _steps(self) -> tuple[Step, ...]:
        """The steps that ask something: a sink without secrets has no step for them."""
        return tuple(step for step in self._composing.steps if step.questions)

    @property
    def _step(self) -> Step:
        return self._steps[self._at]

    @property
    def _choice(self) -> ColumnChoice | None:
        if not (self._step.columns and self._columns):
            return None
        return choice_of(self._columns, self._composing.draft)

    def _asked(self, *, with_list: bool) -> list[Question]:
        """The questions that stand on the screen, in their order."""
        return [
            one
            for one in self._step.questions
            if not (with_list and one.key in COLUMN_KEYS)
            and (self._more or not one.rare or self._composing.draft.get(one.key) is not None)
        ]

    async def _build(self, focus: str | None = None) -> None:
        """Make the lines anew and put the cursor on ``focus``, else on the first."""
        choice = self._choice
        questions = self._asked(with_list=choice is not None)
        hidden = len(self._step.questions) - len(questions)
        hidden -= len(COLUMN_KEYS) if choice is not None else 0
        fields = self.query_one(Fields)
        with self.app.batch_update():
            await fields.remove_children()
            if choice is not None:
                await fields.mount(ColumnList(choice))
            await fields.mount_all(Field(one, self._composing.shown(one)) for one in questions)
            if hidden > 0:
                await fields.mount(Line(f"{hidden} more options", _MORE))
            last = self._at == len(self._steps) - 1
            goal = "Save" if last else f"Next: {self._steps[self._at + 1].title}"
            await fields.mount(Line(f"[ {goal} ]", "save" if last else "step"))
        found = [one for one in self.query(Field) if one.question.name == focus]
        self.set_focus(found[0].control if found else self._focusable()[0])
        self._draw()

    def _focusable(self) -> list[Input | Chooser | Line | ColumnOptions]:
        found: list[Input | Chooser | Line | ColumnOptions] = []
        for child in self.query_one(Fields).children:
            match child:
                case Field():
                    found.append(child.control)
                case ColumnList():
                    found.append(child.options)
                case Line():
                    found.append(child)
        return found

    def _draw(self) -> None:
        composing = self._composing
        verb = "New" if composing.old is None else "Edit"
        star = " *" if composing.changed else ""
        title = f"{verb} {composing.target.kind} {composing.target.name}{star}"
        self.query_one("#title", Static).update(Text(title, style="bold"))
        steps = Text()
        for number, step in enumerate(self._steps):
            here = number == self._at
            text = f"{number + 1} {step.title}"
            steps.append(f"[{text}]" if here else f" {text} ", "bold" if here else "dim")
        self.query_one("#steps", Static).update(steps)
        self._draw_words()

    def _draw_words(self) -> None:
        words = self.query_one("#words", Static)
        field = self._field
        words.set_class(field is not None and bool(field.error), "-wrong")
        if field is not None:
            words.update(Text(field.words))
        elif isinstance(self.focused, ColumnOptions):
            words.update(Text(column_list.WORDS))
        else:
            words.update(Text(str(self._composing.target.file)))

    def _draw_glance(self) -> None:
        pane = self.query_one("#glance", Static)
        if self._problems is not None:
            pane.update(self._problems)
            return
        width = max(20, self.size.width - 2)
        pane.update(glance_text(self._glance, self._composing.target.kind, width))

    @property
    def _field(self) -> Field | None:
        """The field under the cursor."""
        parent = self.focused.parent if self.focused is not None else None
        return parent if isinstance(parent, Field) else None

    # -- answers

    def _take(self, field: Field) -> bool:
        """Take what stands in a field into the draft; whether it could be."""
        if field.answer == field.taken:
            return True
        try:
            self._composing.answer(field.question, field.answer)
        except (ValueError, EditError) as why:
            field.tell(str(why))
            self._draw_words()
            return False
        field.taken = field.answer
        field.tell("")
        self._problems = None
        self._draw()
        self._try_soon()
        return True

    async def _keep_up(self) -> None:
        """Make the lines anew where an answer has brought other questions."""
        asked = [one.name for one in self._asked(with_list=self._choice is not None)]
        if asked != [one.question.name for one in self.query(Field)]:
            focused = self._field
            await self._build(focused.question.name if focused is not None else None)

    def on_input_changed(self, event: Input.Changed) -> None:
        field = event.input.parent
        if isinstance(field, Field) and field.answer != field.seen:
            field.seen = field.answer
            # The preview follows what is typed; what cannot be read yet is told on leaving it.
            field.tell("")
            try:
                field.question.parse(field.answer)
            except ValueError:
                if field.answer:
                    return
            if not field.question.required or field.answer:
                self._take(field)

    async def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        field = event.chooser.parent
        if isinstance(field, Field) and self._take(field):
            await self._keep_up()

    def on_column_list_changed(self, event: ColumnList.Changed) -> None:
        event.choice.write(self._composing.draft)
        self._problems = None
        self._draw()
        self._try_soon()

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        self._draw_words()

    # -- trying the draft

    def _try_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE_SECONDS, self._try)

    def _try(self) -> None:
        """Ask a child what the draft would export, and which columns there are."""
        self._timer = None
        text = self._composing.text
        if text != self._tried:
            self._tried = text
            self._in_thread("glance", partial(trial.preview, self._composing.target, text))
        source = repr(self._composing.draft.get(("source",)))
        if self._step.columns and source != self._columns_of:
            self._columns_of = source
            self._in_thread("columns", self._composing.columns())

    def _in_thread(self, what: str, call: Callable[[], Glance | Columns | Verdict]) -> None:
        text = self._tried

        def work() -> None:
            try:
                found: Found = call()
            except EditError as why:
                found = why
            self.post_message(Tried(what, text, found))

        self.run_worker(work, thread=True, exclusive=True, group=f"form-{what}")

    async def on_tried(self, tried: Tried) -> None:
        match tried.found:
            case EditError():
                self._saving = False
                self._problems = Text(f"{tried.found.message}\n{tried.found.hint}", "bold red")
            case Glance():
                if tried.text == self._tried:  # else a newer one is on its way
                    self._glance = tried.found
            case Verdict():
                await self._judged(tried.found)
                return
            case tuple():
                self._columns = tried.found
                if self._choice is not None and not self.query(ColumnList):
                    field = self._field
                    busy = field is not None and (
                        field.answer or field is not next(iter(self.query(Field)))
                    )
                    await self._build(field.question.name if field and busy else None)
        self._draw_glance()

    @property
    def resting(self) -> bool:
        """Whether nothing is left to try."""
        return self._timer is None and not self._saving

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave to a list of columns the keys that it hears itself."""
        if action in ("next_line", "previous_line"):
            return not isinstance(self.focused, ColumnOptions)
        if action == "next":
            return not any(one.asking for one in self.query(ColumnList))
        return True

    async def _drain(self) -> None:
        """Let what was typed before a key arrive where it was typed."""
        waiting: Widget | None = self.focused
        while waiting is not None and waiting.is_attached:
            arrived = asyncio.Event()
            waiting.call_later(arrived.set)
            try:
                await asyncio.wait_for(arrived.wait(), _DRAIN_SECONDS)
            except TimeoutError:
                return
            parent = waiting.parent
            waiting = parent if isinstance(parent, Widget) else None

    async def action_next_line(self) -> None:
        await self._drain()
        await self._go(1)

    async def action_previous_line(self) -> None:
        await self._drain()
        await self._go(-1)

    async def _go(self, by: int) -> None:
        field = self._field
        if field is not None:
            self._tell(field)
        await self._keep_up()
        lines = self._focusable()
        here = next((i for i, one in enumerate(lines) if one is self.focused), -1)
        self.set_focus(lines[(here + by) % len(lines)])

    def _tell(self, field: Field) -> None:
        """Say of a field that is left what is wrong with it."""
        if not field.answer:
            return
        try:
            field.question.parse(field.answer)
        except ValueError as why:
            field.tell(str(why))

    async def action_next(self) -> None:
        await self._drain()
        focused = self.focused
        if isinstance(focused, Line):
            await self._press(focused.action)
            return
        field = self._field
        if field is None or self._take(field):
            await self._go(1)

    async def _press(self, action: str) -> None:
        match action:
            case "more":
                self._more = True
                last = self._asked(with_list=self._choice is not None)
                rare = next((one.name for one in last if one.rare), None)
                await self._build(rare)
            case "step":
                await self.action_step(1)
            case "save":
                await self.action_save()

    async def action_step(self, by: int) -> None:
        await self._drain()
        goal = self._at + by
        if 0 <= goal < len(self._steps):
            self._at = goal
            self._more = False
            self._problems = None
            await self._build()
            self._draw_glance()
            self._try_soon()

    def action_help(self) -> None:
        text = Text()
        for key in KEYS:
            text.append(" ".join(shown(key)).ljust(20), "bold").append(f"{key.help}\n")
        self.app.push_screen(TextBox("Keys of the form", text))

    async def action_leave(self) -> None:
        asking = next((one for one in self.query(ColumnList) if one.asking), None)
        if asking is not None:
            asking.close()
        elif not self._composing.changed:
            self.dismiss(None)
        else:
            box = Confirm("Leave the form?", "What was answered is lost.", "Leave")
            self.app.push_screen(box, self._left)

    def _left(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(None)

    # -- saving

    async def action_save(self) -> None:
        """Check the draft in a child; save it if nothing is wrong."""
        await self._drain()
        if self._saving:
            return
        wrong = [one for one in self.query(Field) if one.error]
        if wrong:
            self.set_focus(wrong[0].control)
            return
        self._saving = True
        self._problems = Text("checking", style="dim")
        self._draw_glance()
        composing = self._composing
        self._in_thread("save", partial(composing.check_of, composing.text))

    async def _judged(self, verdict: Verdict) -> None:
        self._saving = False
        if verdict.ok:
            try:
                self._composing.save()
            except (EditError, OSError) as why:
                hint = getattr(why, "hint", "")
                self._problems = Text(f"{why}\n{hint}", style="bold red")
                self._draw_glance()
                return
            self.dismiss(str(self._composing.target.file))
            return
        self._problems = problems_text((*verdict.problems, *verdict.elsewhere))
        await self._go_to_problem(verdict)
        self._draw_glance()

    async def _go_to_problem(self, verdict: Verdict) -> None:
        """Go to the question that the first error is about."""
        for problem in verdict.problems:
            if problem["severity"] != "error" or not problem["key"]:
                continue
            key = problem["key"].split("[")[0]
            for number, step in enumerate(self._steps):
                names = [one.name for one in step.questions]
                near = [name for name in names if name == key] or [
                    name for name in names if name.startswith(f"{key}.")
                ]
                if near:
                    self._at = number
                    self._more = any(one.rare and one.name == near[0] for one in step.questions)
                    await self._build(near[0])
                    for field in self.query(Field):
                        if field.question.name == near[0]:
                            field.tell(problem["message"])
                    self._draw_words()
                    return

    def on_resize(self, _: events.Resize) -> None:
        if self.query("#glance"):
            self._draw_glance()
