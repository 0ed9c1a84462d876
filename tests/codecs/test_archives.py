"""Codecs beyond gzip and zstd: other programs read them, and only the bytes given matter."""

from __future__ import annotations

import bz2
import io
import lzma
import random
import struct
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cramjam
import pytest

from profexd.api import Codec
from profexd_formats.archives import Bzip2, Snappy, Xz, Zip
from profexd_formats.archives_zip import ZipWriter
from tests.formats.exporting import Export, catalog

CODECS = [Zip(), Snappy(), Bzip2(), Xz()]
NAMES = [codec.name for codec in CODECS]
DATA = "".join(random.Random(1).choices("profile,", k=1_500_000)).encode()


def unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        [name] = archive.namelist()
        return archive.read(name)


READERS: dict[str, Callable[[bytes], bytes]] = {
    "zip": unzipped,
    "snappy": lambda data: bytes(cramjam.snappy.decompress(data)),
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
}


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        self.data += data
        return len(data)

    def close(self) -> None:
        raise AssertionError("a codec never closes the stream below it")


def encoded(codec: Codec, data: bytes, *, step: int, threads: int = 2) -> bytes:
    sink = Sink()
    stream = codec.open(sink, member="x.csv", threads=threads)
    for start in range(0, len(data), step):
        assert stream.write(memoryview(data)[start : start + step]) == len(
            data[start : start + step]
        )
    stream.close()
    return bytes(sink.data)


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_what_was_written_is_read_back(codec: Codec) -> None:
    assert READERS[codec.name](encoded(codec, DATA, step=300_001)) == DATA


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_bytes_depend_on_neither_threads_nor_the_size_of_writes(codec: Codec) -> None:
    expected = encoded(codec, DATA, step=len(DATA), threads=1)
    for step, threads in ((1_000_003, 2), (77_777, 3)):
        assert encoded(codec, DATA, step=step, threads=threads) == expected


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_nothing_is_a_valid_file(codec: Codec) -> None:
    assert READERS[codec.name](encoded(codec, b"", step=1)) == b""


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_an_error_below_reaches_who_writes(codec: Codec) -> None:
    class Full(Sink):
        def write(self, data: bytes | memoryview) -> int:
            if len(self.data) + len(data) > 20_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    stream = codec.open(Full(), member="x", threads=2)

    def write_all() -> None:
        for start in range(0, len(DATA), 200_000):
            stream.write(DATA[start : start + 200_000])
        stream.close()

    with pytest.raises(OSError, match="No space left"):
        write_all()
    with suppress(OSError):
        stream.close()


def test_the_member_of_a_zip_has_the_name_of_the_file_and_the_first_date_there_is() -> None:
    made = encoded(Zip(), DATA, step=len(DATA))
    [member] = zipfile.ZipFile(io.BytesIO(made)).infolist()
    assert (member.filename, member.date_time) == ("x.csv", (1980, 1, 1, 0, 0, 0))
    assert member.file_size == len(DATA)


def test_a_member_may_have_a_name_beyond_ascii() -> None:
    sink = Sink()
    stream = Zip().open(sink, member="Zoë-李.csv", threads=1)
    stream.write(b"a\n")
    stream.close()
    assert zipfile.ZipFile(io.BytesIO(bytes(sink.data))).namelist() == ["Zoë-李.csv"]


@pytest.mark.parametrize(
    ("codec", "program"),
    [(Zip(), "unzip -tq"), (Bzip2(), "bzip2 -t"), (Xz(), "xz -t")],
    ids=["zip", "bzip2", "xz"],
)
def test_the_usual_program_accepts_the_file(codec: Codec, program: str, tmp_path: Path) -> None:
    file = tmp_path / f"x{codec.extension}"
    file.write_bytes(encoded(codec, DATA, step=len(DATA)))
    subprocess.run([*program.split(), str(file)], check=True, capture_output=True)


class Virtual:
    """The end of a file whose first bytes are not kept."""

    def __init__(self) -> None:
        self.size = 0
        self.tail = b""

    def write(self, data: bytes | memoryview) -> int:
        self.size += len(data)
        self.tail = (self.tail + bytes(data))[-1000:]
        return len(data)


def test_a_member_beyond_4_gib_is_told_in_64_bits() -> None:
    """The writer is told it is further on than it is: nobody waits for 4 GiB."""
    out = Virtual()
    archive = ZipWriter(out.write, threads=1)
    archive._place = 5 * 2**32
    member = archive.deflate("large")
    member.write(b"x")
    member._size = 2**32 + 7
    member.close()
    archive.close()
    central = out.tail.index(b"PK\x01\x02")
    assert struct.unpack_from("<L", out.tail, central + 24) == (0xFFFFFFFF,)
    extra = out.tail.index(struct.pack("<HH", 1, 16))
    assert struct.unpack_from("<QQ", out.tail, extra + 4) == (2**32 + 7, 5 * 2**32)
    assert b"PK\x06\x06" in out.tail
    assert b"PK\x06\x07" in out.tail


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_an_export_is_compressed_as_its_pipeline_says(codec: Codec, tmp_path: Path) -> None:
    export = Export(tmp_path, "SELECT 1 AS a")
    file = export.build(export.pipeline("csv", keys={"compression": codec.name}))
    assert READERS[codec.name](file.path.read_bytes()) == b"a\n1\n"
    assert file.media_type == codec.media_type


def test_every_codec_has_its_extension_and_content_type() -> None:
    assert {
        name: (codec.extension, codec.media_type) for name, codec in catalog().codecs.items()
    } == {
        "none": ("", ""),
        "gzip": (".gz", "application/gzip"),
        "zstd": (".zst", "application/zstd"),
        "zip": (".zip", "application/zip"),
        "snappy": (".sz", "application/x-snappy-framed"),
        "bzip2": (".bz2", "application/x-bzip2"),
        "xz": (".xz", "application/x-xz"),
    }
