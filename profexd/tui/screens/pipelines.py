"""Home: the list of pipelines over, or beside, the detail of one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Static

from profexd.tui import humane
from profexd.tui.actions import Place
from profexd.tui.naming import bare
from profexd.tui.order import Order
from profexd.tui.reasons import Context
from profexd.tui.screens.panes import PanesScreen
from profexd.tui.selection import Selection
from profexd.tui.store import State, latest_run, latest_run_id, stoppable_run_id
from profexd.tui.widgets.bars import TabBar
from profexd.tui.widgets.detail import PREVIEW, TABS, Detail
from profexd.tui.widgets.notice import Notice, failure_text, no_match_text, no_pipelines_text
from profexd.tui.widgets.pipelinetable import PipelineTable

_ORDER_KEYS = {
    Order.NAME: "n",
    Order.HOST: "h",
    Order.STATE: "s",
    Order.LAST: "l",
    Order.NEXT: "x",
    Order.ROWS: "r",
}


class PipelinesScreen(PanesScreen, inherit_bindings=False):
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

    def __init__(self, *, filter_text: str = "") -> None:
        super().__init__()
        self._selection = Selection(filter_text)
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
            yield Detail(self.tui.fleet, zone=self.tui.zone, id="detail")

    def on_mount(self) -> None:
        self.table.focus()
        self.set_class(bool(self._selection.text), "-filtering")
        self.make_room()

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
            run=self.detail.selected_run if self.drawable and self.in_detail else None,
        )

    def header_note(self) -> str:
        return f"{len(self._selection.marked)} marked" if self._selection.marked else ""

    def refresh_view(self) -> None:
        if not self.drawable:
            return
        state, view = self.tui.state, self.view
        self.shown = self._selection.shown(state.pipelines)
        self.set_class(state.loaded and not state.connected, "-old")
        self._show_notice(state)
        self._show_filter(state)
        self.table.show(
            self.shown,
            partial(latest_run, state),
            view,
            marked=self._selection.marked,
            sorted_by=self._selection.order,
            reverse=self._selection.reverse,
            width=max(30, self._list_width() - 1),
        )
        if self.table.shows_trends:
            self.tui.ask_trends()
        self._show_detail()
        super().refresh_view()

    def _show_detail(self) -> None:
        name = self.table.current
        self.detail.show(self.tui.fleet.state_of(name), name, self.view)

    def _list_width(self) -> int:
        return self.query_one("#list").size.width or self.size.width

    def _show_notice(self, state: State) -> None:
        notice = self.query_one(Notice)
        text = None
        if not state.loaded and state.failure is not None:
            text = failure_text(state.failure, self._wait_text(state))
        elif state.loaded and not state.pipelines:
            text = no_pipelines_text(state)
        elif state.loaded and not self.shown:
            text = no_match_text(self._selection.text, problems=self._selection.problems_only)
        notice.show(text)
        self.table.display = text is None
        if text is None and self.focused is None:
            self.table.focus()
        if text is not None and self._zoomed and not self.shown:
            self._zoomed = False
        self.make_room()

    def _wait_text(self, state: State) -> str:
        if state.retry_at is None or state.retry_at <= self.view.now:
            return "connecting"
        left = max(timedelta(seconds=1), state.retry_at - self.view.now)
        return (
            f"trying again by itself in {round(left.total_seconds())} s "
            f"(try {state.attempt}); r tries now, q quits"
        )

    def _show_filter(self, state: State) -> None:
        shown = self._selection.narrowed or self.filter_focused
        self.set_class(shown, "-filtering")
        count = f"{len(self.shown)} of {humane.count(len(state.pipelines), 'pipeline')}"
        if self._selection.problems_only:
            count = f"problems only {self.view.glyphs.dot} {count}"
        if count != self._count:
            self._count = count
            self.query_one("#filter-count", Static).update(count)

    # -- messages

    def on_pipeline_table_moved(self) -> None:
        if not self.drawable:
            return
        self._show_detail()
        self.refresh_footer()

    def on_pipeline_table_resized(self) -> None:
        self.refresh_view()

    def on_tab_bar_picked(self, message: TabBar.Picked) -> None:
        self.open_tab(message.index)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._selection.text = event.value.strip()
        self.refresh_view()

    def on_input_submitted(self) -> None:
        self.table.focus()
        self.refresh_view()

    # -- going back

    def do_back(self) -> None:
        if self.detail.tab == PREVIEW and self.detail.cancel_preview():
            return
        if self.in_detail:
            super().do_back()
        elif self._selection.narrowed or self.filter_focused:
            self._clear_filter()
        elif self._selection.marked:
            self._selection.marked = frozenset()
            self.refresh_view()
        elif not self.has_class("-closed"):
            self.set_pane(opened=False)

    # -- choosing

    def do_filter(self) -> None:
        self.set_class(True, "-filtering")
        # At once, not when idle: what is typed next belongs to the filter.
        self.set_focus(self.query_one("#filter", Input))

    def do_problems(self) -> None:
        self._selection.toggle_problems()
        self.refresh_view()

    def do_sort(self) -> None:
        from profexd.tui.screens.dialogs import Choice, Menu

        again = {self._selection.order: " (again: the other way round)"}
        choices = [
            Choice(order.value, _ORDER_KEYS[order], f"{order.value}{again.get(order, '')}")
            for order in Order
            if order is not Order.HOST or self.tui.fleet.several
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
        self._selection.mark_all(self.shown)
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
        self.open_tab(PREVIEW)
        self.detail.preview()

    def do_copy_name(self) -> None:
        run, value = self.detail.selected_run, self.detail.chosen_text
        if self.in_detail and run is not None:
            self.copy(run["run_id"], f"run {run['run_id']}")
        elif self.in_detail and value is not None:
            self.copy(value[1], value[0])
        elif self.in_detail and self.detail.plain:
            self.copy(self.detail.plain, TABS[self.detail.tab])
        elif self.table.current is not None:
            name = bare(self.table.current)
            self.copy(name, name)

    def do_pager(self) -> None:
        text = self.detail.plain
        if text:
            self.page(f"{self.table.current}\n\n{text}\n")

    def do_quit(self) -> None:
        if self.in_detail and self.zoomed:
            self.do_back()
        else:
            self.app.exit()
