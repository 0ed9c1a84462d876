"""Endless answers: one JSON object per line, read as they come, closable from another thread."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import deque
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Generic, TypeVar, cast

from profexd.client.errors import connection_lost, not_profexd
from profexd.client.transport import Connection
from profexd.wire import EventJson, LogLineJson

_READ = 65_536
Line = TypeVar("Line")


class Stream(Generic[Line]):
    """An iterator of JSON objects. It ends when the daemon ends it or when ``close`` is called.

    Raises Unreachable(``lost``) when the connection breaks.
    """

    def __init__(
        self,
        connection: Connection,
        response: HTTPResponse,
        handle: socket.socket,
        where: str,
    ) -> None:
        """Read ``response``. ``handle`` is a duplicate of the connection's socket, to end it by:
        http.client's own buffers may not be closed while another thread reads them.
        """
        self._connection = connection
        self._response = response
        self._socket = handle
        self._where = where
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._lock = Lock()
        self._reading = False
        self._closed = False

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        with self._lock:
            if self._closed:
                raise StopIteration
            self._reading = True
        try:
            line = self._next_line()
        except BaseException:
            self.close()
            raise
        finally:
            with self._lock:
                self._reading = False
                if self._closed:
                    self._release()
        if line is None:
            self.close()
            raise StopIteration
        return self._parse(line)

    def __enter__(self) -> Stream[Line]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream, also while another thread waits in it; that thread sees its end."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(OSError):  # the daemon may have been faster
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            if not self._reading:
                self._release()

    def _release(self) -> None:
        self._response.close()
        self._connection.close()

    def _next_line(self) -> bytes | None:
        while True:
            while self._lines:
                line = self._lines.popleft()
                if line.strip():
                    return line
            data = self._receive()
            if not data:
                last, self._rest = self._rest, b""
                return last if last.strip() and not self._closed else None
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._lines.extend(lines)

    def _receive(self) -> bytes:
        try:
            return self._response.read1(_READ)
        except (OSError, HTTPException, ValueError) as error:
            if self._closed:  # closing under a reader surfaces as any of these
                return b""
            words = "" if isinstance(error, TimeoutError) else self._connection.last_words()
            raise connection_lost(error, self._where, words) from error

    def _parse(self, line: bytes) -> Line:
        try:
            return cast(Line, json.loads(line))
        except ValueError as error:
            self.close()
            raise not_profexd(self._where, "a line of the stream is no JSON") from error


EventStream = Stream[EventJson]
LogStream = Stream[LogLineJson]
