"""The guided form: steps of questions over a live preview; nothing is saved that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Input, Static

from profexd.edit.columns import ColumnChoice, choice_of
from profexd.edit.composing import Composing
from profexd.edit.errors import EditError
from profexd.edit.steps import Step
from profexd.edit.trial import Glance, Verdict
from profexd.tui.actions import Action, Place, shown_keys
from profexd.tui.forms import hearing
from profexd.tui.forms.below import Below, steps_text
from profexd.tui.forms.columns import ColumnList, ColumnOptions
from profexd.tui.forms.fields import Chooser, Field, Line, Opener, field_of, typed_at
from profexd.tui.forms.glance import problems_text
from profexd.tui.forms.items import ItemsScreen
from profexd.tui.forms.lines import SECTION, Lines
from profexd.tui.forms.trouble import asked_at, question_of, trouble_of
from profexd.tui.forms.trying import Tried, Trying
from profexd.tui.screens.dialogs import Confirm, TextBox
from profexd.tui.widgets.bars import Footer, Header

_SHOWN = (Place.FORM, Place.CHOICES, Place.COLUMNS, Place.ITEMS, Place.EVERYWHERE)
_KEYS_WIDTH = 20
_BESIDE_SEARCH = re.compile(r"escape|f\d+|ctrl\+.*")
"""What the form hears while the list of columns has a line to type into."""


class FormScreen(hearing.HearingScreen):
    """Tells ``left`` the path of the file that was saved, or None."""

    PLACE = Place.FORM
    PLACES = (Place.CHOICES, Place.COLUMNS, Place.FORM, Place.EVERYWHERE)
    NEEDS = ("#header", "#below .glance", "#footer")
    DEFAULT_CSS = """
    FormScreen > Static { width: 100%; padding: 0 1; }
    FormScreen > #steps { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FormScreen > #fields { height: 1fr; min-height: 3; scrollbar-size-vertical: 1; }
    """

    def __init__(self, composing: Composing, left: Callable[[str | None], None]) -> None:
        super().__init__()
        self._composing = composing
        self._left = left
        self._at = 0
        self._problems: Text | None = None
        self._trying = Trying(self, composing)

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Static("", id="steps", markup=False)
        yield Lines(self._composing, id="fields")
        yield Below(self._composing.target.kind)
        yield Footer(id="footer")
        yield Static("", id="too-small", markup=False)

    # Each class of a screen hears of this by itself, its base too.
    async def on_mount(self) -> None:  # type: ignore[override]  # what it holds is mounted
        await self._build()
        self._trying.soon()

    # -- what is shown

    @property
    def resting(self) -> bool:
        """Whether nothing is left to try."""
        return self._trying.resting

    @property
    def _steps(self) -> tuple[Step, ...]:
        """The steps that ask something: a sink without secrets has no step for them."""
        return tuple(step for step in self._composing.steps if step.questions)

    @property
    def _step(self) -> Step:
        return self._steps[self._at]

    @property
    def _choice(self) -> ColumnChoice | None:
        if not (self._step.columns and self._trying.columns):
            return None
        return choice_of(self._trying.columns, self._composing.draft)

    @property
    def _lines(self) -> Lines:
        return self.query_one(Lines)

    @property
    def _field(self) -> Field | None:
        """The field under the cursor."""
        return field_of(self.focused)

    @property
    def _list(self) -> ColumnList | None:
        return next(iter(self.query(ColumnList)), None)

    async def _build(self, focus: str | None = None) -> None:
        """Make the lines anew and put the cursor on ``focus``, else on the first."""
        last = self._at == len(self._steps) - 1
        goal = "Save" if last else f"Next: {self._steps[self._at + 1].title}"
        lines, typed = self._lines, typed_at(self.focused)
        lines.columns = self._trying.columns
        await lines.build(
            self._step, self._choice, Line(f"[ {goal} ]", "save" if last else "form_next_step")
        )
        found = lines.of(focus) if focus else None
        self.set_focus(found.control if found else lines.stops()[0])
        if found and isinstance(found.control, Chooser):
            found.control.typed = typed
        self._draw()

    def refresh_view(self) -> None:
        """Draw what depends on the size, too."""
        if self.drawable:
            self._draw()
            self._draw_glance()
            self.refresh_footer()

    def refresh_footer(self) -> None:
        keys = list(hearing.footer_keys(self.tui.actions, (Place.FORM, Place.EVERYWHERE)))
        self.query_one(Footer).show_keys(keys, self.size.width - 2)

    def _draw(self) -> None:
        composing = self._composing
        verb = "New" if composing.old is None else "Edit"
        star = " *" if composing.changed else ""
        title = f"{verb} {composing.target.kind} {composing.target.name}{star}"
        self.query_one(Header).show(Text(title, style="bold"))
        titles = [step.title for step in self._steps]
        text = steps_text(titles, self._at, self.size.width - 2)
        self.query_one("#steps", Static).update(text)
        self._draw_words()

    def _draw_words(self) -> None:
        field, focused = self._field, self.focused
        text = str(self._composing.target.file)
        if field is not None:
            text = field.words
        elif isinstance(focused, Line) and focused.words:
            text = focused.words
        elif isinstance(focused, ColumnOptions):
            here = [one for one in self.tui.actions if one.where is Place.COLUMNS]
            keys = ", ".join(f"{shown_keys(one).split()[0]} {one.label}" for one in here[:6])
            text = f"The columns of the source: {keys}."
        below = self.query_one(Below)
        below.say(text, wrong=field is not None and bool(field.error))

    def _draw_glance(self) -> None:
        self.query_one(Below).show(self._problems or self._trying.glance)
        if isinstance(self.app.screen, ItemsScreen):
            self.app.screen.show_glance(self._trying.glance)

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        self._draw_words()

    # -- answers

    def _changed(self) -> None:
        self._problems = None
        self._draw()
        self._trying.soon()

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
        self._changed()
        return True

    async def _keep_up(self) -> None:
        """Make the lines anew where an answer has brought other questions."""
        if not self._lines.fits(self._step, self._choice):
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
        async with self.one_at_a_time:
            field = field_of(event.chooser)
            if field is not None and field.is_attached and self._take(field):
                await self._keep_up()

    def on_column_list_changed(self, event: ColumnList.Changed) -> None:
        event.choice.write(self._composing.draft)
        self._changed()

    async def on_tried(self, tried: Tried) -> None:
        async with self.one_at_a_time:
            await self._learn(tried)

    async def _learn(self, tried: Tried) -> None:
        self._trying.came(tried)
        match tried.found:
            case EditError():
                self._problems = Text(f"{tried.found.message}\n{tried.found.hint}", "bold red")
            case Verdict():
                if not self._trying.judging:
                    await self._judged(tried.found)
                return
            case Glance():
                self._mark(tried.found)
            case tuple():
                self._lines.columns = tried.found
                if self._choice is not None and self._list is None:
                    field = self._field
                    busy = field is not None and (
                        field.answer or field is not self._lines.fields[0]
                    )
                    await self._build(field.question.name if field and busy else None)
        self._draw_glance()

    def _mark(self, glance: Glance) -> None:
        """Say at each answer of this step what is wrong with it."""
        wrong: dict[str, str] = {}
        for place, said in trouble_of(glance.why_not).items():
            found = asked_at(place, self._steps)
            if found is not None and found[0] == self._at:
                wrong.setdefault(found[1].name, said)
        for field in self._lines.fields:
            if field.answer and field.answer == field.taken:
                field.tell(wrong.get(field.question.name, ""))
        self._draw_words()

    # -- keys

    def places(self) -> tuple[Place, ...]:
        match self.focused:
            case Chooser():
                return (Place.CHOICES, Place.FORM, Place.EVERYWHERE)
            case ColumnOptions():
                return (Place.COLUMNS, Place.FORM, Place.EVERYWHERE)
        return (Place.FORM, Place.EVERYWHERE)

    def typed_here(self, key: str) -> bool:
        if self._list is not None and self._list.asking and isinstance(self.focused, Input):
            return not _BESIDE_SEARCH.fullmatch(key)
        return super().typed_here(key)

    async def act(self, action: Action) -> None:
        match action.where, self.focused:
            case Place.CHOICES, Chooser() as chooser:
                chooser.perform(action.id)
            case Place.COLUMNS, ColumnOptions():
                if self._list is not None and not self._list.perform(action.id):
                    await self._go(1 if action.id == "column_down" else -1)
            case _:
                await super().act(action)

    async def do_form_next(self) -> None:
        focused = self.focused
        if isinstance(focused, Line) and not isinstance(focused, Opener):
            await self._press(focused.action)
        elif isinstance(focused, Opener):
            await self._open_items()
        elif self._field is None or self._take(self._field):
            await self._go(1, sections=False)

    async def do_form_down(self) -> None:
        await self._go(1)

    async def do_form_up(self) -> None:
        await self._go(-1)

    async def _go(self, by: int, *, sections: bool = True) -> None:
        field = self._field
        if field is not None and field.answer:
            try:
                field.question.parse(field.answer)
            except ValueError as why:
                field.tell(str(why))
        await self._keep_up()
        self.set_focus(self._lines.after(self.focused, by, sections=sections))

    async def _press(self, line: str) -> None:
        if line.startswith(SECTION):
            section = line.removeprefix(SECTION)
            before = {one.question.name for one in self._lines.fields}
            opened = self._lines.toggle(self._step, section)
            asked = self._lines.asked(self._step, self._choice)
            new = (one.name for one in asked if one.section == section and one.name not in before)
            await self._build(next(new, None))
            if not opened:
                lines = self._lines.stops()
                heading = (one for one in lines if isinstance(one, Line) and one.action == line)
                self.set_focus(next(heading))
        elif line == "save":
            self.do_form_save()
        else:
            await self._step_to(self._at + 1)

    async def _open_items(self) -> None:
        field = self._field
        if field is not None:
            items = self._composing.items(field.question, self._trying.columns)
            screen = ItemsScreen(items, field.question, self._composing, self._changed)
            await self.app.push_screen(screen, self._items_left)
            screen.show_glance(self._trying.glance)

    async def _items_left(self, _: None) -> None:
        field = self._field
        await self._build(field.question.name if field is not None else None)

    async def do_form_next_step(self) -> None:
        await self._step_to(self._at + 1)

    async def do_form_previous_step(self) -> None:
        await self._step_to(self._at - 1)

    async def _step_to(self, goal: int) -> None:
        if 0 <= goal < len(self._steps):
            self._at = goal
            self._problems = None
            self._trying.columns_wanted = self._trying.columns_wanted or goal > 0
            await self._build()
            self._draw_glance()
            self._trying.soon()

    def do_help(self) -> None:
        text = Text()
        for place in _SHOWN:
            text.append(f"{place.value}\n", "bold underline")
            for action in self.tui.actions:
                if action.where is place:
                    text.append(f" {shown_keys(action).ljust(_KEYS_WIDTH)}", "bold")
                    text.append(f" {action.help}\n")
        self.app.push_screen(TextBox("Keys of the form", text))

    def do_form_leave(self) -> None:
        if self._list is not None and self._list.asking:
            self._list.close()
        else:
            self._if_lost(self._leave)

    def do_exit(self) -> None:
        self._if_lost(self.app.exit)

    def _if_lost(self, go: Callable[[], None]) -> None:
        if not self._composing.changed:
            go()
            return
        box = Confirm("Leave the form?", "What was answered is lost.", "Leave")
        self.app.push_screen(box, lambda yes: go() if yes else None)

    def _leave(self, file: str | None = None) -> None:
        self.dismiss(None)
        self._left(file)

    # -- saving

    def do_form_save(self) -> None:
        """Check the draft in a child; save it if nothing is wrong."""
        if self._trying.judging:
            return
        wrong = [one for one in self._lines.fields if one.error]
        if wrong:
            self.set_focus(wrong[0].control)
            return
        self._problems = Text("checking", style="dim")
        self._draw_glance()
        self._trying.judge()

    async def _judged(self, verdict: Verdict) -> None:
        if verdict.ok:
            try:
                self._composing.save()
            except (EditError, OSError) as why:
                hint = getattr(why, "hint", "")
                self._problems = Text(f"{why}\n{hint}", style="bold red")
                self._draw_glance()
                return
            self._leave(str(self._composing.target.file))
            return
        self._problems = problems_text((*verdict.problems, *verdict.elsewhere))
        await self._go_to_problem(verdict)
        self._draw_glance()

    async def _go_to_problem(self, verdict: Verdict) -> None:
        """Go to the question that the first error is about."""
        for problem in verdict.problems:
            found = question_of(problem, self._steps)
            if found is None:
                continue
            self._at, question = found
            if question.section:
                self._lines.open(self._step, question.section)
            await self._build(question.name)
            field = self._lines.of(question.name)
            if field is not None:
                field.tell(problem["message"])
            self._draw_words()
            return
