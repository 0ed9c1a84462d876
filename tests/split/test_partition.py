"""Partitions: a file or a series of parts per value, from one pass over the source."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

import openpyxl
import pytest

from profexd.api import ConfigurationInvalid, Format, NameCollision, Parts, Permanent, Rows
from profexd.config.model import Pipeline
from profexd.config.template import Template
from profexd.export.parts.writing import BuiltPart
from tests.formats.exporting import Export, catalog
from tests.split.splitting import ENDINGS, content, parts, pipeline, records

FORMATS = ("csv", "json", "parquet", "xml")
Table = Callable[[str], Export]


def partitioned(
    export: Export,
    format_: str,
    *by: str,
    path: str | None = None,
    split: dict[str, Any] | None = None,
    compression: str = "none",
    key: str | None = "id",
    keys: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    **options: Any,
) -> Pipeline:
    """A pipeline with a file per value of ``by``; each stands in the path unless it is given."""
    plain = pipeline(
        export,
        format_,
        split,
        compression=compression,
        key=key,
        keys=keys,
        limits=limits,
        **options,
    )
    if path is None:
        stem = "-".join(f"${{column:{name}}}" for name in by)
        part = "-${part}" if split else ""
        path = f"{stem}{part}.{format_}{ENDINGS[compression]}"
    return replace(plain, partition_by=by, path=Template.parse(path))


def names(built: tuple[BuiltPart, ...]) -> list[str]:
    return [part.path for part in built]


@pytest.mark.parametrize("compression", ["none", "zip"])
@pytest.mark.parametrize("format_", FORMATS)
def test_each_value_has_a_file_with_its_rows_in_the_order_of_the_pipeline(
    table: Table, format_: str, compression: str
) -> None:
    export = table(
        "SELECT i AS id, ['it', 'fr', 'de', NULL, ''][1 + i % 5] AS country,"
        " (i * 7919) % 1009 AS visits FROM range(20_000) t(i)"
    )
    keys = {"order_by": ["-visits"]}
    whole = pipeline(export, format_, None, keys=keys)
    [all_rows] = parts(export, replace(whole, source=replace(whole.source)))
    built = parts(
        export, partitioned(export, format_, "country", compression=compression, keys=keys)
    )
    ending = f".{format_}{ENDINGS[compression]}"
    assert names(built) == [f"{name}{ending}" for name in ("empty", "de", "fr", "it", "null")]
    assert [part.file.rows for part in built] == [4000] * 5
    found = [records(content(part, compression), format_) for part in built]
    expected = records(content(all_rows, "none"), format_)
    for of_value in found:
        chosen = {repr(record) for record in of_value}
        assert of_value == [record for record in expected if repr(record) in chosen]
    assert sum(len(of_value) for of_value in found) == 20_000


@pytest.mark.parametrize("format_", FORMATS)
def test_each_value_has_a_series_of_parts_numbered_by_itself(table: Table, format_: str) -> None:
    export = table("SELECT i AS id, 'c' || i % 3 AS c FROM range(25) t(i)")
    built = parts(export, partitioned(export, format_, "c", split={"max_rows": 4}))
    assert [(part.path, part.file.rows) for part in built] == [
        (f"c{c}-00{number}.{format_}", rows)
        for c, sizes in enumerate([(4, 4, 1), (4, 4), (4, 4)])
        for number, rows in enumerate(sizes, 1)
    ]
    assert len({part.file.path for part in built}) == len(built)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_parts_of_each_value_are_no_larger_than_max_size(table: Table, format_: str) -> None:
    export = table(
        "SELECT i AS id, CASE WHEN i % 10 = 0 THEN 'few' ELSE 'many' END AS c,"
        " md5(i::VARCHAR) AS text FROM range(20_000) t(i) ORDER BY hash(i)"
    )
    wholes = parts(export, partitioned(export, format_, "c", compression="gzip"))
    limit = wholes[1].file.size // 3
    split = {"max_size": f"{limit}B"}
    built = parts(export, partitioned(export, format_, "c", split=split, compression="gzip"))
    assert all(part.file.size <= limit for part in built)
    for whole, c in zip(wholes, ("few", "many"), strict=True):
        series = [part for part in built if part.path.startswith(c)]
        assert [part.path for part in series] == [
            f"{c}-{number:03d}.{format_}.gz" for number in range(1, len(series) + 1)
        ]
        together = [records(content(part, "gzip"), format_) for part in series]
        assert list(chain.from_iterable(together)) == records(content(whole, "gzip"), format_)


def test_a_workbook_per_value_keeps_its_dates_and_numbers(table: Table) -> None:
    export = table(
        "SELECT i AS id, 'c' || i % 2 AS c, DATE '2026-01-01' + i::INTEGER AS day"
        " FROM range(4) t(i)"
    )
    built = parts(export, partitioned(export, "excel", "c", sheet="a"))
    assert names(built) == ["c0.excel", "c1.excel"]
    for part, ids in zip(built, ([0, 2], [1, 3]), strict=True):
        book = openpyxl.load_workbook(io.BytesIO(content(part, "none")))
        [header, *rows] = book["a"].iter_rows(values_only=True)
        assert header == ("id", "c", "day")
        assert [row[0] for row in rows] == ids
        assert [row[2].day for row in rows] == [number + 1 for number in ids]  # type: ignore[union-attr]


def test_a_combination_of_values_is_a_partition_and_may_make_folders(table: Table) -> None:
    export = table(
        "SELECT i AS id, ['b', 'a'][1 + i % 2] AS one, i % 4 // 2 AS two FROM range(8) t(i)"
    )
    built = parts(
        export,
        partitioned(export, "csv", "one", "two", path="${column:ONE}/x-${column: two }.csv"),
    )
    assert names(built) == ["a/x-0.csv", "a/x-1.csv", "b/x-0.csv", "b/x-1.csv"]
    assert content(built[1], "none") == b"id,one,two\n3,a,1\n7,a,1\n"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("DATE '2024-02-29'", "2024-02-29"),
        ("TIMESTAMP '2024-02-29 12:34:56.780'", "2024-02-29T12:34:56.78"),
        ("TIMESTAMPTZ '2024-02-29 12:34:56+02'", "2024-02-29T10:34:56Z"),
        ("TIME '12:00:01'", "12:00:01"),
        ("true", "true"),
        ("-17::TINYINT", "-17"),
        (
            "170141183460469231731687303715884105727::HUGEINT",
            "170141183460469231731687303715884105727",
        ),
        ("1.50::DECIMAL(9, 2)", "1.50"),
        ("0.1::DOUBLE", "0.1"),
        ("'it'::ENUM ('fr', 'it')", "it"),
        ("'a/b\\c d' || chr(10) || 'e'", "a-b-c-d-e"),
        ("'a' || chr(7)", "a?"),
        ("'Ñandú'", "Ñandú"),
        ("'5afc71d5-7b2a-4d5c-8f0e-3f8b5b6d8a11'::UUID", "5afc71d5-7b2a-4d5c-8f0e-3f8b5b6d8a11"),
        ("''", "empty"),
        ("NULL::INTEGER", "null"),
    ],
)
def test_a_value_stands_in_the_name_as_csv_writes_it_cleaned(
    table: Table, sql: str, name: str
) -> None:
    export = table(f"SELECT 1 AS id, {sql} AS c")
    [part] = parts(export, partitioned(export, "csv", "c"))
    assert part.path == f"{name}.csv"


@pytest.mark.parametrize(
    ("values", "path", "told"),
    [
        ("(NULL), ('null')", "null.csv", ['for "null" and for NULL']),
        ("(''), ('empty')", "empty.csv", ['for "" and for "empty"']),
        ("('a b'), ('a/b')", "a-b.csv", ['for "a b" and for "a/b"']),
    ],
)
def test_two_values_of_one_name_fail_the_run_before_any_file_is_written(
    table: Table, values: str, path: str, told: list[str]
) -> None:
    export = table(f"SELECT row_number() OVER () AS id, c FROM (VALUES {values}, ('x')) v(c)")
    with pytest.raises(NameCollision) as caught:
        parts(export, partitioned(export, "csv", "c"))
    assert caught.value.error_code == "name_collision"
    for words in (f"{path} would be written twice", *told):
        assert words in caught.value.message
    assert not list(export.folder.glob("run-*/part-*"))


@pytest.mark.parametrize("value", ["'x' || repeat('y', 252)", "repeat('ñ', 126)", "'..'"])
def test_a_value_that_makes_no_name_fails_the_run_before_any_file_is_written(
    table: Table, value: str
) -> None:
    export = table(f"SELECT 1 AS id, 'fine' AS c UNION ALL SELECT 2, {value}")
    with pytest.raises(ConfigurationInvalid, match="becomes"):
        parts(export, partitioned(export, "csv", "c", path="${column:c}/${column:c}.csv"))
    assert not list(export.folder.glob("run-*/part-*"))


def test_the_suffix_stands_in_the_name_of_every_partition(table: Table) -> None:
    export = table("SELECT i AS id, 'c' || i AS c FROM range(2) t(i)")
    suffixed = partitioned(export, "csv", "c", keys={"on_existing": "suffix"})
    assert names(parts(export, suffixed)) == ["c0-1767225600-0.csv", "c1-1767225600-0.csv"]


def test_the_suffix_is_cleaned_as_placeholders_are(table: Table) -> None:
    export = table("SELECT 1 AS id")
    suffixed = pipeline(export, "csv", None, keys={"on_existing": "suffix", "path": "a.csv"})
    settings = replace(suffixed.settings, instance_id="../b c\x07")
    [part] = parts(export, replace(suffixed, settings=settings))
    assert part.path == "a-1767225600-..-b-c?.csv"


def test_a_name_that_the_suffix_makes_too_long_fails_before_the_source_is_read(
    table: Table,
) -> None:
    export = table("SELECT 1 AS id")
    long = pipeline(export, "csv", None, keys={"path": f"{'x' * 245}.csv"})
    [part] = parts(export, long)
    assert len(part.path) == 249
    with pytest.raises(ConfigurationInvalid, match="262 bytes"):
        parts(export, replace(long, on_existing="suffix", source=replace(long.source, table="no")))


def test_no_rows_make_no_file_and_a_sentence(table: Table) -> None:
    export = table("SELECT 1 AS id, 'x' AS c WHERE false")
    assert parts(export, partitioned(export, "csv", "c")) == ()
    assert export.warnings == ["there are no rows, so there is no partition and no file"]


def test_a_column_that_is_nearly_a_key_is_refused(table: Table) -> None:
    export = table("SELECT i AS id FROM range(10_001) t(i)")
    with pytest.raises(Permanent, match="more than 10,000 partitions"):
        parts(export, partitioned(export, "csv", "id"))


def test_an_unknown_column_is_named(table: Table) -> None:
    export = table("SELECT 1 AS id, 'x' AS country")
    with pytest.raises(
        ConfigurationInvalid, match=r'partition_by\[0\]: the source has no column "cuntry"'
    ):
        parts(export, partitioned(export, "csv", "cuntry"))


def test_a_member_of_a_struct_may_be_what_a_run_is_partitioned_by(table: Table) -> None:
    export = table("SELECT i AS id, {'city': 'c' || i % 2} AS address FROM range(4) t(i)")
    built = parts(export, partitioned(export, "json", "address.city", layout="lines"))
    assert names(built) == ["c0.json", "c1.json"]
    assert content(built[0], "none").startswith(b'{"id":0,"address":{"city":"c0"}}\n')


@pytest.mark.parametrize("format_", FORMATS)
def test_neither_threads_nor_memory_change_a_byte(table: Table, format_: str) -> None:
    export = table(
        "SELECT i AS id, 'c' || i % 7 AS c, repeat(md5(i::VARCHAR), 3) AS text"
        " FROM range(40_000) t(i) ORDER BY hash(i)"
    )
    digests = [
        [
            (part.path, part.file.sha256)
            for part in parts(
                export,
                partitioned(
                    export,
                    format_,
                    "c",
                    split={"max_size": "150KB"},
                    compression="gzip",
                    limits=limits,
                ),
            )
        ]
        for limits in ({"threads": 1}, {"threads": 2, "memory": "60MB"})
    ]
    assert digests[0] == digests[1]


class _Counting(Format):
    """A format of somebody else: it keeps what it has seen, and takes rows as batches."""

    name = "counting"
    extension = ".txt"
    media_type = "text/plain"

    def __init__(self, options: Any, context: Any) -> None:
        super().__init__(options, context)
        self._seen = 0

    def write(self, rows: Rows, parts: Parts) -> None:
        with parts.open() as part:
            for batch in rows.batches():
                self._seen += batch.num_rows
                part.write(f"{batch.schema.names} {batch.num_rows}\n".encode())
                part.count(batch.num_rows)
            part.write(f"{self._seen} in all\n".encode())
        self.context.warn(f"{self._seen} rows")


def test_a_format_of_somebody_else_needs_to_know_nothing(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalog().formats, "counting", _Counting)
    export = table("SELECT i AS id, 'c' || i % 2 AS c FROM range(5) t(i)")
    built = parts(export, partitioned(export, "counting", "c"))
    assert [content(part, "none").decode() for part in built] == [
        "['id', 'c'] 3\n3 in all\n",
        "['id', 'c'] 2\n2 in all\n",
    ]
    assert export.warnings == ["c0.counting: 3 rows", "c1.counting: 2 rows"]


def test_hundreds_of_values_of_very_different_sizes(table: Table) -> None:
    export = table(
        "SELECT i AS id, (CASE WHEN i < 20_000 THEN 0 ELSE i % 700 END)::INTEGER AS c"
        " FROM range(30_000) t(i) ORDER BY hash(i)"
    )
    built = parts(export, partitioned(export, "csv", "c", compression="gzip"))
    assert names(built) == [f"{c}.csv.gz" for c in range(700)]
    rows = [
        list(csv.reader(gzip.decompress(part.file.path.read_bytes()).decode().splitlines()))
        for part in built
    ]
    assert all(header == ["id", "c"] for header, *_ in rows)
    ids = [[int(id_) for id_, _ in found] for _, *found in rows]
    assert all(found == sorted(found) for found in ids)
    assert sorted(chain.from_iterable(ids)) == list(range(30_000))
    assert len(ids[0]) > 20_000


def test_a_run_that_fails_in_the_middle_leaves_no_file(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog().formats["excel"], "max_rows", 4)
    export = table("SELECT i AS id, CASE WHEN i < 2 THEN 'a' ELSE 'b' END AS c FROM range(9) t(i)")
    with pytest.raises(Permanent, match="a sheet holds"):
        parts(export, partitioned(export, "excel", "c", sheet="a"))
    assert not list(export.folder.glob("run-*/part-*"))
