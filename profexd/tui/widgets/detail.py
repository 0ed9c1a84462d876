"""The detail of one pipeline: Overview, Runs, Log and Preview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from profexd.client import ClientError
from profexd.tui.columns import View
from profexd.tui.feed import failure_of
from profexd.tui.overview import overview
from profexd.tui.ports import ControlClient
from profexd.tui.store import Failure, RunsFetched, State, latest_run, latest_run_id
from profexd.tui.widgets.bars import Bar, TabBar
from profexd.tui.widgets.preview import PreviewTable
from profexd.tui.widgets.runs import RunsTable
from profexd.tui.widgets.tailview import TailView
from profexd.wire import PreviewJson, RunJson

TABS = ("Overview", "Runs", "Log", "Preview")
OVERVIEW, RUNS, LOG, PREVIEW = range(4)
PREVIEW_ROWS = 100
_SETTLE_SECONDS = 0.15
_NEEDS = ("#tabs", "#panes", "#overview", "#tab-1", "#tab-2", "#tab-3", "#status")


class OverviewPane(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Lines of text, scrolled by the screen's actions."""

    DEFAULT_CSS = """
    OverviewPane { height: 1fr; scrollbar-size-vertical: 1; padding: 0 1; }
    """

    def move(self, rows: int) -> None:
        """Scroll by rows."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)

    def page(self, direction: int) -> None:
        """Scroll by a page."""
        self.move(direction * max(1, self.size.height - 1))


class Detail(Vertical):
    """``show`` draws what the state says of one pipeline and fetches what the open tab lacks."""

    DEFAULT_CSS = """
    Detail #overview { height: auto; }
    Detail #panes { height: 1fr; }
    Detail QuietTable, Detail LogView { margin-left: 1; }
    Detail #status { color: $text-muted; padding: 0 1; }
    """

    class Fetched(Message):
        """The runs of a pipeline have come."""

        def __init__(self, fetched: RunsFetched) -> None:
            super().__init__()
            self.fetched = fetched

    class Previewed(Message):
        """A preview has come, or the reason why there is none."""

        def __init__(self, name: str, result: PreviewJson | Failure) -> None:
            super().__init__()
            self.name = name
            self.result = result

    class RunsFailed(Message):
        """The runs of a pipeline could not be fetched."""

        def __init__(self, name: str, failure: Failure) -> None:
            super().__init__()
            self.name = name
            self.failure = failure

    def __init__(
        self,
        client: ControlClient,
        *,
        zone: tzinfo | None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.tab = OVERVIEW
        self._client = client
        self._zone = zone
        self._subject: str | None = None
        self._state = State()
        self._view: View | None = None
        self._asked_runs: str | None = None
        self._previewing: str | None = None
        self._previews: dict[str, PreviewJson | Failure] = {}
        self._status = ""
        self._mounted = False

    def compose(self) -> ComposeResult:
        yield TabBar(TABS, id="tabs")
        with ContentSwitcher(initial="tab-0", id="panes"):
            with OverviewPane(id="tab-0"):
                yield Static("", id="overview", markup=False)
            yield RunsTable(id="tab-1")
            yield TailView(self._client, zone=self._zone, id="tab-2")
            yield PreviewTable(id="tab-3")
        yield Bar(id="status")

    @property
    def drawable(self) -> bool:
        """Whether all widgets are there: events and timers come before and after them."""
        return self._mounted and all(self.query(needed) for needed in _NEEDS)

    def on_mount(self) -> None:
        self._mounted = True

    @property
    def active(self) -> OverviewPane | RunsTable | TailView | PreviewTable:
        """The widget of the open tab."""
        kind = (OverviewPane, RunsTable, TailView, PreviewTable)[self.tab]
        widget = self.query_one(f"#tab-{self.tab}")
        assert isinstance(widget, kind)
        return widget

    @property
    def selected_run(self) -> RunJson | None:
        """The run under the cursor of the Runs tab."""
        return self.query_one(RunsTable).current if self.tab == RUNS else None

    def open_tab(self, tab: int) -> None:
        """Open a tab."""
        had_focus = self.active.has_focus
        self.tab = tab % len(TABS)
        self.query_one(ContentSwitcher).current = f"tab-{self.tab}"
        if had_focus:
            self.active.focus()
        self._status = ""
        self._draw()
        self._settle()

    def show(self, state: State, name: str | None, view: View) -> None:
        """Draw the pipeline ``name`` as ``state`` has it."""
        if not self.drawable:
            return
        changed = name != self._subject
        reconnected = state.connected and not self._state.connected
        dropped = name in self._state.runs and name not in state.runs
        log = self.query_one(TailView)
        if reconnected and log.failure is not None:
            log.reload()
        self._subject, self._state, self._view = name, state, view
        if changed or reconnected or dropped:
            self._status = ""
            self._asked_runs = None
            if self._previewing != name:
                self._previewing = None
        self._draw()
        if changed:
            # Whoever runs down the list does not want every pipeline's runs.
            self.set_timer(_SETTLE_SECONDS, self._settle)
        else:
            self._settle()

    def preview(self) -> None:
        """Ask for a preview anew."""
        name = self._subject
        if name is None or self._previewing == name:
            return
        self._previews.pop(name, None)
        self._previewing = name
        self.run_worker(self._fetch_preview(name), thread=True, exclusive=True, group="preview")
        self._draw()

    def cancel_preview(self) -> bool:
        """Do not wait for a preview any longer; False where none was awaited."""
        if self._previewing is None:
            return False
        self._previews[self._previewing] = Failure("cancelled", "cancelled", "p asks again")
        self._previewing = None
        self._draw()
        return True

    def on_detail_previewed(self, message: Previewed) -> None:
        if message.name == self._previewing:
            self._previewing = None
            self._previews[message.name] = message.result
            self._draw()

    def on_detail_runs_failed(self, message: RunsFailed) -> None:
        if message.name == self._subject:
            self._status = f"{message.failure.message}  {message.failure.hint}"
            self._draw()

    def on_log_view_changed(self) -> None:
        if self.tab == LOG and self.drawable:
            self._draw_log_status()

    def on_resize(self) -> None:
        self._draw()

    def _settle(self) -> None:
        """Fetch what the open tab lacks."""
        if not self.drawable:
            return
        log = self.query_one(TailView)
        if self.tab != LOG or self._subject is None:
            log.show_run(None)
        elif self._state.connected:
            log.show_run(latest_run_id(self._state, self._subject))
        if self._subject is None or not self._state.connected:
            return
        if self.tab == RUNS and self._subject not in self._state.runs:
            self._ask_runs(self._subject)
        if self.tab == PREVIEW and self._subject not in self._previews:
            self.preview()

    def _ask_runs(self, name: str) -> None:
        if self._asked_runs != name:
            self._asked_runs = name
            self.run_worker(self._fetch_runs(name), thread=True, exclusive=True, group="runs")

    def _fetch_runs(self, name: str) -> Callable[[], None]:
        def fetch() -> None:
            try:
                runs = self._client.runs(pipeline=name)
            except ClientError as error:
                self.post_message(self.RunsFailed(name, failure_of(error)))
            else:
                self.post_message(self.Fetched(RunsFetched(name, runs)))

        return fetch

    def _fetch_preview(self, name: str) -> Callable[[], None]:
        def fetch() -> None:
            try:
                result: PreviewJson | Failure = self._client.preview(name, limit=PREVIEW_ROWS)
            except ClientError as error:
                result = failure_of(error)
            self.post_message(self.Previewed(name, result))

        return fetch

    def _draw(self) -> None:
        if self._view is None or not self.drawable:
            return
        self.query_one(TabBar).show_tabs(
            self.tab, self._subject or "", self.size.width, self._view.glyphs
        )
        pipeline = self._state.pipelines.get(self._subject) if self._subject else None
        if self.tab == OVERVIEW:
            self._draw_overview()
        elif self.tab == RUNS and self._subject is not None:
            runs = self._state.runs.get(self._subject)
            self.query_one(RunsTable).show(runs or (), self._view, self.size.width - 2)
            if runs is None:
                self._say(self._status or "fetching the runs")
            elif not runs:
                self._say("never run yet; r runs it now")
            else:
                self._say("enter shows a run's log")
        elif self.tab == LOG:
            self._draw_log_status()
        elif self.tab == PREVIEW and pipeline is not None:
            self._draw_preview()

    def _draw_overview(self) -> None:
        assert self._view is not None
        pipeline = self._state.pipelines.get(self._subject) if self._subject else None
        text = Text("")
        if pipeline is not None:
            run = latest_run(self._state, pipeline["name"])
            text = overview(pipeline, run, self._view, self.size.width)
        widget = self.query_one("#overview", Static)
        if text != widget.content or str(text) != str(widget.content):
            widget.update(text)
        self._say("")

    def _draw_log_status(self) -> None:
        log = self.query_one(TailView)
        if log.failure is not None and log.failure.reason != "lost":
            self._say(f"{log.failure.message}  {log.failure.hint}")
        elif log.run_id is None:
            self._say("no run yet, no log; r runs it now" if self._subject else "")
        elif log.ended and log.buffer.end == log.buffer.first:
            self._say("nothing was logged, or the log is no longer kept")
        else:
            self._say(f"log of {log.run_id}; o opens it over the whole screen")

    def _draw_preview(self) -> None:
        assert self._subject is not None
        table = self.query_one(PreviewTable)
        result = self._previews.get(self._subject)
        if result is None:
            table.show(None)
            waiting = "fetching the first rows; esc cancels"
            self._say(waiting if self._state.connected else "not connected")
        elif isinstance(result, Failure):
            table.show(None)
            self._say(f"{result.reason}: {result.message}  {result.hint}")
        else:
            table.show(result)
            self._say(preview_summary(result))

    def _say(self, text: str) -> None:
        status = self.query_one("#status", Bar)
        status.show(Text(text, overflow="ellipsis"))
        status.display = bool(text)


def preview_summary(preview: PreviewJson) -> str:
    """Return the line under a preview: how much of what is shown."""
    shown, matching = len(preview["rows"]), preview["rows_matching"]
    if not shown:
        return "no row matches; the file would have its header alone"
    rows = f"{shown:,} of {matching:,} rows".replace(",", " ")
    names = ", ".join(file.get("path", "") for file in preview["files"][:2])
    changed = [f"+{name}" for name in preview["added"]] + [
        f"-{name}" for name in preview["removed"]
    ]
    parts = [rows, names, " ".join(changed), "enter shows a whole value"]
    return "  ".join(part for part in parts if part)
