"""A list over, or beside, the detail of one line: their places, and the keys that move in them."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.widgets import Input

from profexd.tui.screens.asking import AskingScreen
from profexd.tui.widgets.detail import CONFIG, LOG, PREVIEW, RUNS, TABS, Detail, Movable
from profexd.tui.widgets.pipelinetable import PipelineTable
from profexd.tui.widgets.preview import PreviewTable
from profexd.tui.widgets.tailview import TailView
from profexd.wire import PipelineJson

WIDE = 120
NARROW = 80
SHORT = 20
LIST_SHARE = 0.55
LIST_LEAST = 5


class PanesScreen(AskingScreen, inherit_bindings=False):
    """Its child says what the list shows."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[PipelineJson] = []
        self._open: bool | None = None
        self._zoomed = False

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
        return self.zoomed or (focused is not None and self.detail in focused.ancestors_with_self)

    @property
    def filter_focused(self) -> bool:
        """Whether what is typed is the filter's."""
        return self.query_one("#filter", Input).has_focus

    def do_back(self) -> None:
        """Close the detail; a child has more to go back from."""
        # Stacked, closing is only the way back: on a larger terminal the pane returns.
        self.set_pane(opened=None if self.stacked else True)

    # -- room for list and detail

    @property
    def stacked(self) -> bool:
        """Whether there is room for one of the two alone."""
        return self.size.width < NARROW or self.size.height < SHORT

    @property
    def zoomed(self) -> bool:
        """Whether the detail has the whole screen."""
        return self.has_class("-zoomed")

    def make_room(self) -> None:
        """Give list and detail their places; where there is little room, one of them all."""
        has_rows = bool(self.shown)
        opened = has_rows and (self._open if self._open is not None else not self.stacked)
        self.set_class(self.size.width >= WIDE and not self.stacked, "-wide")
        self.set_class(not opened, "-closed")
        self.set_class(opened and (self.stacked or self._zoomed), "-zoomed")
        # Stacked over the detail the list takes what all its rows need: a filter moves nothing.
        stacked = opened and not self.has_class("-wide") and not self.zoomed
        rows = min(len(self.tui.state.pipelines) + 1, int(self.size.height * LIST_SHARE))
        self.query_one("#list").styles.height = max(rows, LIST_LEAST) if stacked else None

    def on_resize(self, _: events.Resize) -> None:
        if self.drawable:
            self.make_room()

    def set_pane(self, *, opened: bool | None, zoomed: bool = False) -> None:
        """Open or close the detail; None leaves it to the room there is."""
        self._open, self._zoomed = opened, zoomed
        self.make_room()
        if self.zoomed:
            self.detail.active.focus()
        else:
            self.table.focus()
        self.call_after_refresh(self.refresh_view)

    def open_tab(self, tab: int) -> None:
        """Open a tab of the detail."""
        if not self.shown:
            return
        if self.has_class("-closed"):
            self.set_pane(opened=True)
        self.detail.open_tab(tab)
        if self.zoomed:
            self.detail.active.focus()
        self.refresh_footer()

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
        if self.zoomed:
            return
        if self.in_detail or self.filter_focused or self.has_class("-closed"):
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
        elif self.shown:
            self.set_pane(opened=True)
            if not self.zoomed:
                self.detail.active.focus()

    def _open_within_detail(self) -> None:
        run = self.detail.selected_run
        chosen = self.detail.chosen_text
        if run is not None:
            self.open_log(run["run_id"], run["pipeline"])
        elif self.detail.tab == LOG:
            self.do_log()
        elif chosen is not None:
            from profexd.tui.screens.dialogs import TextBox

            self.app.push_screen(TextBox(chosen[0], Text(chosen[1])))

    def do_tab_1(self) -> None:
        self.open_tab(0)

    def do_tab_2(self) -> None:
        self.open_tab(RUNS)

    def do_tab_3(self) -> None:
        self.open_tab(LOG)

    def do_tab_4(self) -> None:
        self.open_tab(PREVIEW)

    def do_tab_5(self) -> None:
        self.open_tab(CONFIG)

    do_config = do_tab_5

    def do_next_tab(self) -> None:
        self.open_tab((self.detail.tab + 1) % len(TABS))

    def do_previous_tab(self) -> None:
        self.open_tab((self.detail.tab - 1) % len(TABS))

    def do_zoom(self) -> None:
        if self.shown and not self.stacked:
            self.set_pane(opened=True, zoomed=not self.zoomed)
