"""A TCP proxy on loopback that makes trouble: slow, cut off after some bytes, frozen, refusing."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

_CHUNK = 65_536
_POLL_SECONDS = 0.02


class Proxy:
    """Passes connections on to a port of loopback; its attributes may change at any time."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.latency = 0.0
        """Seconds that each chunk waits, in both directions."""
        self.rate = 0
        """Bytes a second from the client, over each connection; 0: as many as pass."""
        self.cut_after: int | None = None
        """Pass exactly so many bytes of a client on, then do as ``mode`` says."""
        self.mode: Literal["reset", "fin", "freeze"] = "reset"
        self.refuse = False
        """End each new connection with a reset."""
        self.frozen = False
        """Pass nothing on, in either direction, and close nothing."""
        self.mute = False
        """Pass nothing back from the server."""
        self.connections = 0
        self.received = 0
        """Bytes that came from clients."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self._open: set[socket.socket] = set()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port for clients."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Reset every connection there is, now."""
        for one in list(self._open):
            _reset(one)

    def heal(self) -> None:
        """Pass everything on from now on; what is frozen or cut stays so."""
        self.latency, self.rate, self.cut_after = 0.0, 0, None
        self.refuse = self.frozen = self.mute = False

    def close(self) -> None:
        """End the listener and all connections."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refuse:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            pair = (client, server)
            self._open.update(pair)
            for way in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(*way, pair), daemon=True).start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, ...]
    ) -> None:
        from_client = source is pair[0]
        passed = 0
        try:
            while data := source.recv(_CHUNK):
                if from_client:
                    self.received += len(data)
                self._delay(data, from_client=from_client)
                if from_client and self.cut_after is not None:
                    data = data[: max(0, self.cut_after - passed)]
                sink.sendall(data)
                passed += len(data)
                if from_client and self.cut_after is not None and passed >= self.cut_after:
                    self._cut_off(pair)
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for one in pair:
                _reset(one)
        finally:
            self._open.difference_update({source})
            if not self._open.intersection(pair):
                for one in pair:
                    one.close()

    def _delay(self, data: bytes, *, from_client: bool) -> None:
        if self.latency:
            time.sleep(self.latency)
        if from_client and self.rate:
            time.sleep(len(data) / self.rate)
        while (self.frozen or (self.mute and not from_client)) and not self._closed:
            time.sleep(_POLL_SECONDS)

    def _cut_off(self, pair: tuple[socket.socket, ...]) -> None:
        match self.mode:
            case "reset":
                for one in pair:
                    _reset(one)
            case "fin":
                for one in pair:
                    with suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
            case "freeze":
                while not self._closed and pair[0].fileno() >= 0:
                    time.sleep(_POLL_SECONDS)


def _reset(one: socket.socket) -> None:
    """Close with an RST; a shutdown first wakes the thread that reads."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
    with suppress(OSError):
        one.close()


@contextmanager
def proxy(upstream: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port of loopback while the block lasts."""
    running = Proxy(upstream)
    try:
        yield running
    finally:
        running.close()
