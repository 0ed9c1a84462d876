"""The same rows and configuration give the same bytes, whatever threads, memory and repetition."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.formats.exporting import Export

pytestmark = pytest.mark.timeout(600)

# More than two of DuckDB's row groups, so that two threads share the work; in no order.
ROWS = """
    SELECT ((i * 7919) % 260000)::INTEGER AS id, 'name ' || md5(i::VARCHAR) AS name,
        CASE WHEN i % 3 > 0 THEN i / 7 END AS ratio, [i % 5, i % 7] AS list,
        TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds(i) AS seen
    FROM range(260000) r(i)
"""
WAYS: dict[str, dict[str, Any]] = {
    "one thread": {"threads": 1},
    "two threads": {"threads": 2},
    "three threads in little memory": {"threads": 3, "memory": "180MB"},
    "again": {"threads": 2},
}
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "csv": ("csv", {}, "none"),
    "csv-null": ("csv", {"null": "NULL"}, "none"),
    "csv-gzip": ("csv", {}, "gzip"),
    "csv-zstd": ("csv", {}, "zstd"),
    "csv-zip": ("csv", {}, "zip"),
    "csv-snappy": ("csv", {}, "snappy"),
    "csv-bzip2": ("csv", {"quote": "all"}, "bzip2"),
    "csv-xz": ("csv", {"quote": "strings"}, "xz"),
    "json": ("json", {}, "none"),
    "parquet": ("parquet", {}, "none"),
    "xml": ("xml", {}, "none"),
}
SLOW = ("bzip2", "xz")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(tmp_path_factory.mktemp("determinism"), ROWS)


def digest(export: Export, kind: str, limits: dict[str, Any], order: list[str]) -> str:
    format_, options, compression = KINDS[kind]
    keys: dict[str, Any] = {"compression": compression, "order_by": order}
    if compression in SLOW:
        keys["where"] = "id < 30000"
    folder = export.spool()
    file: Path = export.build(
        export.pipeline(format_, limits=limits, keys=keys, **options), folder=folder
    ).path
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    file.unlink()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_ordered_rows_give_the_same_bytes_every_way(export: Export, kind: str) -> None:
    found = {way: digest(export, kind, limits, ["-id"]) for way, limits in WAYS.items()}
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_keeps_its_own_order_on_every_number_of_threads(export: Export, kind: str) -> None:
    found = {way: digest(export, kind, limits, []) for way, limits in WAYS.items()}
    assert len(set(found.values())) == 1, found
