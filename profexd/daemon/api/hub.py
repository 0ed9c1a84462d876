"""The event stream: every change gets a number, a place in a ring, and a way to each client."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from profexd.daemon.state.records import rfc3339
from profexd.wire import HEARTBEAT_SECONDS

RING_EVENTS = 2000
RING_BYTES = 16 * 2**20
CLIENT_EVENTS = 1000
CLIENT_BYTES = 4 * 2**20


class Client:
    """One reader of the stream, with its bounded queue."""

    def __init__(self) -> None:
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self.wake = asyncio.Event()
        self.lagged = False
        self.closed = False

    def put(self, line: bytes) -> None:
        """Queue a line, or give up on the reader where there is no room."""
        if len(self._queue) >= CLIENT_EVENTS or self._bytes + len(line) > CLIENT_BYTES:
            self.lagged = True
            self._queue.clear()
            self._bytes = 0
        if not self.lagged:
            self._queue.append(line)
            self._bytes += len(line)
        self.wake.set()

    def take(self) -> bytes | None:
        """Return the next line, or None."""
        if not self._queue:
            return None
        line = self._queue.popleft()
        self._bytes -= len(line)
        return line


class Hub:
    """Publishes events. A client that does not read loses its place, and costs nobody else."""

    def __init__(
        self,
        boot_id: str,
        now: Callable[[], datetime],
        *,
        tap: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._tap = tap
        self.boot_id = boot_id
        self.seq = 0
        self._now = now
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._clients: set[Client] = set()

    @property
    def clients(self) -> int:
        """How many read the stream."""
        return len(self._clients)

    def publish(self, kind: str, **content: Any) -> None:
        """Send one event to every client."""
        self.seq += 1
        line = self._line(kind, self.seq, **content)
        if self._tap is not None:
            self._tap(json.loads(line))
        self._ring.append((self.seq, line))
        self._ring_bytes += len(line)
        while len(self._ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= len(self._ring.popleft()[1])
        for client in self._clients:
            client.put(line)

    def close(self) -> None:
        """End every stream."""
        for client in self._clients:
            client.closed = True
            client.wake.set()

    async def stream(self, since: int | None) -> AsyncIterator[bytes]:
        """Yield lines: hello, then events.

        With ``since`` the ring is replayed from there where it still can be; hello's ``seq`` is
        the number after which events follow, so that a reader sees whether it missed any.
        """
        client = Client()
        begin = self.seq
        if since is not None and since <= self.seq and self._reaches(since):
            begin = since
            for seq, event in self._ring:
                if seq > since:
                    client.put(event)
        self._clients.add(client)
        try:
            yield self._line("hello", begin, boot_id=self.boot_id)
            while not client.closed:
                client.wake.clear()
                while (line := client.take()) is not None:
                    yield line
                if client.lagged:
                    yield self._line("lagged", self.seq)
                    return
                if client.closed or client.wake.is_set():
                    continue
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await client.wake.wait()
                except TimeoutError:
                    yield self._line("heartbeat", self.seq)
        finally:
            self._clients.discard(client)

    def _reaches(self, since: int) -> bool:
        return since == self.seq or bool(self._ring and self._ring[0][0] <= since + 1)

    def _line(self, kind: str, seq: int, **content: Any) -> bytes:
        event = {"type": kind, "seq": seq, "at": rfc3339(self._now()), **content}
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
