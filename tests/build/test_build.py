"""Parts in the spool: whole, private, hashed, and the same every time."""

from __future__ import annotations

import gzip
import hashlib
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profexd.api import (
    DiskFull,
    Format,
    Parts,
    Permanent,
    QueryFailed,
    Rows,
    Stopped,
)
from profexd.config.catalog import Catalog
from profexd.export.build import build
from profexd.export.stop import Stop
from tests.formats.exporting import PLAN, Export, catalog

Table = Callable[[str], Export]

_WIDE = "SELECT i AS id, md5(i::VARCHAR) AS a, [i, i] AS l, i / 7 AS f FROM range({rows}) r(i)"
_ENDLESS = "SELECT i AS id, md5(i::VARCHAR) AS a FROM range(100000000000) r(i)"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_part_is_private_counted_and_hashed(table: Table) -> None:
    export = table(_WIDE.format(rows=5000))
    for format_ in ("csv", "json", "parquet"):
        for compression in ("none", "gzip", "zstd"):
            folder = export.spool()
            keys = {"compression": compression}
            file = export.build(export.pipeline(format_, keys=keys), folder=folder)
            data = file.path.read_bytes()
            assert (file.rows, file.size) == (5000, len(data))
            assert file.sha256 == hashlib.sha256(data).hexdigest()
            assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
            assert list(folder.iterdir()) == [file.path]


@pytest.mark.parametrize(
    ("format_", "compression", "options", "media_type"),
    [
        ("csv", "none", {}, "text/csv; charset=UTF-8"),
        ("json", "none", {}, "application/json; charset=UTF-8"),
        ("json", "none", {"layout": "lines"}, "application/x-ndjson"),
        ("parquet", "none", {}, "application/vnd.apache.parquet"),
        ("csv", "gzip", {}, "application/gzip"),
        ("json", "zstd", {}, "application/zstd"),
    ],
)
def test_the_content_type_is_that_of_the_outermost_layer(
    table: Table, format_: str, compression: str, options: dict[str, Any], media_type: str
) -> None:
    export = table("SELECT 1 AS a")
    pipeline = export.pipeline(format_, keys={"compression": compression}, **options)
    assert export.build(pipeline).media_type == media_type


def test_a_compressed_part_holds_the_same_text(table: Table) -> None:
    export = table(_WIDE.format(rows=30_000))
    plain = export.bytes("csv")
    packed = export.build(export.pipeline("csv", keys={"compression": "gzip"})).path.read_bytes()
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize("format_", ["csv", "json", "parquet"])
def test_bytes_depend_on_neither_threads_nor_memory(table: Table, format_: str) -> None:
    export = table(_WIDE.format(rows=260_000))
    found = {
        export.build(
            export.pipeline(
                format_,
                limits={"threads": threads, "memory": memory},
                keys={"order_by": ["a"]},
            )
        ).sha256
        for threads, memory in ((1, "1GB"), (2, "1GB"), (4, "1GB"), (1, "60MB"))
    }
    assert len(found) == 1


def test_python_calls_do_not_grow_with_rows(table: Table) -> None:
    export = table(_WIDE.format(rows=100_000))

    def calls(pipeline: Any) -> int:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        threading.setprofile(note)
        sys.setprofile(note)
        try:
            export.build(pipeline)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        return count

    for format_ in ("csv", "json", "parquet"):
        for compression in ("none", "gzip"):
            few, many = (
                export.pipeline(
                    format_,
                    source={"query": f"FROM t LIMIT {rows}"},
                    keys={"compression": compression},
                )
                for rows in (1_000, 100_000)
            )
            calls(few)  # the first one imports
            # Buffers, and threads that wait for them, call a little; a row calls nothing.
            assert calls(many) - calls(few) < 9_900, (format_, compression)


@pytest.mark.parametrize("format_", ["csv", "json", "parquet"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_full_spool_is_named_and_left_clean(
    table: Table, small_disk: Path, format_: str, compression: str
) -> None:
    export = table(_WIDE.format(rows=200_000))
    before = threading.enumerate()
    with pytest.raises(DiskFull, match=str(small_disk / "part-001")) as raised:
        export.build(export.pipeline(format_, keys={"compression": compression}), folder=small_disk)
    assert "No space left on device" in raised.value.message
    assert raised.value.hint
    assert list(small_disk.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread not in before]


def test_a_full_disk_while_spilling_is_named(table: Table, small_disk: Path) -> None:
    export = table("SELECT md5(i::VARCHAR) || repeat('x', 50) AS a FROM range(800000) r(i)")
    pipeline = export.pipeline(
        "csv", limits={"memory": "30MB", "threads": 1}, keys={"order_by": ["a"]}
    )
    with pytest.raises(DiskFull, match=str(small_disk)):
        export.build(pipeline, folder=small_disk)


def test_a_query_beyond_memory_spills_and_is_whole(table: Table) -> None:
    export = table("SELECT md5(i::VARCHAR) AS a, repeat('x', 100) AS b FROM range(700000) r(i)")
    limits = {"memory": "80MB", "threads": 1}
    folder = export.spool()
    file = export.build(
        export.pipeline("csv", limits=limits, keys={"order_by": ["a"]}, header=False),
        folder=folder,
    )
    values = [line[:32] for line in file.path.read_text().splitlines()]
    assert len(values) == 700_000
    assert values == sorted(values)
    assert list(folder.iterdir()) == [file.path]


def test_memory_that_cannot_suffice_says_what_to_raise(table: Table) -> None:
    export = table("SELECT 1 AS a")
    query = "SELECT string_agg(md5(i::VARCHAR), '') AS t FROM range(3000000) r(i)"
    pipeline = export.pipeline("csv", source={"query": query}, limits={"memory": "50MB"})
    with pytest.raises(QueryFailed, match="memory") as raised:
        export.build(pipeline)
    assert "limits.memory" in raised.value.hint


@pytest.mark.parametrize("format_", ["csv", "json", "parquet"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_stop_interrupts_a_build_and_leaves_nothing(
    table: Table, format_: str, compression: str
) -> None:
    export = table("SELECT 1 AS a")
    stop = Stop()
    folder = export.spool()
    pipeline = export.pipeline(
        format_, source={"query": _ENDLESS}, keys={"compression": compression}
    )
    with pytest.raises(Stopped):
        export.build(
            pipeline, folder=folder, stop=stop, progress=lambda percent, rows, size: stop.request()
        )
    assert list(folder.iterdir()) == []


def test_a_stop_before_the_build_is_a_stop(table: Table) -> None:
    export = table("SELECT 1 AS a")
    stop = Stop()
    stop.request()
    with pytest.raises(Stopped):
        export.build(export.pipeline("csv"), stop=stop)


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_progress_is_told_and_ends_complete(table: Table, format_: str) -> None:
    export = table("SELECT 1 AS a")
    query = "SELECT i AS id, md5(i::VARCHAR) AS a, sha256(i::VARCHAR) AS b FROM range(800000) r(i)"
    told: list[tuple[float | None, int, int]] = []
    file = export.build(
        export.pipeline(format_, source={"query": query}), progress=lambda *said: told.append(said)
    )
    assert told[-1] == (100.0, 800_000, file.size)
    assert len(told) > 1
    sizes = [size for _, _, size in told]
    assert sizes == sorted(sizes)
    percents = [percent for percent, _, _ in told if percent is not None]
    assert all(0 <= percent <= 100 for percent in percents)


class _Faulty(Format):
    """Raises while DuckDB writes into it, as a disk or a plugin may."""

    name = "faulty"
    extension = ".x"
    media_type = "text/plain"

    def write(self, rows: Rows, parts: Parts) -> None:
        with parts.open() as part:
            rows.copy(_Breaking(part), {"FORMAT": "csv"})  # type: ignore[arg-type]


class _Breaking:
    def __init__(self, part: Any) -> None:
        self.count = part.count

    def write(self, data: bytes) -> int:
        raise KeyError("the original")


class _Batched(Format):
    """Takes the third way out."""

    name = "batched"
    extension = ".x"
    media_type = "text/plain"

    def write(self, rows: Rows, parts: Parts) -> None:
        with parts.open() as part:
            for batch in rows.batches(1_000):
                part.write(f"{batch.num_rows} {batch.num_columns}\n".encode())
                part.count(batch.num_rows)


def _with(format_: type[Format], export: Export) -> tuple[Path, list[Any]]:
    """Build with a format that no entry point names."""
    known = catalog()
    pipeline = export.pipeline("csv")
    folder = export.spool()
    parts = build(
        pipeline,
        PLAN,
        catalog=Catalog(
            formats={"csv": format_}, codecs=known.codecs, sinks=known.sinks, rows=known.rows
        ),
        folder=folder,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=export.warnings.append,
    ).parts
    return folder, list(parts)


def test_an_exception_in_a_part_surfaces_as_itself(table: Table) -> None:
    with pytest.raises(KeyError, match="the original"):
        _with(_Faulty, table(_WIDE.format(rows=100_000)))


class _Silent(Format):
    """Opens no part."""

    name = "silent"
    extension = ".x"
    media_type = "text/plain"

    def write(self, rows: Rows, parts: Parts) -> None: ...


def test_a_format_that_writes_no_file_is_at_fault(table: Table) -> None:
    with pytest.raises(Permanent, match="wrote no file"):
        _with(_Silent, table("SELECT 1"))


def test_a_format_may_take_arrow_batches(table: Table) -> None:
    _, [part] = _with(_Batched, table(_WIDE.format(rows=2_500)))
    assert part.file.path.read_text() == "1000 4\n1000 4\n500 4\n"
    assert part.file.rows == 2_500
