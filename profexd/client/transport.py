"""How a client reaches the daemon: a fresh HTTP connection for each call, over a Unix socket."""

from __future__ import annotations

import socket
import struct
from http.client import HTTPConnection
from pathlib import Path
from typing import Protocol

from profexd.client.errors import cannot_connect

CONNECT_SECONDS = 5


class Connection(HTTPConnection):
    """A connection that may know why it broke."""

    def last_words(self) -> str:
        """Return what was said on stderr by what carried the connection, once it has ended."""
        return ""


class Transport(Protocol):
    """Makes connections to one daemon."""

    where: str
    """What a message calls the daemon's address."""

    def connection(self, timeout: float | None) -> Connection:
        """Return a connected connection whose reads wait at most ``timeout`` seconds.

        Raises Unreachable.
        """


class UnixTransport:
    """Reaches the daemon of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = str(path)

    def connection(self, timeout: float | None) -> Connection:
        """Return a connection over the socket."""
        connection = _UnixConnection("profexd", timeout=timeout)
        connection.socket_path = self.path
        try:
            connection.connect()
        except OSError as error:
            raise cannot_connect(error, self.path) from error
        return connection


class _UnixConnection(Connection):
    socket_path: Path

    def connect(self) -> None:
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A socket with Python's timeout does not wait while the daemon's queue is full: the
            # kernel answers EAGAIN at once. A blocking one waits, for as long as this says.
            unix.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", CONNECT_SECONDS, 0)
            )
            unix.connect(str(self.socket_path))
            unix.settimeout(self.timeout)
        except BaseException:
            unix.close()
            raise
        self.sock = unix
