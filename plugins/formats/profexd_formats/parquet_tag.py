"""Parquet's footer names its writer: with DuckDB's version there, an upgrade would change files."""

from __future__ import annotations

from types import TracebackType

from profexd.api import Encode, Part, TextBlock

WRITER = b"profexd version 1.0.0 (build 1)"
"""Of the form that readers expect; it never changes, as bytes would."""
_ENGINE = b"DuckDB version "
_TAIL = 2**20
"""Bytes held back: the name stands near the end, before 3 bytes for each column."""
_END = 8
"""The length of the footer and the magic number, after it."""
_BINARY = 8
"""Thrift's compact protocol: the type in the lower half of a field's first byte."""
_ONE_BYTE = 0x7F


class Tagged:
    """A part of one Parquet file; what comes last is held back until ``finish``."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._held = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        if len(data) >= _TAIL:
            self._part.write(bytes(self._held))
            self._part.write(memoryview(data)[:-_TAIL])
            self._held = bytearray(memoryview(data)[-_TAIL:])
            return len(data)
        self._held += data
        if len(self._held) > 2 * _TAIL:
            self._part.write(bytes(self._held[:-_TAIL]))
            del self._held[:-_TAIL]
        return len(data)

    def finish(self) -> None:
        """Write what is held, under our name."""
        self._part.write(tagged(bytes(self._held)))
        self._held.clear()

    def count(self, rows: int) -> None:
        self._part.count(rows)

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        return self._part.room(block, encode)

    def __enter__(self) -> Tagged:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def tagged(tail: bytes) -> bytes:
    """Return the end of a file with our name in its footer, where it has the engine's.

    No place in a file is counted from within the footer: only its own length changes.
    """
    start = tail.rfind(_ENGINE)
    size = tail[start - 1] if start > 1 else 0
    if not 0 < size <= _ONE_BYTE or tail[start - 2] & 0x0F != _BINARY:
        return tail
    rest = tail[start + size : -_END]
    length = int.from_bytes(tail[-_END:-4], "little") + len(WRITER) - size
    return b"".join(
        (
            tail[: start - 1],
            bytes([len(WRITER)]),
            WRITER,
            rest,
            length.to_bytes(4, "little"),
            tail[-4:],
        )
    )
