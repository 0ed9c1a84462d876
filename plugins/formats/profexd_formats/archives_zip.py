"""A zip file written as a stream: deflated by isal, without any time, zip64 only where needed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from profexd_formats.codecs import Gzip

_GZIP_HEADER = 10
_GZIP_TRAILER = 8
_STORED, _DEFLATED = 0, 8
_SIZES_FOLLOW = 0x0008
_NAME_IS_UTF8 = 0x0800
_FIRST_DAY = 0x0021
"""1980-01-01, as early as zip can say."""
_MAX_32 = 0xFFFF_FFFF
_MAX_16 = 0xFFFF
_PLAIN, _ZIP64 = 20, 45
"""Versions of the format that a reader must know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int


class ZipWriter:
    """Writes members one after another; ``close`` completes the archive."""

    def __init__(self, write: Callable[[bytes | memoryview], int], *, threads: int) -> None:
        self._out = write
        self._threads = threads
        self._place = 0
        self._members: list[_Member] = []

    def store(self, name: str, data: bytes) -> None:
        """Add a small member as it is."""
        start = self._place
        written, flags = _name(name)
        crc = zlib.crc32(data)
        self._write(_local(written, flags, _STORED, crc, len(data)))
        self._write(data)
        self._members.append(
            _Member(
                name=written,
                flags=flags,
                method=_STORED,
                crc=crc,
                packed=len(data),
                size=len(data),
                start=start,
            )
        )

    def deflate(self, name: str) -> ZipMember:
        """Start a member of any size; it must be closed before the next begins."""
        start = self._place
        written, flags = _name(name)
        flags |= _SIZES_FOLLOW
        self._write(_local(written, flags, _DEFLATED, 0, 0))
        return ZipMember(self, written, flags, start, self._threads)

    def close(self) -> None:
        """Write the directory."""
        start = self._place
        for member in self._members:
            self._write(_central(member))
        self._write(_end(len(self._members), self._place - start, start))

    def _write(self, data: bytes | memoryview) -> None:
        self._place += len(data)
        self._out(data)

    def _finish(self, member: _Member) -> None:
        # Nobody knew the sizes when the header went out: they follow, in 64 bits where needed.
        large = member.packed >= _MAX_32 or member.size >= _MAX_32
        form = "<4sLQQ" if large else "<4sLLL"
        self._write(struct.pack(form, b"PK\x07\x08", member.crc, member.packed, member.size))
        self._members.append(member)


class ZipMember:
    """The stream of one deflated member."""

    def __init__(
        self, archive: ZipWriter, name: bytes, flags: int, start: int, threads: int
    ) -> None:
        self._archive = archive
        self._name = name
        self._flags = flags
        self._start = start
        self._size = 0
        self._raw = _Deflated(archive)
        self._gzip = Gzip().open(self._raw, member="", threads=threads)

    def write(self, data: bytes | memoryview) -> int:
        self._size += len(data)
        return self._gzip.write(data)

    def close(self) -> None:
        """Complete the member; the archive is ready for the next."""
        self._gzip.close()
        self._archive._finish(
            _Member(
                name=self._name,
                flags=self._flags,
                method=_DEFLATED,
                crc=self._raw.crc,
                packed=self._raw.size,
                size=self._size,
                start=self._start,
            )
        )


class _Deflated:
    """Takes a gzip file and passes on the deflated data within it."""

    def __init__(self, archive: ZipWriter) -> None:
        self._archive = archive
        self._skip = _GZIP_HEADER
        self._rest = b""
        self.size = 0

    @property
    def crc(self) -> int:
        """The CRC-32 that the end of a gzip file holds."""
        return int.from_bytes(self._rest[:4], "little")

    def write(self, data: bytes | memoryview) -> int:
        held = self._rest + bytes(data)
        if self._skip:
            skipped = min(self._skip, len(held))
            held = held[skipped:]
            self._skip -= skipped
        passed = max(0, len(held) - _GZIP_TRAILER)
        if passed:
            self._archive._write(held[:passed])
            self.size += passed
        self._rest = held[passed:]
        return len(data)

    def close(self) -> None: ...


def _name(name: str) -> tuple[bytes, int]:
    return name.encode(), 0 if name.isascii() else _NAME_IS_UTF8


def _local(name: bytes, flags: int, method: int, crc: int, size: int) -> bytes:
    head = struct.pack(
        "<4sHHHHHLLLHH",
        b"PK\x03\x04",
        _PLAIN,
        flags,
        method,
        0,
        _FIRST_DAY,
        crc,
        size,
        size,
        len(name),
        0,
    )
    return head + name


def _central(member: _Member) -> bytes:
    # In this order, and only those that do not fit into 32 bits.
    fields = (member.size, member.packed, member.start)
    large = [value for value in fields if value >= _MAX_32]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, packed, start = (min(value, _MAX_32) for value in fields)
    version = _ZIP64 if large else _PLAIN
    head = struct.pack(
        "<4sHHHHHHLLLHHHHHLL",
        b"PK\x01\x02",
        version,
        version,
        member.flags,
        member.method,
        0,
        _FIRST_DAY,
        member.crc,
        packed,
        size,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        0,
        start,
    )
    return head + member.name + extra


def _end(count: int, size: int, start: int) -> bytes:
    end = b""
    if count >= _MAX_16 or size >= _MAX_32 or start >= _MAX_32:
        end += struct.pack(
            "<4sQHHLLQQQQ",
            b"PK\x06\x06",
            44,
            _ZIP64,
            _ZIP64,
            0,
            0,
            count,
            count,
            size,
            start,
        )
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
    few = min(count, _MAX_16)
    end += struct.pack(
        "<4sHHHHLLH",
        b"PK\x05\x06",
        0,
        0,
        few,
        few,
        min(size, _MAX_32),
        min(start, _MAX_32),
        0,
    )
    return end
