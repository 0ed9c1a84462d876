"""The log of one run over the whole screen."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from profexd.tui import humane
from profexd.tui.actions import Place
from profexd.tui.fleet import Member
from profexd.tui.logbuffer import LEVELS
from profexd.tui.reasons import Context
from profexd.tui.screens.base import ActionScreen
from profexd.tui.store import State
from profexd.tui.widgets.bars import Bar
from profexd.tui.widgets.notice import Notice
from profexd.tui.widgets.tailview import TailView
from profexd.wire import PipelineJson, RunJson, RunStatus

_SIDEWAYS = 8


class LogScreen(ActionScreen, inherit_bindings=False):
    """Follows the end of the log until somebody looks elsewhere."""

    PLACE: ClassVar[Place] = Place.LOG
    NEEDS: ClassVar = (
        *("#header", "#banner", "#footer", "#title", "#log", "#notice", "#log-status"),
        "#search",
    )
    DEFAULT_CSS = """
    LogScreen #title { background: $surface; padding: 0 1; }
    LogScreen #log-status { background: $surface; padding: 0 1; }
    LogScreen #search-line { height: 1; display: none; }
    LogScreen.-searching #search-line { display: block; }
    LogScreen #search-sign { width: 3; padding: 0 1; text-style: bold; }
    LogScreen #search { padding: 0; width: 1fr; }
    """

    def __init__(self, run_id: str, pipeline: str, about: Member) -> None:
        super().__init__()
        self._about: Member = about
        self._run_id = run_id
        self._pipeline = pipeline
        self._not_found = False
        self._window = ""
        self._was_connected = True

    def compose_body(self) -> ComposeResult:
        yield Bar(id="title")
        yield TailView(zone=self.tui.zone, id="log")
        yield Notice(id="notice")
        with Horizontal(id="search-line"):
            yield Static("/", id="search-sign", markup=False)
            yield Input(id="search", placeholder="text to search for", compact=True)
        yield Bar(id="log-status")

    def on_mount(self) -> None:
        self.log_view.show_run(self._about.client, self._run_id)
        self.log_view.focus()

    @property
    def _state(self) -> State:
        """What is known of the daemon."""
        return self.tui.fleet.states[self._about.name]

    @property
    def log_view(self) -> TailView:
        """The lines."""
        return self.query_one(TailView)

    def context(self) -> Context:
        state = self._state
        pipeline = state.pipelines.get(self._pipeline)
        return self.tui.context(
            targets=(pipeline,) if pipeline else (),
            stoppable=self._stoppable(state, pipeline),
            has_log=True,
        )

    def _stoppable(self, state: State, pipeline: PipelineJson | None) -> bool:
        if pipeline is not None and pipeline["running"] is not None:
            return pipeline["running"]["run_id"] == self._run_id
        run = self._run(state)
        return run is not None and not RunStatus(run["status"]).finished

    def _run(self, state: State) -> RunJson | None:
        pipeline = state.pipelines.get(self._pipeline)
        known = [
            state.current.get(self._pipeline),
            pipeline["last_run"] if pipeline else None,
            *state.runs.get(self._pipeline, ()),
        ]
        return next((run for run in known if run and run["run_id"] == self._run_id), None)

    def refresh_view(self) -> None:
        if not self.drawable:
            return
        state = self._state
        if state.connected and not self._was_connected and self.log_view.failure is not None:
            self.log_view.reload()
        self._was_connected = state.connected
        self.query_one("#title", Bar).show(self._title(state))
        self._draw_status()
        super().refresh_view()

    def _title(self, state: State) -> Text:
        run = self._run(state)
        text = Text.assemble((self._pipeline, "bold"), f"  run {self._run_id}")
        pipeline = state.pipelines.get(self._pipeline)
        running = pipeline["running"] if pipeline else None
        if running is not None and running["run_id"] == self._run_id:
            percent = running["percent"]
            phase = running["phase"] or "starting"
            text.append(f"  {phase}" if percent is None else f"  {phase} {percent:.0f}%", "cyan")
            text.append(f"  {humane.number(running['rows'])} rows")
        elif run is not None:
            text.append(f"  {run['status']}", "bold")
        return text

    def _draw_status(self) -> None:
        if not self.drawable:
            return
        log = self.log_view
        buffer = log.buffer
        text = Text()
        if not log.following:
            text.append(f"PAUSED +{buffer.waiting}", "bold yellow reverse")
            if buffer.dropped:
                text.append(f"  {humane.count(buffer.dropped, 'line')} dropped", "red")
        elif log.ended:
            text.append("END", "bold")
        else:
            text.append("FOLLOW", "bold green")
        text.append(f"  {humane.count(buffer.end - buffer.first, 'line')}")
        if buffer.first and not buffer.dropped:
            text.append(f" (the first {humane.number(buffer.first)} left out)", "dim")
        if buffer.level != LEVELS[0]:
            text.append(f"  {buffer.level}s only" if buffer.level == LEVELS[-1] else "")
            text.append(f"  {buffer.level} and worse" if buffer.level != LEVELS[-1] else "")
        if self._window:
            text.append(f"  {self._window}", "bold")
        text.append("" if log.wrap else "  not wrapped")
        if log.needle:
            text.append(f"  /{log.needle}", "bold")
            if self._not_found:
                text.append(" not found", "red")
        if log.failure is not None:
            text.append(f"  {log.failure.message}", "red")
        self.query_one("#log-status", Bar).show(text)
        self._draw_notice()

    def _draw_notice(self) -> None:
        log = self.log_view
        empty = log.ended and log.buffer.end == log.buffer.first
        text = None
        if empty and log.failure is not None:
            text = Text(f"{log.failure.message}\n{log.failure.hint}")
        elif empty:
            text = Text("Nothing was logged, or the log of this run is no longer kept.")
        self.query_one(Notice).show(text)
        log.display = text is None

    def on_log_view_changed(self) -> None:
        self._draw_status()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.set_class(False, "-searching")
        self.log_view.focus()
        self._not_found = not self.log_view.search(event.value)
        self._draw_status()

    # -- actions

    def do_follow(self) -> None:
        if self.log_view.following:
            self.log_view.hold()
        else:
            self.log_view.follow()

    do_pause_log = do_follow

    def do_log_down(self) -> None:
        self.log_view.move(1)

    def do_log_up(self) -> None:
        self.log_view.move(-1)

    def do_log_left(self) -> None:
        self.log_view.sideways(-_SIDEWAYS)

    def do_log_right(self) -> None:
        self.log_view.sideways(_SIDEWAYS)

    def do_log_page_down(self) -> None:
        self.log_view.page(1)

    def do_log_page_up(self) -> None:
        self.log_view.page(-1)

    def do_log_top(self) -> None:
        self.log_view.to_top()

    def do_log_bottom(self) -> None:
        self.log_view.follow()

    def do_search(self) -> None:
        self.set_class(True, "-searching")
        search = self.query_one("#search", Input)
        search.value = ""
        self.set_focus(search)

    def do_next_match(self) -> None:
        self._step(1)

    def do_previous_match(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        self._not_found = not self.log_view.step(direction)
        self._draw_status()

    def do_level(self) -> None:
        self.log_view.next_level()
        self._draw_status()

    def do_wrap(self) -> None:
        self.log_view.set_wrap(not self.log_view.wrap)
        self._draw_status()

    def do_timestamps(self) -> None:
        self.log_view.set_times(not self.log_view.times)

    def do_draw_mark(self) -> None:
        now = self.view.now
        dashes = self.view.glyphs.dash * 10
        at = f"{now:%Y-%m-%dT%H:%M:%S%z}"
        self.log_view.mark(at, f"{dashes} {humane.moment(now, self.view.zone)} {dashes}")

    def do_save(self) -> None:
        path = Path.cwd() / f"{self._pipeline.replace('/', '-')}-{self._run_id}.log"
        # A log may name customers' data: nobody else may read the copy.
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in self.log_view.plain_lines)
        except OSError as error:
            self.notify(f"{path}: {error.strerror}", title="not saved", severity="error")
        else:
            self.notify(str(path), title="saved")

    def do_copy(self) -> None:
        self._copy(self.log_view.lines_on_screen)

    def do_copy_all(self) -> None:
        self._copy(self.log_view.plain_lines)

    def _copy(self, lines: list[str]) -> None:
        self.copy("\n".join(lines), humane.count(len(lines), "line"))

    def do_log_pager(self) -> None:
        self.page("\n".join(self.log_view.plain_lines) + "\n")

    def do_since_all(self) -> None:
        self._since(None)

    def do_since_5m(self) -> None:
        self._since(timedelta(minutes=5))

    def do_since_1h(self) -> None:
        self._since(timedelta(hours=1))

    def do_since_attempt(self) -> None:
        run = self._run(self._state)
        begun = humane.parse(run["started_at"]) if run else None
        self._window = "last attempt" if begun else ""
        self.log_view.show_since(begun)
        self._draw_status()

    def _since(self, span: timedelta | None) -> None:
        self._window = f"last {humane.rough(span)}" if span else ""
        self.log_view.show_since(self.view.now - span if span else None)
        self._draw_status()

    def do_stop_log(self) -> None:
        self.tui.confirm_stop([self._pipeline], [self._run_id])

    def do_close_log(self) -> None:
        if self.has_class("-searching"):
            self.set_class(False, "-searching")
            self.log_view.focus()
        elif self.log_view.needle:
            self._not_found = False
            self.log_view.search("")
            self._draw_status()
        else:
            self.dismiss()
