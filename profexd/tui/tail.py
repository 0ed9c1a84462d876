"""Reads one run's log in a thread and hands its lines over in handfuls."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from profexd.client import ClientError
from profexd.tui.feed import failure_of
from profexd.tui.ports import ControlClient, LogLines
from profexd.tui.store import Failure
from profexd.wire import LogLineJson


class Tail:
    """``run`` is called in a thread; ``wake`` is called there once for each handful."""

    def __init__(self, client: ControlClient, run_id: str, wake: Callable[[], None]) -> None:
        self.run_id = run_id
        self.failure: Failure | None = None
        self.ended = False
        self._client = client
        self._wake = wake
        self._lines: deque[LogLineJson] = deque()
        self._lock = threading.Lock()
        self._stream: LogLines | None = None
        self._signalled = False
        self._closed = False

    def run(self) -> None:
        """Read until the log ends, or until ``close`` is called."""
        try:
            self._read()
        except ClientError as error:
            self.failure = failure_of(error)
        self.ended = True
        if not self._closed:
            self._wake()

    def drain(self) -> list[LogLineJson]:
        """Return the lines that came since the last call."""
        with self._lock:
            self._signalled = False
            lines = list(self._lines)
            self._lines.clear()
        return lines

    def close(self) -> None:
        """End ``run``; safe at any time."""
        self._closed = True
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _read(self) -> None:
        stream = self._client.log(self.run_id, follow=True)
        with self._lock:
            self._stream = stream
        if self._closed:
            stream.close()
        for line in stream:
            if self._closed:
                return
            with self._lock:
                self._lines.append(line)
                first, self._signalled = not self._signalled, True
            if first:
                self._wake()
