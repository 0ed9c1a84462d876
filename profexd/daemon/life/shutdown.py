"""Signals, and the end: let what runs finish for a while, say what is waited for, then cancel."""

from __future__ import annotations

import asyncio
import faulthandler
import io
import logging
import signal
import sys
import traceback

from profexd.daemon import inbox
from profexd.daemon.core import Core
from profexd.daemon.life.reload import Reloader
from profexd.daemon.life.systemd import Notifier

log = logging.getLogger("profexd")

_SAY_EVERY = 5.0
_ENOUGH = 30.0
"""What cancelling may take, beyond the grace."""


class Shutdown:
    """Turns signals into messages. The first TERM or INT drains, the second cancels."""

    def __init__(self, core: Core, notifier: Notifier, reloader: Reloader) -> None:
        self.begun = asyncio.Event()
        self.aborted = False
        self._core = core
        self._notifier = notifier
        self._reloader = reloader
        self._waiting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def install(self, loop: asyncio.AbstractEventLoop, *, terminal: bool) -> None:
        """Take the signals; ``terminal``: started by hand, where a HUP is a closed window."""
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGQUIT, self._cancel)
        by_hand = terminal and not self._notifier.supervised
        loop.add_signal_handler(signal.SIGHUP, self._end if by_hand else self._reload)
        loop.add_signal_handler(signal.SIGUSR1, self._dump)

    def close(self) -> None:
        """Stop waiting."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _end(self) -> None:
        if self.begun.is_set():
            self._cancel()
            return
        self.begun.set()
        grace = self._core.configuration.settings.shutdown_grace
        log.info("draining", extra={"grace": grace})
        self._notifier.stopping("waiting for runs to end")
        self._core.post(inbox.Drain())
        self._waiting = asyncio.create_task(self._wait(grace))

    def _cancel(self) -> None:
        self.begun.set()
        self.aborted = self.aborted or bool(self._core.roster.active)
        self._core.post(inbox.Cancel())

    def _reload(self) -> None:
        task: asyncio.Task[object] = asyncio.create_task(self._reloader.reload("signal"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(self, grace: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        while (left := deadline - loop.time()) > 0:
            names = ", ".join(sorted(a.run.pipeline for a in self._core.roster.active.values()))
            if names:
                log.info("waiting for: %s", names, extra={"seconds_left": round(left)})
                self._notifier.status(f"waiting for: {names}")
            self._notifier.extend(min(left, _SAY_EVERY) + _ENOUGH)
            await asyncio.sleep(min(left, _SAY_EVERY))
        log.warning("grace is over")
        self._cancel()

    def _dump(self) -> None:
        """Every task and every thread, into the log."""
        text = io.StringIO()
        for task in asyncio.all_tasks():
            text.write(f"task {task.get_name()}\n")
            for frame in task.get_stack():
                text.writelines(traceback.format_stack(frame, limit=5))
        log.warning("stacks", extra={"tasks": text.getvalue()})
        faulthandler.dump_traceback(sys.stderr, all_threads=True)
