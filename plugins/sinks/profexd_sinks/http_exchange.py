"""One HTTP request with a body from a file: it says how far it got when it does not end well."""

from __future__ import annotations

import fcntl
import http.client
import io
import select
import socket
import ssl
import sys
import termios
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, cast

Result = TypeVar("Result")
Headers = Sequence[tuple[str, str | bytes]]

CHUNK = 2**18
_LONGEST_ANSWER = 2**20


class Sent(Enum):
    """How much of a request the receiver can have."""

    NOTHING = "nothing"
    """No connection was made."""
    PART = "part"
    """Some of it, and certainly not its last byte."""
    ALL = "all"
    """The last byte was handed over: it may have arrived."""


class Cut(Exception):
    """The exchange ended without an answer."""

    def __init__(self, sent: Sent, why: Exception) -> None:
        super().__init__(str(why))
        self.sent = sent
        self.why = why


@dataclass(frozen=True, slots=True)
class Server:
    """Where a request goes, and how long to wait for it. ``trust`` is None for plain HTTP."""

    host: str
    port: int
    trust: ssl.SSLContext | None
    connect_timeout: float
    timeout: float

    @property
    def origin(self) -> str:
        """How people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme, usual = ("http", 80) if self.trust is None else ("https", 443)
        return f"{scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said. ``whole``: it had every byte of the request when it did."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes
    whole: bool

    @property
    def phrase(self) -> str:
        """Status and reason, for people."""
        return f"{self.status} {self.reason}".strip()

    @property
    def words(self) -> str:
        """The beginning of what it says, on one line."""
        text = self.body[:2000].decode(errors="replace")
        printable = "".join(char if char.isprintable() else " " for char in text)
        return " ".join(printable.split())[:300]


def connect(server: Server) -> http.client.HTTPConnection:
    """Return a connection, made and trusted; Cut says why there is none."""
    connection: http.client.HTTPConnection
    if server.trust is None:
        connection = http.client.HTTPConnection(
            server.host, server.port, timeout=server.connect_timeout
        )
    else:
        connection = http.client.HTTPSConnection(
            server.host, server.port, timeout=server.connect_timeout, context=server.trust
        )
    try:
        connection.connect()
    except (OSError, UnicodeError) as why:
        connection.close()
        raise Cut(Sent.NOTHING, why) from why
    connection.sock.settimeout(server.timeout)
    return connection


def exchange(
    server: Server,
    method: str,
    selector: str,
    headers: Headers,
    body: Iterable[bytes] = (),
    *,
    size: int = 0,
    progress: Callable[[int], None] = lambda sent: None,
    before_last: Callable[[], None] = lambda: None,
) -> Answer:
    """Send one request on a connection of its own and return the answer, whatever it is.

    ``body`` yields ``size`` bytes. ``before_last`` is called when all but the last byte have been
    sent: until it returns, the receiver cannot have a whole request. Only Cut says that there is
    no answer; what the callbacks and ``body`` raise passes through.
    """
    connection = connect(server)
    try:
        one = _Exchange(connection, server.timeout)
        return one.run(method, selector, headers, body, size, progress, before_last)
    finally:
        connection.close()


class _Exchange:
    def __init__(self, connection: http.client.HTTPConnection, timeout: float) -> None:
        self._connection = connection
        self._sock: socket.socket = connection.sock
        self._timeout = timeout
        self._sent = Sent.PART
        self._early = b""

    def run(
        self,
        method: str,
        selector: str,
        headers: Headers,
        body: Iterable[bytes],
        size: int,
        progress: Callable[[int], None],
        before_last: Callable[[], None],
    ) -> Answer:
        if size == 0:
            before_last()
            self._sent = Sent.ALL
        self._guarded(lambda: self._head(method, selector, [*headers, _length(size)]))
        if size == 0:
            return self._answer(method)
        last = b""
        for chunk in body:
            # The last byte goes alone, so that it is known whether it went.
            whole, last = last + chunk[:-1], chunk[-1:]
            if not self._pass(whole):
                return self._answer(method)
            progress(len(whole))
        self._guarded(self._drain)
        before_last()
        if self._pass(last):
            self._sent = Sent.ALL
            progress(len(last))
        return self._answer(method)

    def _head(self, method: str, selector: str, headers: Headers) -> None:
        given = {name.lower() for name, _ in headers}
        self._connection.putrequest(
            method, selector, skip_host="host" in given, skip_accept_encoding=True
        )
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.endheaders()

    def _pass(self, data: bytes) -> bool:
        """Send it, unless the receiver has answered already; no answer comes with a cut."""
        view = memoryview(data)
        while view:
            self._early = self._guarded(self._first_byte)
            if self._early:
                return False
            try:
                # Not sendall: its time limit is for the whole, and slow is not stuck.
                view = view[self._sock.send(view) :]
            except OSError as why:
                # It may have said why before it hung up.
                if not isinstance(why, TimeoutError) and self._has_answered():
                    return False
                raise Cut(self._sent, why) from why
        return True

    def _drain(self) -> None:
        """Wait until what was sent has arrived: a break up to here cannot have let all pass."""
        left, since, pause = 0, time.monotonic(), 0.0005
        while queued := _queued(self._sock):
            if queued != left:
                left, since = queued, time.monotonic()
            elif time.monotonic() - since > self._timeout:
                raise TimeoutError
            if _hung_up(self._sock, pause):
                return
            pause = min(pause * 2, 0.05)

    def _first_byte(self) -> bytes:
        """Return the first byte of an answer that came before the body was sent, if one did."""
        if not _readable(self._sock):
            return b""
        self._sock.settimeout(0)
        try:
            first = self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            # TLS itself had something to say.
            return b""
        finally:
            self._sock.settimeout(self._timeout)
        if not first:
            raise ConnectionResetError("it closed the connection while the file was being sent")
        return first

    def _has_answered(self) -> bool:
        try:
            self._early = self._sock.recv(1)
        except OSError:
            return False
        return bool(self._early)

    def _answer(self, method: str) -> Answer:
        whole = self._sent is Sent.ALL

        def read() -> Answer:
            source = cast("socket.socket", _Prefixed(self._early, self._sock))
            response = http.client.HTTPResponse(source, method=method)
            response.begin()
            return Answer(
                status=response.status,
                reason=response.reason,
                headers=response.headers,
                body=self._body(response),
                whole=whole,
            )

        return self._guarded(read)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """Return what it says beside the status, as far as it comes in time."""
        deadline = time.monotonic() + self._timeout
        parts = io.BytesIO()
        try:
            while parts.tell() < _LONGEST_ANSWER and time.monotonic() < deadline:
                data = response.read1(CHUNK)
                if not data:
                    break
                parts.write(data)
        except (OSError, http.client.HTTPException):
            # The status is known, and it is what counts.
            pass
        return parts.getvalue()

    def _guarded(self, step: Callable[[], Result]) -> Result:
        try:
            return step()
        except (OSError, http.client.HTTPException) as why:
            raise Cut(self._sent, why) from why


class _Prefixed:
    """What http.client reads an answer from: a socket of which some bytes were read before."""

    def __init__(self, first: bytes, sock: socket.socket) -> None:
        self._first = first
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Rest(self._first, self._sock))


class _Rest(io.RawIOBase):
    def __init__(self, first: bytes, sock: socket.socket) -> None:
        self._first = first
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._first:
            buffer[: len(self._first)] = self._first
            taken, self._first = len(self._first), b""
            return taken
        return self._sock.recv_into(buffer)


def _length(size: int) -> tuple[str, str]:
    return "Content-Length", str(size)


def _queued(sock: socket.socket) -> int:
    """Return how many bytes the other side has not yet confirmed."""
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


def _hung_up(sock: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, 0)
    return bool(poll.poll(seconds * 1000))


def _readable(sock: socket.socket) -> bool:
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
