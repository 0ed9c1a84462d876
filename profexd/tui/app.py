"""The application: holds the state, feeds it, and lets the screens draw what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.message import Message
from textual.scrollbar import ScrollBar
from textual.timer import Timer

from profexd.tui.actions import Action
from profexd.tui.columns import View
from profexd.tui.commands import Checked, Commands, Done, Explained
from profexd.tui.feed import BACKOFF_SECONDS, Feed
from profexd.tui.glyphs import ASCII, UNICODE, Glyphs
from profexd.tui.ports import ControlClient
from profexd.tui.preferences import Host, Preferences
from profexd.tui.reasons import Context
from profexd.tui.screens.base import ActionScreen
from profexd.tui.screens.pipelines import PipelinesScreen
from profexd.tui.store import (
    Failure,
    Link,
    State,
    aged,
    reduce,
    restarted,
)
from profexd.tui.store import Message as StoreMessage
from profexd.tui.theme import NAMED_COLORS, PROFEXD_THEME, PlainScrollBars
from profexd.tui.threads import DaemonThreads
from profexd.tui.widgets.detail import Detail
from profexd.wire import PipelineJson, RunJson

if TYPE_CHECKING:
    from textual.command import Provider

    from profexd.tui.forms.opening import Opening, SchemaCame

FLUSH_SECONDS = 0.2
_RESTING_TICKS = 10
_NAMES_SHOWN = 5


class FeedSaid(Message):
    """The feed has something for the store."""

    def __init__(self, message: StoreMessage) -> None:
        super().__init__()
        self.message = message


def _palette() -> type[Provider]:
    from profexd.tui.palette import Palette

    return Palette


class ProfexdApp(App[Host], inherit_bindings=False):
    """One daemon, watched. It ends with the host to watch next, if another was chosen."""

    TITLE = "profexd"
    COMMANDS: ClassVar = {_palette}
    BINDINGS: ClassVar = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+c", "quit", "Quit", show=False),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False),
    ]
    CSS = """
    Toast { max-width: 90%; padding: 0 1; margin-top: 0; }
    ToastRack { margin-bottom: 1; }
    CommandPalette > Vertical { margin-top: 1; }
    SearchIcon { display: none; }
    ProfexdApp.-ascii ModalScreen > Vertical { border: ascii $primary; }
    ProfexdApp.-ascii #detail { border-left: none; }
    ProfexdApp.-ascii Toast { border: none; }
    ProfexdApp.-ascii CommandPalette * { border: none; }
    """

    def __init__(
        self,
        client: ControlClient,
        *,
        read_only: bool = False,
        filter_text: str = "",
        glyphs: Glyphs = UNICODE,
        theme_name: str = PROFEXD_THEME.name,
        preferences: Preferences | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        zone: tzinfo | None = None,
        backoff: Sequence[float] = BACKOFF_SECONDS,
    ) -> None:
        super().__init__()
        self.client = client
        self.commands = Commands(self, client)
        self.state = State()
        self.zone = zone
        self.preferences = preferences or Preferences()
        self.host = self.preferences.host_of(client.where)
        self._read_only = read_only
        self._filter_text = filter_text
        self._glyphs = glyphs
        # Before it runs: a theme chosen later has all styles made twice.
        self.register_theme(PROFEXD_THEME)
        self.theme = theme_name
        self.ansi_theme_dark = NAMED_COLORS
        self._now = now
        self._feed = Feed(client, self._feed_said, now, backoff=backoff)
        self._flush_timer: Timer | None = None
        self._clock: Timer | None = None
        self._ticks = 0

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed from here: so asked for, or by the caller's role."""
        role = self.state.info["role"] if self.state.info else ""
        return self._read_only or role in ("viewer", "none")

    @property
    def actions(self) -> tuple[Action, ...]:
        """The table of actions, with the keys that the user chose."""
        return self.preferences.actions

    @property
    def view(self) -> View:
        """What cells and texts depend on beside the state."""
        return View(self._now(), self.zone, self._glyphs)

    def context(
        self,
        *,
        targets: tuple[PipelineJson, ...] = (),
        stoppable: bool = False,
        has_log: bool = False,
        run: RunJson | None = None,
    ) -> Context:
        """Return what decides which actions can be done."""
        return Context(
            connected=self.state.connected,
            loaded=self.state.loaded,
            read_only=self._read_only,
            role=self.state.info["role"] if self.state.info else "",
            targets=targets,
            stoppable=stoppable,
            has_log=has_log,
            run=run,
            remote=not self.client.where.startswith("/"),
        )

    async def on_mount(self) -> None:
        asyncio.get_running_loop().set_default_executor(DaemonThreads(1))
        if self._glyphs is ASCII:
            self.add_class("-ascii")
            ScrollBar.renderer = PlainScrollBars
        await self.push_screen(PipelinesScreen(filter_text=self._filter_text))
        self._clock = self.set_interval(1.0, self._tick)
        # Painted first: the socket may take its time.
        self.call_after_refresh(self._start_feed)

    def on_unmount(self) -> None:
        self._feed.close()

    def _start_feed(self) -> None:
        self.run_worker(self._feed.run, thread=True, exclusive=True, group="feed")

    def _feed_said(self, message: StoreMessage) -> None:
        self.post_message(FeedSaid(message))

    def on_feed_said(self, said: FeedSaid) -> None:
        before = self.state
        self.state = reduce(before, said.message)
        news = restarted(before, self.state)
        if news is not None:
            self.notify(news)
        if before.loaded:
            self.wake()
        else:
            self.flush()

    def on_detail_fetched(self, message: Detail.Fetched) -> None:
        self.state = reduce(self.state, message.fetched)
        self.wake()

    @property
    def resting(self) -> bool:
        """Whether all that has changed is drawn."""
        return self._flush_timer is None

    def wake(self) -> None:
        """Draw soon, together with all else that changes until then."""
        if self._flush_timer is None:
            self._flush_timer = self.set_timer(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Draw what has changed."""
        if self._flush_timer is not None:
            self._flush_timer.stop()
            self._flush_timer = None
        self.state = aged(self.state, self._now())
        for screen in self.screen_stack:
            if isinstance(screen, ActionScreen) and screen.is_attached:
                screen.refresh_view()

    def _tick(self) -> None:
        """Let ages and elapsed times go on: each second where seconds are shown, else rarely."""
        self._ticks += 1
        running = any(pipeline["running"] for pipeline in self.state.pipelines.values())
        if running or self.state.link is not Link.LIVE or self._ticks % _RESTING_TICKS == 0:
            self.flush()

    def on_app_blur(self, _: events.AppBlur) -> None:
        if self._clock is not None:
            self._clock.pause()

    def on_app_focus(self, _: events.AppFocus) -> None:
        if self._clock is not None:
            self._clock.resume()
            self.flush()

    # -- what screens ask for

    def reconnect(self) -> None:
        """Try to connect now."""
        self._feed.retry()

    def go_to(self, name: str) -> None:
        """Go to a pipeline in the list."""
        home = next(
            (screen for screen in self.screen_stack if isinstance(screen, PipelinesScreen)), None
        )
        if home is not None:
            while self.screen is not home:
                self.pop_screen()
            home.go_to(name)

    def go_to_host(self, host: Host) -> None:
        """Leave this daemon, for the one of another host."""
        self.exit(host)

    def confirm_resend(self, run: RunJson) -> None:
        """Send a run's files again, if confirmed."""
        from profexd.tui.screens.dialogs import Confirm

        delivered = [file["uri"] for file in run["files"]]
        box = Confirm(
            f"Send the files of run {run['run_id']} of {run['pipeline']} again?",
            f"{_enumerated(delivered)}\nThe stored bytes are sent; the source is not read."
            if delivered
            else "The stored bytes are sent; the source is not read.",
            "Send",
        )
        self.push_screen(
            box,
            lambda yes: self.commands.resend(run["pipeline"], run["run_id"]) if yes else None,
        )

    def confirm_run(self, names: Sequence[str]) -> None:
        """Run several pipelines, if confirmed."""
        from profexd.tui.screens.dialogs import Confirm

        box = Confirm(
            f"Run {len(names)} pipelines now?", _enumerated(names), "Run", targets=len(names)
        )
        self.push_screen(box, lambda yes: self.commands.run(names) if yes else None)

    def confirm_stop(self, names: Sequence[str], run_ids: Sequence[str]) -> None:
        """Stop runs, if confirmed."""
        from profexd.tui.screens.dialogs import Confirm

        if len(names) == 1:
            question = f"Stop the run of {names[0]}?"
            subject = f"Run {run_ids[0]}"
        else:
            question = f"Stop {len(names)} runs?"
            subject = _enumerated(names)
        consequence = (
            f"{subject}\nNothing of it is published and it is not retried; "
            "the schedule goes on. A run that is publishing already cannot be stopped."
        )
        box = Confirm(question, consequence, "Stop", targets=len(names))
        self.push_screen(box, lambda yes: self.commands.stop(names, run_ids) if yes else None)

    @cached_property
    def opening(self) -> Opening:
        """What opens files, in a form or in the user's editor."""
        from profexd.tui.forms.opening import Opening

        return Opening(self)

    def on_schema_came(self, message: SchemaCame) -> None:
        self.opening.came(message)

    # -- what came of it

    def on_done(self, message: Done) -> None:
        failed = [outcome for outcome in message.outcomes if outcome.failure]
        done = [outcome.subject for outcome in message.outcomes if not outcome.failure]
        if done:
            self.notify(f"{message.verb}: {_enumerated(done)}")
        for outcome in failed:
            assert outcome.failure is not None
            title = f"{outcome.subject}: {outcome.failure.reason}"
            self._say_failure(title, outcome.failure)

    def on_checked(self, message: Checked) -> None:
        result = message.result
        if isinstance(result, Failure):
            self._say_failure(result.reason, result)
        elif not result["problems"]:
            self.notify("no problems", title=f"configuration {message.verb}")
        else:
            from profexd.tui.explained import problems_text
            from profexd.tui.screens.dialogs import TextBox

            self.push_screen(
                TextBox(
                    _problems_title(message.verb, result["ok"]), problems_text(result["problems"])
                )
            )

    def on_explained(self, message: Explained) -> None:
        result = message.result
        if isinstance(result, Failure):
            self._say_failure(result.reason, result)
        else:
            from profexd.tui.explained import why_text
            from profexd.tui.screens.dialogs import TextBox

            self.push_screen(TextBox(f"{message.name}: {result['key']}", why_text(result)))

    def _say_failure(self, title: str, failure: Failure) -> None:
        text = f"{failure.message}\n{failure.hint}".strip()
        self.notify(text, title=title, severity="error", timeout=10)


def _enumerated(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    hidden = len(names) - _NAMES_SHOWN
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def _problems_title(verb: str, ok: bool) -> str:
    if verb == "reloaded":
        return "Reloaded, with problems: files with errors keep their last good version"
    return "Valid, with warnings" if ok else "The configuration has errors"
