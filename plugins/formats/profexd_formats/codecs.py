"""The built-in codecs; their bytes depend on neither threads nor the size of writes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from isal import igzip_threaded

from profexd.api import ByteStream, Codec, hookimpl

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK = 2**20
_GZIP_LEVEL = 1
_ZSTD_LEVEL = 1
"""On rows of text it makes files as small as level 3, in a third of the time."""


class _Blocks:
    """Passes on blocks of one size, so that nothing below sees how large the writes were."""

    def __init__(self, write: Callable[[memoryview], Any]) -> None:
        self._write = write
        self._rest = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data).cast("B")
        taken = 0
        if self._rest:
            taken = min(_BLOCK - len(self._rest), len(view))
            self._rest += view[:taken]
            if len(self._rest) == _BLOCK:
                self.flush()
        while len(view) - taken >= _BLOCK:
            self._write(view[taken : taken + _BLOCK])
            taken += _BLOCK
        self._rest += view[taken:]
        return len(view)

    def flush(self) -> None:
        """Pass on what is left."""
        if self._rest:
            rest, self._rest = self._rest, bytearray()
            self._write(memoryview(rest))


class _None:
    def __init__(self, out: ByteStream) -> None:
        self._out = out

    def write(self, data: bytes | memoryview) -> int:
        return self._out.write(data)

    def close(self) -> None: ...


class NoCodec(Codec):
    """The bytes as they are."""

    name = "none"
    extension = ""
    media_type = ""

    def open(self, out: ByteStream, *, member: str, threads: int) -> ByteStream:
        return _None(out)


class _OnlyWrite:
    """What isal takes for a file: it writes, and is never closed from above."""

    def __init__(self, out: ByteStream) -> None:
        self.write = out.write

    def flush(self) -> None: ...


class _Gzip:
    def __init__(self, out: ByteStream, threads: int) -> None:
        opened: Any = igzip_threaded.open
        self._file = opened(
            _OnlyWrite(out), "wb", compresslevel=_GZIP_LEVEL, threads=threads, block_size=_BLOCK
        )
        self._blocks = _Blocks(self._file.write)

    def write(self, data: bytes | memoryview) -> int:
        return self._blocks.write(data)

    def close(self) -> None:
        try:
            self._blocks.flush()
        finally:
            self._file.close()


class Gzip(Codec):
    """Gzip by isal on all cores; the header holds neither time nor name."""

    name = "gzip"
    extension = ".gz"
    media_type = "application/gzip"

    def open(self, out: ByteStream, *, member: str, threads: int) -> ByteStream:
        return _Gzip(out, max(1, threads))


class _Zstd:
    def __init__(self, out: ByteStream, threads: int) -> None:
        self._out = out
        options: dict[int, int] = {
            zstd.CompressionParameter.compression_level: _ZSTD_LEVEL,
            zstd.CompressionParameter.checksum_flag: 1,
            # With workers the frame is cut into jobs; their number does not change the bytes.
            zstd.CompressionParameter.nb_workers: threads,
        }
        self._compressor = zstd.ZstdCompressor(options=options)
        self._blocks = _Blocks(self._compress)

    def write(self, data: bytes | memoryview) -> int:
        return self._blocks.write(data)

    def close(self) -> None:
        self._blocks.flush()
        self._pass_on(self._compressor.flush())

    def _compress(self, block: memoryview) -> None:
        self._pass_on(self._compressor.compress(block))

    def _pass_on(self, data: bytes) -> None:
        if data:
            self._out.write(data)


class Zstd(Codec):
    """Zstandard on all cores, with a checksum."""

    name = "zstd"
    extension = ".zst"
    media_type = "application/zstd"

    def open(self, out: ByteStream, *, member: str, threads: int) -> ByteStream:
        return _Zstd(out, max(1, threads))


@hookimpl
def profexd_register_codecs(register: Callable[[type[Codec]], None]) -> None:
    register(NoCodec)
    register(Gzip)
    register(Zstd)
