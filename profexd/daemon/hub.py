"""The event stream: every change gets a number, a place in a ring, and a way to each client."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from profexd.daemon.records import rfc3339
from profexd.wire import HEARTBEAT_SECONDS

RING_EVENTS = 2000
CLIENT_EVENTS = 1000


class Client:
    """One reader of the stream, with its bounded queue."""

    def __init__(self) -> None:
        self.queue: deque[bytes] = deque()
        self.wake = asyncio.Event()
        self.lagged = False
        self.closed = False


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
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING_EVENTS)
        self._clients: set[Client] = set()

    def publish(self, kind: str, **content: Any) -> None:
        """Send one event to every client."""
        self.seq += 1
        line = self._line(kind, self.seq, **content)
        if self._tap is not None:
            self._tap(json.loads(line))
        self._ring.append((self.seq, line))
        for client in self._clients:
            if len(client.queue) >= CLIENT_EVENTS:
                client.lagged = True
                client.queue.clear()
            if not client.lagged:
                client.queue.append(line)
            client.wake.set()

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
            client.queue.extend(line for seq, line in self._ring if seq > since)
        self._clients.add(client)
        try:
            yield self._line("hello", begin, boot_id=self.boot_id)
            while not client.closed:
                client.wake.clear()
                while client.queue and not client.lagged:
                    yield client.queue.popleft()
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
