"""Codecs: other programs read them back, and the bytes depend on the bytes alone."""

from __future__ import annotations

import gzip
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from backports import zstd

from profexd.api import Codec
from profexd_formats.codecs import Gzip, NoCodec, Zstd

DATA = "".join(random.Random(1).choices("profile,", k=5_000_000)).encode()


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        self.data += data
        return len(data)

    def close(self) -> None:
        raise AssertionError("a codec never closes the stream below it")


def encoded(codec: Codec, data: bytes, *, step: int, threads: int) -> bytes:
    sink = Sink()
    stream = codec.open(sink, member="x", threads=threads)
    for start in range(0, len(data), step):
        stream.write(memoryview(data)[start : start + step])
    stream.close()
    return bytes(sink.data)


@pytest.mark.parametrize("codec", [NoCodec(), Gzip(), Zstd()], ids=["none", "gzip", "zstd"])
def test_bytes_depend_on_neither_threads_nor_the_size_of_writes(codec: Codec) -> None:
    expected = encoded(codec, DATA, step=len(DATA), threads=1)
    for step, threads in ((1_000_003, 2), (77_777, 3), (len(DATA), 4)):
        assert encoded(codec, DATA, step=step, threads=threads) == expected


def test_gzip_is_read_by_python_and_gzip_and_holds_no_time(tmp_path: Path) -> None:
    made = encoded(Gzip(), DATA, step=300_000, threads=2)
    assert gzip.decompress(made) == DATA
    assert made[4:8] == b"\0\0\0\0"
    assert made[3] == 0
    file = tmp_path / "x.gz"
    file.write_bytes(made)
    subprocess.run(["gzip", "-t", str(file)], check=True)


def test_zstd_is_read_back_and_carries_a_checksum() -> None:
    made = encoded(Zstd(), DATA, step=300_000, threads=2)
    assert zstd.decompress(made) == DATA
    broken = bytearray(made)
    broken[len(broken) // 2] ^= 1
    with pytest.raises(zstd.ZstdError):
        zstd.decompress(bytes(broken))


@pytest.mark.parametrize("codec", [NoCodec(), Gzip(), Zstd()], ids=["none", "gzip", "zstd"])
def test_nothing_is_a_valid_file(codec: Codec) -> None:
    made = encoded(codec, b"", step=1, threads=2)
    if codec.name == "gzip":
        assert gzip.decompress(made) == b""
    elif codec.name == "zstd":
        assert made
    else:
        assert made == b""


@pytest.mark.parametrize("codec", [Gzip(), Zstd()], ids=["gzip", "zstd"])
def test_an_error_below_reaches_who_writes(codec: Codec) -> None:
    class Full(Sink):
        def write(self, data: bytes | memoryview) -> int:
            if len(self.data) + len(data) > 100_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    stream = codec.open(Full(), member="x", threads=2)

    def write_all() -> None:
        for start in range(0, len(DATA), 500_000):
            stream.write(DATA[start : start + 500_000])
        stream.close()

    with pytest.raises(OSError, match="No space left"):
        write_all()
    with suppress(OSError):
        stream.close()
