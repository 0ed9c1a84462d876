"""The application: holds the state, feeds it, and lets the screens draw what has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.message import Message
from textual.scrollbar import ScrollBar
from textual.timer import Timer

from profexd.client import ClientError
from profexd.tui.actions import Action
from profexd.tui.columns import View
from profexd.tui.commands import Checked, Commands, Done, Explained
from profexd.tui.feed import BACKOFF_SECONDS, Feed
from profexd.tui.fleet import Fleet, Member, alone
from profexd.tui.glyphs import ASCII, UNICODE, Glyphs
from profexd.tui.mailbox import Mailbox
from profexd.tui.naming import host_of
from profexd.tui.ports import ControlClient
from profexd.tui.preferences import Host, Preferences
from profexd.tui.reasons import Context
from profexd.tui.screens.base import ActionScreen
from profexd.tui.screens.pipelines import PipelinesScreen
from profexd.tui.store import Failure, Link, State, TrendsFetched, restarted
from profexd.tui.theme import NAMED_COLORS, PROFEXD_THEME, PlainScrollBars
from profexd.tui.threads import DaemonThreads
from profexd.tui.widgets.detail import Detail
from profexd.wire import PipelineJson, RunJson

if TYPE_CHECKING:
    from textual.command import Provider

    from profexd.tui.forms.opening import Opening, SchemaCame

FLUSH_SECONDS = 0.2
PROGRESS_SECONDS = 1.0
_RESTING_TICKS = 10
_NAMES_SHOWN = 5


class Rang(Message):
    """The feeds have said something."""

    def __init__(self, hurries: bool) -> None:
        super().__init__()
        self.hurries = hurries


def _palette() -> type[Provider]:
    from profexd.tui.palette import Palette

    return Palette


class ProfexdApp(App[tuple[Host, ...]], inherit_bindings=False):
    """Daemons, watched. It ends with the hosts to watch next, if others were chosen."""

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
        watched: ControlClient | Fleet,
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
        self.preferences = preferences or Preferences()
        self.fleet = (
            watched
            if isinstance(watched, Fleet)
            else alone(watched, self.preferences.host_of(watched.where))
        )
        self.commands = Commands(self)
        self.zone = zone
        self._read_only = read_only
        self._filter_text = filter_text
        self._glyphs = glyphs
        # Before it runs: a theme chosen later has all styles made twice.
        self.register_theme(PROFEXD_THEME)
        self.theme = theme_name
        self.ansi_theme_dark = NAMED_COLORS
        self._now = now
        self._mailbox = Mailbox(self._ring)
        self._feeds = {
            member.name: Feed(
                member.client, partial(self._mailbox.put, member.name), now, backoff=backoff
            )
            for member in self.fleet
        }
        self._flush_timer: Timer | None = None
        self._flush_due = 0.0
        self._clock: Timer | None = None
        self._ticks = 0

    @property
    def state(self) -> State:
        """All that is known, of all daemons."""
        return self.fleet.state

    @property
    def here(self) -> Member:
        """The daemon that has the pipeline under the cursor."""
        home = self.home
        return self.fleet.member(home.table.current if home and home.drawable else None)

    @property
    def home(self) -> PipelinesScreen | None:
        """The list, once it is there."""
        found = (screen for screen in self.screen_stack if isinstance(screen, PipelinesScreen))
        return next(found, None)

    def read_only(self, member: Member) -> bool:
        """Whether nothing can be changed from here: so asked for, or by the caller's role."""
        return self._read_only or self._role(member) in ("viewer", "none")

    def _role(self, member: Member) -> str:
        info = self.fleet.states[member.name].info
        return info["role"] if info else ""

    @property
    def actions(self) -> tuple[Action, ...]:
        """The table of actions, with the keys that the user chose."""
        return self.preferences.actions

    @property
    def view(self) -> View:
        """What cells and texts depend on beside the state."""
        trends = self.state.trends or {}
        return View(self._now(), self.zone, self._glyphs, self.fleet.looks(), trends)

    def context(
        self,
        *,
        targets: tuple[PipelineJson, ...] = (),
        stoppable: bool = False,
        has_log: bool = False,
        run: RunJson | None = None,
    ) -> Context:
        """Return what decides which actions can be done."""
        asked = [self.fleet.member(target["name"]) for target in targets] or [self.here]
        states = [self.fleet.states[member.name] for member in asked]
        return Context(
            connected=any(state.connected for state in states),
            silent=any(state.link is Link.STALE for state in states),
            loaded=any(state.loaded for state in states),
            read_only=self._read_only,
            role=self._role(asked[0]),
            targets=targets,
            stoppable=stoppable,
            has_log=has_log,
            run=run,
            remote=any(member.remote for member in asked),
        )

    async def on_mount(self) -> None:
        asyncio.get_running_loop().set_default_executor(DaemonThreads(1))
        if self._glyphs is ASCII:
            self.add_class("-ascii")
            ScrollBar.renderer = PlainScrollBars
        await self.push_screen(PipelinesScreen(filter_text=self._filter_text))
        self._clock = self.set_interval(1.0, self._tick)
        # Painted first: the socket may take its time.
        self.call_after_refresh(self._start_feeds)

    def on_unmount(self) -> None:
        for feed in self._feeds.values():
            feed.close()

    def _start_feeds(self) -> None:
        for feed in self._feeds.values():
            self.run_worker(feed.run, thread=True, group="feed")

    def _ring(self, hurries: bool) -> None:
        self.post_message(Rang(hurries))

    def on_rang(self, rang: Rang) -> None:
        if not rang.hurries:
            self.wake(PROGRESS_SECONDS)
        elif self.state.loaded:
            self.wake()
        else:
            self.flush()

    def _read(self) -> None:
        """Take over what the feeds have said."""
        for member, message in self._mailbox.empty():
            news = restarted(*self.fleet.take(member, message))
            if news is not None:
                self.notify(news, title=member)

    def on_detail_fetched(self, message: Detail.Fetched) -> None:
        self.fleet.take(host_of(message.fetched.pipeline), message.fetched)
        self.wake()

    @property
    def resting(self) -> bool:
        """Whether all that has changed is drawn."""
        return self._flush_timer is None

    def wake(self, seconds: float = FLUSH_SECONDS) -> None:
        """Draw soon, together with all else that changes until then."""
        due = time.monotonic() + seconds
        if self._flush_timer is not None:
            if self._flush_due <= due:
                return
            self._flush_timer.stop()
        self._flush_due = due
        self._flush_timer = self.set_timer(seconds, self.flush)

    def flush(self) -> None:
        """Draw what has changed."""
        if self._flush_timer is not None:
            self._flush_timer.stop()
            self._flush_timer = None
        self._read()
        self.fleet.age(self._now())
        for screen in self.screen_stack:
            if isinstance(screen, ActionScreen) and screen.is_attached:
                screen.refresh_view()

    def _tick(self) -> None:
        """Let ages and elapsed times go on: each second where seconds are shown, else rarely."""
        self._ticks += 1
        running = any(pipeline["running"] for pipeline in self.state.pipelines.values())
        live = all(state.link is Link.LIVE for state in self.fleet.states.values())
        if self.resting and (running or not live or self._ticks % _RESTING_TICKS == 0):
            self.flush()

    def on_app_blur(self, _: events.AppBlur) -> None:
        if self._clock is not None:
            self._clock.pause()

    def on_app_focus(self, _: events.AppFocus) -> None:
        if self._clock is not None:
            self._clock.resume()
            self.flush()

    # -- what screens ask for

    def ask_trends(self) -> None:
        """Ask how the last runs did, wherever nobody has asked yet; events go on from there."""
        for member in self.fleet:
            state = self.fleet.states[member.name]
            if state.connected and state.trends is None:
                self.fleet.take(member.name, TrendsFetched({}))
                fetch = partial(self._fetch_trends, member)
                self.run_worker(fetch, thread=True, group="trends")

    def _fetch_trends(self, member: Member) -> None:
        # A daemon that cannot say leaves the column empty: nobody asked for it by a key.
        with suppress(ClientError):
            self._mailbox.put(member.name, TrendsFetched(member.client.trends()))

    def reconnect(self) -> None:
        """Try to connect now, wherever there is no connection."""
        for name, feed in self._feeds.items():
            if not self.fleet.several or self.fleet.states[name].link is not Link.LIVE:
                feed.retry()

    def go_to(self, name: str) -> None:
        """Go to a pipeline in the list."""
        home = self.home
        if home is not None:
            while self.screen is not home:
                self.pop_screen()
            home.go_to(name)

    def go_to_hosts(self, hosts: tuple[Host, ...]) -> None:
        """Leave what is watched, for other hosts."""
        self.exit(hosts)

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
