"""A request to stop, from any thread, that reaches whatever the run is busy with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from profexd.api.errors import Stopped


class Stop:
    """Set once, never unset, and without effect once disarmed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._interrupts: list[Callable[[], None]] = []
        self._disarmed = False

    @property
    def requested(self) -> bool:
        return self._event.is_set() and not self._disarmed

    def disarm(self) -> None:
        """From now on the run only goes forward: a request no longer counts."""
        self._disarmed = True

    def request(self) -> None:
        """Ask the run to stop; from any thread, as often as one likes."""
        with self._lock:
            self._event.set()
            interrupts = list(self._interrupts)
        for interrupt in interrupts:
            interrupt()

    def check(self) -> None:
        """Raise Stopped once a stop was requested."""
        if self.requested:
            raise Stopped("the run was stopped")

    def wait(self, seconds: float) -> None:
        """Sleep, or raise Stopped as soon as a stop is requested."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call ``interrupt`` when a stop is requested within the block."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
