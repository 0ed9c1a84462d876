"""Home: the list of pipelines over, or beside, the detail of one."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Static

from profexd.tui import humane
from profexd.tui.actions import Context, Place
from profexd.tui.order import Order
from profexd.tui.screens.asking import AskingScreen
from profexd.tui.screens.base import bindings_of
from profexd.tui.screens.dialogs import Choice, Menu, TextBox
from profexd.tui.screens.log import LogScreen
from profexd.tui.selection import Selection
from profexd.tui.store import State, latest_run, latest_run_id, stoppable_run_id
from profexd.tui.widgets.bars import TabBar
from profexd.tui.widgets.detail import LOG, PREVIEW, RUNS, TABS, Detail, OverviewPane
from profexd.tui.widgets.notice import Notice, failure_text, no_match_text, no_pipelines_text
from profexd.tui.widgets.preview import PreviewTable
from profexd.tui.widgets.runs import RunsTable
from profexd.tui.widgets.tables import PipelineTable
from profexd.tui.widgets.tailview import TailView
from profexd.wire import PipelineJson

WIDE = 120
NARROW = 80
SHORT = 20
LIST_SHARE = 0.55
LIST_LEAST = 5
_ORDER_KEYS = {
    Order.NAME: "n",
    Order.STATE: "s",
    Order.LAST: "l",
    Order.NEXT: "x",
    Order.ROWS: "r",
}
Movable = PipelineTable | OverviewPane | RunsTable | PreviewTable | TailView


class PipelinesScreen(AskingScreen, inherit_bindings=False):
    """The list, the filter line and the detail; everything else lies over it."""

    PLACE: ClassVar[Place] = Place.LIST
    NEEDS: ClassVar = (
        *("#header", "#banner", "#footer", "#body", "#list", "#pipelines", "#notice"),
        *("#filter", "#filter-count", "#detail"),
    )
    DEFAULT_CSS = """
    PipelinesScreen #filter-line { height: 1; display: none; background: $surface; }
    PipelinesScreen.-filtering #filter-line { display: block; }
    PipelinesScreen #filter-sign { width: 3; padding: 0 1; text-style: bold; }
    PipelinesScreen #filter { padding: 0; width: 1fr; background: $surface; }
    PipelinesScreen #filter-count { width: auto; padding: 0 1; }
    PipelinesScreen #body { height: 1fr; layout: vertical; }
    PipelinesScreen #list { height: 1fr; }
    PipelinesScreen #detail { height: 1fr; }
    PipelinesScreen.-wide #body { layout: horizontal; }
    PipelinesScreen.-wide #list { height: 100%; width: 1fr; }
    PipelinesScreen.-wide #detail { height: 100%; width: 40%; border-left: solid $panel; }
    PipelinesScreen.-closed #detail { display: none; }
    PipelinesScreen.-zoomed #list { display: none; }
    PipelinesScreen.-zoomed #detail { height: 100%; width: 100%; border-left: none; }
    PipelinesScreen.-old #body { text-opacity: 60%; }
    """
    BINDINGS: ClassVar = bindings_of(Place.LIST)

    def __init__(self, *, filter_text: str = "") -> None:
        super().__init__()
        self._selection = Selection(filter_text)
        self._shown: list[PipelineJson] = []
        self._open: bool | None = None
        self._zoomed = False
        self._count = ""

    # -- what is on the screen

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-sign", markup=False)
            yield Input(
                self._selection.text,
                id="filter",
                placeholder="name !not ~fuzzy state:failed",
                compact=True,
            )
            yield Static("", id="filter-count", markup=False)
        with Container(id="body"):
            with Vertical(id="list"):
                yield PipelineTable(id="pipelines")
                yield Notice(id="notice")
            yield Detail(self.tui.client, zone=self.tui.zone, id="detail")

    def on_mount(self) -> None:
        self.table.focus()
        self.set_class(bool(self._selection.text), "-filtering")
        self._arrange()

    @property
    def table(self) -> PipelineTable:
        """The list."""
        return self.query_one(PipelineTable)

    @property
    def detail(self) -> Detail:
        """The detail of the pipeline under the cursor."""
        return self.query_one(Detail)

    @property
    def in_detail(self) -> bool:
        """Whether the keys that move mean the detail."""
        focused = self.focused
        return self._zoomed_now or (
            focused is not None and self.detail in focused.ancestors_with_self
        )

    def context(self) -> Context:
        state = self.tui.state
        targets = self._selection.targets(state.pipelines, self.table.current)
        return self.tui.context(
            targets=targets,
            stoppable=any(
                stoppable_run_id(pipeline, state.current.get(pipeline["name"]))
                for pipeline in targets
            ),
            has_log=bool(targets) and latest_run_id(state, targets[0]["name"]) is not None,
        )

    def header_note(self) -> str:
        return f"{len(self._selection.marked)} marked" if self._selection.marked else ""

    def refresh_view(self) -> None:
        if not self.drawable:
            return
        state, view = self.tui.state, self.view
        self._shown = self._selection.shown(state.pipelines)
        self.set_class(state.loaded and not state.connected, "-old")
        self._show_notice(state)
        self._show_filter(state)
        runs = {pipeline["name"]: latest_run(state, pipeline["name"]) for pipeline in self._shown}
        self.table.show(
            self._shown,
            runs,
            view,
            marked=self._selection.marked,
            sorted_by=self._selection.order,
            reverse=self._selection.reverse,
            width=max(30, self._list_width() - 1),
        )
        self.detail.show(state, self.table.current, view)
        super().refresh_view()

    def _list_width(self) -> int:
        return self.query_one("#list").size.width or self.size.width

    def _show_notice(self, state: State) -> None:
        notice = self.query_one(Notice)
        text = None
        if not state.loaded and state.failure is not None:
            text = failure_text(state.failure, self._wait_text(state))
        elif state.loaded and not state.pipelines:
            text = no_pipelines_text(state)
        elif state.loaded and not self._shown:
            text = no_match_text(self._selection.text, problems=self._selection.problems_only)
        notice.show(text)
        self.table.display = text is None
        if text is None and self.focused is None:
            self.table.focus()
        if text is not None and self._zoomed and not self._shown:
            self._zoomed = False
        self._arrange()

    def _wait_text(self, state: State) -> str:
        if state.retry_at is None or state.retry_at <= self.view.now:
            return "connecting"
        left = max(timedelta(seconds=1), state.retry_at - self.view.now)
        return (
            f"trying again by itself in {round(left.total_seconds())} s "
            f"(try {state.attempt}); r tries now, q quits"
        )

    def _show_filter(self, state: State) -> None:
        shown = self._selection.narrowed or self._filter_focused
        self.set_class(shown, "-filtering")
        count = f"{len(self._shown)} of {humane.count(len(state.pipelines), 'pipeline')}"
        if self._selection.problems_only:
            count = f"problems only {self.view.glyphs.dot} {count}"
        if count != self._count:
            self._count = count
            self.query_one("#filter-count", Static).update(count)

    @property
    def _filter_focused(self) -> bool:
        return self.query_one("#filter", Input).has_focus

    # -- room for list and detail

    @property
    def _stacked(self) -> bool:
        return self.size.width < NARROW or self.size.height < SHORT

    @property
    def _zoomed_now(self) -> bool:
        return self.has_class("-zoomed")

    def _arrange(self) -> None:
        """Give list and detail their places; where there is little room, one of them all."""
        has_rows = bool(self._shown)
        opened = has_rows and (self._open if self._open is not None else not self._stacked)
        self.set_class(self.size.width >= WIDE and not self._stacked, "-wide")
        self.set_class(not opened, "-closed")
        self.set_class(opened and (self._stacked or self._zoomed), "-zoomed")
        # Stacked over the detail the list takes what all its rows need: a filter moves nothing.
        stacked = opened and not self.has_class("-wide") and not self._zoomed_now
        rows = min(len(self.tui.state.pipelines) + 1, int(self.size.height * LIST_SHARE))
        self.query_one("#list").styles.height = max(rows, LIST_LEAST) if stacked else None

    def on_resize(self, _: events.Resize) -> None:
        if self.drawable:
            self._arrange()

    def _set_pane(self, *, opened: bool | None, zoomed: bool = False) -> None:
        self._open, self._zoomed = opened, zoomed
        self._arrange()
        if self._zoomed_now:
            self.detail.active.focus()
        else:
            self.table.focus()
        self.call_after_refresh(self.refresh_view)

    def _open_tab(self, tab: int) -> None:
        if not self._shown:
            return
        if self.has_class("-closed"):
            self._set_pane(opened=True)
        self.detail.open_tab(tab)
        if self._zoomed_now:
            self.detail.active.focus()
        self.refresh_footer()

    # -- messages

    def on_pipeline_table_moved(self) -> None:
        if not self.drawable:
            return
        self.detail.show(self.tui.state, self.table.current, self.view)
        self.refresh_footer()

    def on_pipeline_table_resized(self) -> None:
        self.refresh_view()

    def on_tab_bar_picked(self, message: TabBar.Picked) -> None:
        self._open_tab(message.index)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._selection.text = event.value.strip()
        self.refresh_view()

    def on_input_submitted(self) -> None:
        self.table.focus()
        self.refresh_view()

    # -- moving

    def _movable(self) -> Movable:
        return self.detail.active if self.in_detail else self.table

    def do_down(self) -> None:
        self._movable().move(1)

    def do_up(self) -> None:
        self._movable().move(-1)

    def do_top(self) -> None:
        self._movable().move(-1_000_000)

    def do_bottom(self) -> None:
        self._movable().move(1_000_000)

    def do_page_down(self) -> None:
        self._movable().page(1)

    def do_page_up(self) -> None:
        self._movable().page(-1)

    def do_next_pane(self) -> None:
        if self._zoomed_now:
            return
        if self.in_detail or self._filter_focused or self.has_class("-closed"):
            self.table.focus()
        else:
            self.detail.active.focus()

    do_previous_pane = do_next_pane

    def do_right(self) -> None:
        if not self.in_detail:
            self.do_open()
        elif self.detail.tab in (LOG, PREVIEW):
            self._sideways(1)

    def do_left(self) -> None:
        if self.in_detail and self.detail.tab in (LOG, PREVIEW):
            self._sideways(-1)
        elif self.in_detail:
            self.do_back()

    def _sideways(self, direction: int) -> None:
        active = self.detail.active
        if isinstance(active, PreviewTable):
            active.sideways(direction)
        elif isinstance(active, TailView):
            active.sideways(8 * direction)

    def do_open(self) -> None:
        if self.in_detail:
            self._open_within_detail()
        elif self._shown:
            self._set_pane(opened=True)
            if not self._zoomed_now:
                self.detail.active.focus()

    def _open_within_detail(self) -> None:
        run = self.detail.selected_run
        if run is not None:
            self.app.push_screen(LogScreen(run["run_id"], run["pipeline"]))
        elif self.detail.tab == LOG:
            self.do_log()
        elif self.detail.tab == PREVIEW:
            value = self.query_one(PreviewTable).value
            if value is not None:
                head, text = value
                self.app.push_screen(TextBox(head, Text(text)))

    def do_tab_1(self) -> None:
        self._open_tab(0)

    def do_tab_2(self) -> None:
        self._open_tab(RUNS)

    def do_tab_3(self) -> None:
        self._open_tab(LOG)

    def do_tab_4(self) -> None:
        self._open_tab(PREVIEW)

    def do_next_tab(self) -> None:
        self._open_tab((self.detail.tab + 1) % len(TABS))

    def do_previous_tab(self) -> None:
        self._open_tab((self.detail.tab - 1) % len(TABS))

    def do_zoom(self) -> None:
        if self._shown and not self._stacked:
            self._set_pane(opened=True, zoomed=not self._zoomed_now)

    def do_back(self) -> None:
        if self.detail.tab == PREVIEW and self.detail.cancel_preview():
            return
        if self.in_detail:
            # Stacked, closing is only the way back: on a larger terminal the pane returns.
            self._set_pane(opened=None if self._stacked else True)
        elif self._selection.narrowed or self._filter_focused:
            self._clear_filter()
        elif self._selection.marked:
            self._selection.marked = frozenset()
            self.refresh_view()
        elif not self.has_class("-closed"):
            self._set_pane(opened=False)

    # -- choosing

    def do_filter(self) -> None:
        self.set_class(True, "-filtering")
        # At once, not when idle: what is typed next belongs to the filter.
        self.set_focus(self.query_one("#filter", Input))

    def do_problems(self) -> None:
        self._selection.problems_only = not self._selection.problems_only
        self.refresh_view()

    def do_sort(self) -> None:
        again = {self._selection.order: " (again: the other way round)"}
        choices = [
            Choice(order.value, _ORDER_KEYS[order], f"{order.value}{again.get(order, '')}")
            for order in Order
        ]
        self.app.push_screen(Menu("Sort by", choices), self._sort_by)

    def _sort_by(self, chosen: str | None) -> None:
        if chosen is None:
            return
        self._selection.sort_by(Order(chosen))
        self.refresh_view()

    def do_mark(self) -> None:
        name = self.table.current
        if name is not None:
            self._selection.mark(name)
            self.table.move(1)
            self.refresh_view()

    def do_mark_all(self) -> None:
        self._selection.mark_all(self._shown)
        self.refresh_view()

    def go_to(self, name: str) -> None:
        """Put the cursor on a pipeline, past any filter."""
        if not self.table.go_to(name):
            self._clear_filter()
            self.table.go_to(name)
        self.table.focus()

    def _clear_filter(self) -> None:
        self._selection.widen()
        self.query_one("#filter", Input).value = ""
        self.table.focus()
        self.refresh_view()

    def do_preview(self) -> None:
        self._open_tab(PREVIEW)
        self.detail.preview()

    def do_quit(self) -> None:
        if self.in_detail and self._zoomed_now:
            self.do_back()
        else:
            self.app.exit(0)
