"""Keeps one event stream to the daemon open, for ever, and tells the store what it hears."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from profexd.client import ClientError
from profexd.tui.ports import ControlClient, Events
from profexd.tui.store import Connecting, Failure, Lost, Message, Received, Resumed, Snapshot

BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
LOGIN_SECONDS = 60.0
"""Who is not let in, and knocks all the time, is locked out."""


class Feed:
    """``run`` is called in a thread of its own; the other methods from any thread."""

    def __init__(
        self,
        client: ControlClient,
        post: Callable[[Message], None],
        now: Callable[[], datetime],
        *,
        backoff: Sequence[float] = BACKOFF_SECONDS,
    ) -> None:
        self._client = client
        self._post = post
        self._now = now
        self._backoff = backoff
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._stream: Events | None = None
        self._boot_id = ""
        self._seq = 0
        self._was_live = False
        self._lagged = False

    def run(self) -> None:
        """Connect, follow, and connect again, until ``close`` is called."""
        attempt = 0
        while not self._closed.is_set():
            self._was_live = False
            if not self._lagged:
                self._post(Connecting())
            failure = self._attempt()
            if self._closed.is_set():
                return
            if self._lagged:
                continue  # the daemon is well: only this reader was too slow
            attempt = 1 if self._was_live else attempt + 1
            delay = self._backoff[min(attempt, len(self._backoff)) - 1]
            if failure.reason == "login":
                delay = LOGIN_SECONDS
            self._post(Lost(failure, attempt, self._now() + timedelta(seconds=delay)))
            self._wake.wait(delay)
            self._wake.clear()

    def retry(self) -> None:
        """Do not wait for the next attempt; drop a stream that has gone silent."""
        self._wake.set()
        self._close_stream()

    def close(self) -> None:
        """End ``run``; safe at any time."""
        self._closed.set()
        self._wake.set()
        self._close_stream()

    def _attempt(self) -> Failure:
        try:
            self._follow()
        except ClientError as error:
            self._lagged = False
            return failure_of(error)
        return Failure("lost", "the daemon closed the connection")

    def _follow(self) -> None:
        resuming = bool(self._boot_id) and not self._lagged
        stream = self._client.events(since=self._seq if resuming else None)
        with self._lock:
            self._stream = stream
        if self._closed.is_set():
            stream.close()
        try:
            for event in stream:
                if self._closed.is_set():
                    return
                if event["type"] == "hello":
                    self._greeted(event.get("boot_id", ""), event["seq"])
                elif event["type"] == "lagged":
                    self._lagged = True
                    return
                else:
                    self._seq = max(self._seq, event["seq"])
                    self._post(Received(event, self._now()))
        finally:
            self._close_stream()

    def _greeted(self, boot_id: str, seq: int) -> None:
        # The number in hello is the one after which events follow: another one than asked for
        # means that some are missing.
        if boot_id == self._boot_id and seq == self._seq and not self._lagged:
            self._post(Resumed(self._now()))
        else:
            # The stream is open already: what changes during the fetch arrives after it.
            self._fetch(boot_id, seq)
        self._lagged = False
        self._was_live = True

    def _fetch(self, boot_id: str, seq: int) -> None:
        info = self._client.info()
        pipelines = self._client.pipelines()
        self._boot_id, self._seq = boot_id, seq
        self._post(Snapshot(info, pipelines, boot_id, seq, self._now()))

    def _close_stream(self) -> None:
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def failure_of(error: ClientError) -> Failure:
    """Return what the screens say about an error of the client."""
    return Failure(error.code, error.message, error.hint)
