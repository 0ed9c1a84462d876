"""SFTP, version 3, as far as delivering needs it: requests and answers over one channel."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator
from enum import IntEnum
from io import FileIO
from typing import Protocol

POSIX_RENAME = "posix-rename@openssh.com"
HARDLINK = "hardlink@openssh.com"
_STATVFS = "statvfs@openssh.com"
_LIMITS = "limits@openssh.com"

_INIT, _VERSION = 1, 2
_OPEN, _CLOSE, _READ, _WRITE = 3, 4, 5, 6
_REMOVE, _MKDIR, _STAT, _RENAME = 13, 14, 17, 18
_STATUS, _HANDLE, _DATA, _ATTRIBUTES = 101, 102, 103, 105
_EXTENDED, _EXTENDED_REPLY = 200, 201
_FOR_READING, _FOR_WRITING, _CREATE, _EXCLUSIVE = 0x01, 0x02, 0x08, 0x20
_HAS_SIZE = 0x01
_NO_ATTRIBUTES = struct.pack(">I", 0)
"""The server decides on modes and times: some refuse to be asked."""

_PLAIN_WRITE = 32_768
"""What every server takes in one request."""
_LARGEST_WRITE = 261_120
"""What OpenSSH takes; fewer answers to wait for, and to read."""
_LARGEST_ANSWER = 1 << 20
_OUTSTANDING = 64
"""Requests under way at a time, as OpenSSH's client has it: servers limit them."""


class Status(IntEnum):
    """What an answer says; those above 8 are of later versions, and still come."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_SPACE = 14
    QUOTA_EXCEEDED = 15


class Refused(Exception):
    """The server answered, and what it said is no."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words or "no reason given"


class NotSftp(Exception):
    """What came is not SFTP."""


class Channel(Protocol):
    """What carries the bytes; raises TimeoutError when nothing moves."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Send some of it; 0 means that the channel is closed."""

    def recv(self, size: int, /) -> bytes:
        """Return some bytes; none means that the channel is closed."""

    def recv_ready(self) -> bool:
        """Return whether ``recv`` would not wait."""


class Sftp:
    """One conversation; a request raises Refused when the server says no."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self._last_id = 0
        self._unanswered: deque[int] = deque()
        self._send(struct.pack(">BI", _INIT, 3))
        kind, body = self._packet()
        if kind != _VERSION:
            raise NotSftp(f"the answer to the greeting is of type {kind}")
        self.extensions = _extensions(body[4:])
        self.write_size = self._write_size()

    def open_new(self, path: str) -> bytes:
        """Create ``path`` for writing, exclusively; return its handle."""
        return self._open(path, _FOR_WRITING | _CREATE | _EXCLUSIVE)

    def upload(
        self, handle: bytes, source: FileIO, *, step: int, progress: Callable[[int], None]
    ) -> None:
        """Send all of ``source``, without waiting for an answer before the next request.

        Raises Refused once the server refuses a write; its other answers are taken first.
        """
        step = min(step, self.write_size)
        head = 25 + len(handle)
        buffer = memoryview(bytearray(head + step))
        offset = 0
        while size := source.readinto(buffer[head:]):
            self._last_id += 1
            struct.pack_into(
                f">IBII{len(handle)}sQI",
                buffer,
                0,
                head + size - 4,
                _WRITE,
                self._last_id,
                len(handle),
                handle,
                offset,
                size,
            )
            self._send_all(buffer[: head + size])
            self._unanswered.append(self._last_id)
            offset += size
            progress(size)
            while len(self._unanswered) >= _OUTSTANDING or (
                self._unanswered and self._channel.recv_ready()
            ):
                self._confirm()
        while self._unanswered:
            self._confirm()

    def settle(self) -> None:
        """Take the answers of writes that no longer matter."""
        while self._unanswered:
            self._answer_of_write()

    def close(self, handle: bytes) -> None:
        """Close a handle; a server may refuse the file only now."""
        self._done(_CLOSE, _text(handle))

    def size(self, path: str) -> int | None:
        """Return the size of a file; None where the server does not tell it."""
        kind, body = self._ask(_STAT, _text(path))
        if kind != _ATTRIBUTES:
            raise NotSftp(f"the answer to STAT is of type {kind}")
        [flags] = struct.unpack(">I", body[:4])
        return int.from_bytes(body[4:12], "big") if flags & _HAS_SIZE else None

    def read(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        handle = self._open(path, _FOR_READING)
        try:
            offset = 0
            while True:
                try:
                    kind, body = self._ask(
                        _READ, _text(handle) + struct.pack(">QI", offset, _PLAIN_WRITE)
                    )
                except Refused as why:
                    if why.status == Status.EOF:
                        return
                    raise
                if kind != _DATA:
                    raise NotSftp(f"the answer to READ is of type {kind}")
                yield bytes(body[4:])
                offset += len(body) - 4
        finally:
            self.close(handle)

    def free(self, path: str) -> int | None:
        """Return how many bytes the file system of ``path`` has left; None where unknown."""
        if _STATVFS not in self.extensions:
            return None
        kind, body = self._ask(_EXTENDED, _text(_STATVFS) + _text(path))
        if kind != _EXTENDED_REPLY or len(body) < 40:
            return None
        _, fragment, _, _, available = struct.unpack(">5Q", body[:40])
        return int(fragment * available)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._done(_REMOVE, _text(path))

    def make_folder(self, path: str) -> None:
        """Make one folder."""
        self._done(_MKDIR, _text(path) + _NO_ATTRIBUTES)

    def rename(self, old: str, new: str) -> None:
        """Rename as the protocol has it: refused where ``new`` is there."""
        self._done(_RENAME, _text(old) + _text(new))

    def replace(self, old: str, new: str) -> None:
        """Rename as POSIX has it: what was ``new`` is replaced in one step."""
        self._done(_EXTENDED, _text(POSIX_RENAME) + _text(old) + _text(new))

    def link(self, old: str, new: str) -> None:
        """Give ``old`` the second name ``new``; refused where ``new`` is there."""
        self._done(_EXTENDED, _text(HARDLINK) + _text(old) + _text(new))

    def _open(self, path: str, flags: int) -> bytes:
        kind, body = self._ask(_OPEN, _text(path) + struct.pack(">I", flags) + _NO_ATTRIBUTES)
        if kind != _HANDLE:
            raise NotSftp(f"the answer to OPEN is of type {kind}")
        return bytes(body[4:])

    def _write_size(self) -> int:
        if _LIMITS not in self.extensions:
            return _PLAIN_WRITE
        try:
            kind, body = self._ask(_EXTENDED, _text(_LIMITS))
        except Refused:
            return _PLAIN_WRITE
        if kind != _EXTENDED_REPLY or len(body) < 24:
            return _PLAIN_WRITE
        [largest] = struct.unpack(">Q", body[16:24])
        return min(largest or _LARGEST_WRITE, _LARGEST_WRITE)

    def _confirm(self) -> None:
        body = self._answer_of_write()
        try:
            _expect_ok(_STATUS, body)
        except Refused:
            self.settle()
            raise

    def _answer_of_write(self) -> memoryview:
        kind, body = self._packet()
        number = int.from_bytes(body[:4], "big")
        if kind != _STATUS or number not in self._unanswered:
            raise NotSftp(f"the answer to WRITE is of type {kind}")
        self._unanswered.remove(number)
        return body[4:]

    def _done(self, kind: int, body: bytes) -> None:
        _expect_ok(*self._ask(kind, body))

    def _ask(self, kind: int, body: bytes) -> tuple[int, memoryview]:
        self._last_id += 1
        self._send(struct.pack(">BI", kind, self._last_id) + body)
        kind, answer = self._packet()
        if int.from_bytes(answer[:4], "big") != self._last_id:
            raise NotSftp("an answer belongs to no request")
        answer = answer[4:]
        if kind == _STATUS and int.from_bytes(answer[:4], "big") != Status.OK:
            _expect_ok(kind, answer)
        return kind, answer

    def _send(self, packet: bytes) -> None:
        self._send_all(memoryview(struct.pack(">I", len(packet)) + packet))

    def _send_all(self, data: memoryview) -> None:
        while data:
            sent = self._channel.send(data)
            if not sent:
                raise EOFError
            data = data[sent:]

    def _packet(self) -> tuple[int, memoryview]:
        length = int.from_bytes(self._take(4), "big")
        if not 5 <= length <= _LARGEST_ANSWER:
            raise NotSftp("the server sends something else than SFTP, perhaps text of a login")
        packet = self._take(length)
        return packet[0], memoryview(packet)[1:]

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            data = self._channel.recv(65_536)
            if not data:
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(raw)) + raw


def _expect_ok(kind: int, body: memoryview) -> None:
    """Raise Refused unless the body of a status says that all is well."""
    if kind != _STATUS:
        raise NotSftp(f"an answer is of type {kind} instead of a status")
    status = int.from_bytes(body[:4], "big")
    if status != Status.OK:
        length = int.from_bytes(body[4:8], "big")
        raise Refused(status, bytes(body[8 : 8 + length]).decode(errors="replace"))


def _extensions(body: memoryview) -> frozenset[str]:
    """Return the names of what the server can beyond the protocol."""
    names = []
    while len(body) >= 8:
        pair = []
        for _ in range(2):
            length = int.from_bytes(body[:4], "big")
            pair.append(bytes(body[4 : 4 + length]).decode(errors="replace"))
            body = body[4 + length :]
        names.append(pair[0])
    return frozenset(names)
