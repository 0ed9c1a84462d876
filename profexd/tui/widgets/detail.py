"""The detail of one pipeline: Overview, Runs, Log, Preview and Config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from profexd.client import ClientError
from profexd.tui.columns import View
from profexd.tui.feed import failure_of
from profexd.tui.fleet import Fleet
from profexd.tui.overview import overview
from profexd.tui.ports import ControlClient
from profexd.tui.store import Failure, RunsFetched, State, latest_run_id
from profexd.tui.widgets.asked import Answer, Asked
from profexd.tui.widgets.bars import Bar, TabBar
from profexd.tui.widgets.config import ConfigTable, config_summary
from profexd.tui.widgets.pipelinetable import PipelineTable
from profexd.tui.widgets.preview import PreviewTable
from profexd.tui.widgets.runs import RunsTable
from profexd.tui.widgets.tailview import TailView
from profexd.tui.widgets.textpane import TextPane
from profexd.wire import EffectiveJson, PreviewJson, RunJson

TABS = ("Overview", "Runs", "Log", "Preview", "Config")
OVERVIEW, RUNS, LOG, PREVIEW, CONFIG = range(5)
PREVIEW_ROWS = 100
_SETTLE_SECONDS = 0.15
_NEEDS = ("#tabs", "#panes", *(f"#tab-{number}" for number in range(5)), "#status")
Movable = PipelineTable | TextPane | RunsTable | TailView | PreviewTable | ConfigTable


class Detail(Vertical):
    """``show`` draws what the state says of one pipeline and fetches what the open tab lacks."""

    DEFAULT_CSS = """
    Detail #panes { height: 1fr; }
    Detail QuietTable, Detail LogView { margin-left: 1; }
    Detail #status { color: $text-muted; padding: 0 1; }
    """

    class Fetched(Message):
        """The runs of a pipeline have come."""

        def __init__(self, fetched: RunsFetched) -> None:
            super().__init__()
            self.fetched = fetched

    class Answered(Message):
        """What was asked for has come, or the reason why it does not."""

        def __init__(self, asked: Asked[Any], name: str, answer: Any) -> None:
            super().__init__()
            self.asked = asked
            self.name = name
            self.answer = answer

    class RunsFailed(Message):
        """The runs of a pipeline could not be fetched."""

        def __init__(self, name: str, failure: Failure) -> None:
            super().__init__()
            self.name = name
            self.failure = failure

    def __init__(
        self,
        fleet: Fleet,
        *,
        zone: tzinfo | None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.tab = OVERVIEW
        self._fleet = fleet
        self._zone = zone
        self._subject: str | None = None
        self._state = State()
        self._view: View | None = None
        self._asked_runs: str | None = None
        self._previews: Asked[PreviewJson] = Asked()
        self._configs: Asked[EffectiveJson] = Asked()
        self._status = ""
        self._mounted = False
        self._parts: Sequence[Widget] = ()

    def compose(self) -> ComposeResult:
        yield TabBar(TABS, id="tabs")
        with ContentSwitcher(initial="tab-0", id="panes"):
            yield TextPane(id="tab-0")
            yield RunsTable(id="tab-1")
            yield TailView(zone=self._zone, id="tab-2")
            yield PreviewTable(id="tab-3")
            yield ConfigTable(id="tab-4")
        yield Bar(id="status")

    @property
    def _client(self) -> ControlClient:
        """Who has the pipeline."""
        return self._fleet.member(self._subject).client

    @property
    def drawable(self) -> bool:
        """Whether all widgets are there: events and timers come before and after them."""
        if self._mounted and not self._parts:
            found = [self.query(needed) for needed in _NEEDS]
            self._parts = [one.first() for one in found] if all(found) else []
        return bool(self._parts) and all(
            part.is_running and part.is_attached for part in self._parts
        )

    def on_mount(self) -> None:
        self._mounted = True

    @property
    def active(self) -> Movable:
        """The widget of the open tab."""
        widget = self.query_one(f"#tab-{self.tab}")
        assert isinstance(widget, Movable)
        return widget

    @property
    def selected_run(self) -> RunJson | None:
        """The run under the cursor of the Runs tab."""
        return self.query_one(RunsTable).current if self.tab == RUNS else None

    @property
    def chosen_text(self) -> tuple[str, str] | None:
        """The head and the whole text of the value under the cursor."""
        active = self.active
        return active.value if isinstance(active, PreviewTable | ConfigTable) else None

    @property
    def plain(self) -> str:
        """What the open tab shows, whole, as plain text."""
        active = self.active
        if isinstance(active, TailView):
            return "\n".join(active.plain_lines)
        return "" if isinstance(active, PipelineTable) else active.plain

    def open_tab(self, tab: int) -> None:
        """Open a tab."""
        had_focus = self.active.has_focus
        self.tab = tab % len(TABS)
        self.query_one(ContentSwitcher).current = f"tab-{self.tab}"
        if had_focus:
            self.active.focus()
        if self._status:
            self._asked_runs = None
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
        if state.configured != self._state.configured or reconnected:
            self._configs.forget()
        self._subject, self._state, self._view = name, state, view
        if changed or reconnected or dropped:
            self._status = ""
            self._asked_runs = None
        self._draw()
        if changed:
            # Whoever runs down the list does not want every pipeline's runs.
            self.set_timer(_SETTLE_SECONDS, self._settle)
        else:
            self._settle()

    def preview(self) -> None:
        """Ask for a preview anew."""
        name = self._subject
        if name is not None and self._previews.begin(name):
            ask = partial(self._client.preview, name, limit=PREVIEW_ROWS)
            self._fetch(self._previews, name, ask, "preview")
            self._draw()

    def cancel_preview(self) -> bool:
        """Do not wait for a preview any longer; False where none was awaited."""
        gave_up = self._previews.give_up(Failure("cancelled", "cancelled", "p asks again"))
        if gave_up:
            self._draw()
        return gave_up

    def on_detail_answered(self, message: Answered) -> None:
        if message.asked.came(message.name, message.answer):
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
            log.show_run(self._client, None)
        elif self._state.connected:
            log.show_run(self._client, latest_run_id(self._state, self._subject))
        if self._subject is None or not self._state.connected:
            return
        if self.tab in (OVERVIEW, RUNS) and self._subject not in self._state.runs:
            self._ask_runs(self._subject)
        if self.tab == PREVIEW and self._subject not in self._previews:
            self.preview()
        if self.tab == CONFIG and self._subject not in self._configs:
            self._ask_config(self._subject)

    def _ask_config(self, name: str) -> None:
        if self._configs.begin(name):
            self._fetch(self._configs, name, partial(self._client.effective, name), "config")

    def _ask_runs(self, name: str) -> None:
        if self._asked_runs != name:
            self._asked_runs = name
            self.run_worker(self._fetch_runs(name), thread=True, exclusive=True, group="runs")

    def _fetch_runs(self, name: str) -> Callable[[], None]:
        client = self._client

        def fetch() -> None:
            try:
                runs = client.runs(pipeline=name)
            except ClientError as error:
                self.post_message(self.RunsFailed(name, failure_of(error)))
            else:
                self.post_message(self.Fetched(RunsFetched(name, runs)))

        return fetch

    def _fetch(
        self, asked: Asked[Answer], name: str, ask: Callable[[], Answer], group: str
    ) -> None:
        def fetch() -> None:
            try:
                answer: Answer | Failure = ask()
            except ClientError as error:
                answer = failure_of(error)
            self.post_message(self.Answered(asked, name, answer))

        self.run_worker(fetch, thread=True, exclusive=True, group=group)

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
        elif self.tab == CONFIG and self._subject is not None:
            self._draw_config(self._subject, self._view)

    def _draw_overview(self) -> None:
        assert self._view is not None
        pipeline = self._state.pipelines.get(self._subject) if self._subject else None
        text = Text("")
        if pipeline is not None:
            text = overview(pipeline, self._state, self._view, self.size.width)
        self.query_one("#tab-0", TextPane).show(text)
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

    def _draw_config(self, name: str, view: View) -> None:
        table = self.query_one(ConfigTable)
        result = self._configs.get(name)
        said = None if isinstance(result, Failure) else result
        table.show(said, self.size.width - 2, view.glyphs)
        if said is not None:
            self._say(config_summary(said))
        elif isinstance(result, Failure):
            self._say(f"{result.reason}: {result.message}  {result.hint}")
        else:
            waiting = "asking what it goes by"
            self._say(waiting if self._state.connected else "not connected")

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
