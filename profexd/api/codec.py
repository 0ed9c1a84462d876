"""The contract of codecs: bytes come in, the same bytes compressed go out to a stream."""

from __future__ import annotations

from typing import ClassVar, Protocol


class ByteStream(Protocol):
    """Takes bytes; ``close`` finishes them. A codec never closes the stream below it."""

    def write(self, data: bytes | memoryview) -> int: ...
    def close(self) -> None: ...


class Codec:
    """Base class of codecs. What comes out depends on what goes in: no time, no thread count."""

    name: ClassVar[str]
    """What ``compression`` says."""
    extension: ClassVar[str]
    """With its dot, as in ``.gz``."""
    media_type: ClassVar[str]
    """The content type of the compressed file."""

    def open(self, out: ByteStream, *, member: str, threads: int) -> ByteStream:
        """Return a stream that compresses into ``out``.

        ``member`` is the file's name without the codec's extension, for archives. ``threads`` is
        how many may be used.
        """
        raise TypeError(f"codec {type(self).__name__} does not define open")
