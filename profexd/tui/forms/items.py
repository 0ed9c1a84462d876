"""The screen of a list within a form: conditions and their groups, or notices, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from profexd.edit.composing import Composing
from profexd.edit.items import Items, Row
from profexd.edit.questions import Place as At
from profexd.edit.questions import Question
from profexd.edit.trial import Glance
from profexd.tui.actions import Place, shown_keys
from profexd.tui.forms import hearing
from profexd.tui.forms.below import Below
from profexd.tui.forms.itembox import ItemBox
from profexd.tui.forms.trouble import trouble_of
from profexd.tui.widgets.bars import Footer, Header

_INDENT = 3


class Rows(OptionList, can_focus=True, inherit_bindings=False):
    """The lines; the keys are the screen's."""


class ItemsScreen(hearing.HearingScreen):
    """Changes the draft at once; ``changed`` hears of it."""

    PLACE = Place.ITEMS
    PLACES = (Place.ITEMS, Place.EVERYWHERE)
    NEEDS = ("#header", "#rows", "#below .glance", "#footer")
    DEFAULT_CSS = """
    ItemsScreen > #rows { height: 1fr; border: none; padding: 0 1; background: $background;
                          scrollbar-size-vertical: 1; }
    """

    def __init__(
        self,
        items: Items,
        question: Question,
        composing: Composing,
        changed: Callable[[], None],
    ) -> None:
        super().__init__()
        self._items = items
        self._question = question
        self._composing = composing
        self._changed = changed
        self._rows: list[Row] = []
        self._glance = Glance(None)
        self._wrong: Mapping[At, str] = {}

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Rows(id="rows", markup=False, compact=True)
        yield Below(self._composing.target.kind)
        yield Footer(id="footer")
        yield Static("", id="too-small", markup=False)

    # Each class of a screen hears of this by itself, its base too.
    async def on_mount(self) -> None:  # type: ignore[override]  # what it holds is mounted
        self._options.focus()
        self._build()
        if not self._composing.draft.get(self._question.key):
            await self.do_item_add()

    @property
    def _options(self) -> Rows:
        return self.query_one(Rows)

    @property
    def _row(self) -> Row | None:
        place = self._options.highlighted
        return self._rows[place] if place is not None and place < len(self._rows) else None

    def refresh_view(self) -> None:
        if self.drawable:
            target = self._composing.target
            title = f"{self._items.title} of {target.kind} {target.name}"
            self.query_one(Header).show(Text(title, style="bold"))
            self._draw_words()
            self.refresh_footer()

    def refresh_footer(self) -> None:
        places = (Place.ITEMS, Place.EVERYWHERE)
        actions = [one for one in self.tui.actions if self._items.groups or one.id != "item_group"]
        keys = list(hearing.footer_keys(actions, places, typing=False))
        self.query_one(Footer).show_keys(keys, self.size.width - 2)

    def show_glance(self, glance: Glance) -> None:
        """Show what the draft gives, and at which line something is wrong."""
        self._glance, self._wrong = glance, trouble_of(glance.why_not)
        if self.drawable:
            self.query_one(Below).show(glance)
            self._build(self._row.place if self._row else None)

    def _build(self, at: At | None = None) -> None:
        """Make the lines anew, with the cursor on that of a place, else where it was."""
        options, before = self._options, self._options.highlighted or 0
        self._rows = list(self._items.rows())
        options.clear_options()
        options.add_options([Option(self._line(row)) for row in self._rows])
        places = [row.place for row in self._rows]
        if places:
            near = min(before, len(places) - 1)
            options.highlighted = places.index(at) if at in places else near
        self.refresh_view()

    def _line(self, row: Row) -> Text:
        text = Text(" " * (_INDENT * row.depth))
        wrong = any(place[: len(row.place)] == row.place for place in self._wrong)
        if wrong and not row.group:
            return text.append(f"! {row.text}", "bold red")
        return text.append(f"{row.text}{':' if row.group else ''}", "bold" if row.group else "")

    def _draw_words(self) -> None:
        row = self._row
        wrong = [
            said
            for place, said in self._wrong.items()
            if row is not None and not row.group and place[: len(row.place)] == row.place
        ]
        below = self.query_one(Below)
        below.say(wrong[0] if wrong else self._hint(row), wrong=bool(wrong))

    def _hint(self, row: Row | None) -> str:
        keys = {one.id: shown_keys(one).split()[0] for one in self.tui.actions}
        add, turn = keys["item_add"], keys["item_open"]
        if all(one.group for one in self._rows):
            return f"No {self._items.one} yet: {self._items.none}. {add} adds one."
        if row is not None and row.group:
            return f"{turn} changes between all and any; {add} adds a {self._items.one} to it."
        return self._question.doc

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        if self.drawable:
            self._draw_words()

    # -- keys

    def do_item_down(self) -> None:
        self._options.action_cursor_down()

    def do_item_up(self) -> None:
        self._options.action_cursor_up()

    async def do_item_add(self) -> None:
        await self._ask(None, partial(self._added, group=False))

    async def do_item_group(self) -> None:
        if self._items.groups:
            await self._ask(None, partial(self._added, group=True))

    async def do_item_open(self) -> None:
        row = self._row
        if row is None:
            await self.do_item_add()
        elif row.group:
            self._items.turn(row)
            self._after(row.place)
        else:
            await self._ask(row, self._taken)

    async def _ask(self, row: Row | None, then: Callable[[dict[str, Any] | None], None]) -> None:
        verb = "New" if row is None else "Change the"
        box = ItemBox(
            f"{verb} {self._items.one}",
            self._items,
            self._items.begun(row),
            self.tui.actions,
        )
        # Waited for: what is typed ahead is for the box.
        await self.app.push_screen(box, then)

    def _added(self, values: dict[str, Any] | None, *, group: bool) -> None:
        if values is not None:
            self._after(self._items.add(self._row, {"any": [values]} if group else values))
        elif not self._composing.draft.get(self._question.key):
            self.do_item_leave()

    def _taken(self, values: dict[str, Any] | None) -> None:
        row = self._row
        if values is not None and row is not None:
            self._items.take(row, values)
            self._after(row.place)

    def do_item_remove(self) -> None:
        row = self._row
        if row is not None and len(row.place) > 1:
            self._items.remove(row)
            self._after(None)

    def do_item_lower(self) -> None:
        self._move(1)

    def do_item_higher(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        if self._row is not None:
            self._after(self._items.move(self._row, by))

    def _after(self, place: At | None) -> None:
        self._wrong = {}
        self._build(place)
        self._changed()

    def do_item_leave(self) -> None:
        self.dismiss(None)
