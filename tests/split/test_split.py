"""Split exports: parts in order, each complete, none too large, together the whole export."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.exporting import Export, catalog
from tests.properties.settings import examples
from tests.split.splitting import content, parts, pipeline, records

FORMATS = ("csv", "json", "parquet", "xml")
CODECS = ("none", "gzip", "zstd")
ALL_CODECS = (*CODECS, "zip", "snappy", "bzip2", "xz")
LARGE = """
    SELECT i AS id, md5(i::VARCHAR) AS digest, repeat('same ', i % 9) AS words,
           CASE WHEN i % 5 > 0 THEN 'a "quoted", text' || chr(10) || i END AS text
    FROM range(30_000) t(i)
"""
"""About 3 MB as CSV, in no order."""
Table = Callable[[str], Export]


@pytest.mark.parametrize("compression", ALL_CODECS)
@pytest.mark.parametrize("format_", FORMATS)
def test_parts_are_no_larger_than_max_size_and_hold_all_records_in_order(
    table: Table, format_: str, compression: str
) -> None:
    export = table(f"SELECT * FROM ({LARGE}) ORDER BY hash(id)")
    [whole] = parts(export, pipeline(export, format_, None, compression=compression))
    limit = whole.file.size // 4
    split = {"max_size": f"{limit}B"}
    built = parts(export, pipeline(export, format_, split, compression=compression))
    assert [part.file.size for part in built if part.file.size > limit] == []
    assert 5 <= len(built) <= 7
    together = [records(content(part, compression), format_) for part in built]
    assert [len(found) for found in together] == [part.file.rows for part in built]
    assert list(chain.from_iterable(together)) == records(content(whole, compression), format_)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[tuple[str | None, int | None]], dict[str, Any]]:
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
    rows = draw(st.lists(st.tuples(st.none() | texts, st.none() | st.integers(0, 10**9))))
    split: dict[str, Any] = {}
    if draw(st.booleans()):
        split["max_rows"] = draw(st.integers(1, 12))
    if not split or draw(st.booleans()):
        split["max_size"] = f"{draw(st.integers(1000, 3000))}B"
    return rows, split


def sql_of(rows: list[tuple[str | None, int | None]], repeated: int) -> str:
    """A SELECT of the rows, each more than once; texts are told in hexadecimal."""
    values = ", ".join(
        f"({place}, {'NULL' if text is None else _literal(text)}, {number or 'NULL'}::BIGINT)"
        for place, (text, number) in enumerate(rows)
    )
    source = f"(VALUES {values})" if rows else "(SELECT 1, '', 1::BIGINT WHERE false)"
    return (
        f"SELECT (place * {repeated} + i)::BIGINT AS id, text, number"
        f" FROM {source} v(place, text, number), range({repeated}) r(i)"
    )


def _literal(text: str) -> str:
    return f"decode(from_hex('{text.encode().hex()}'))"


@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("csv", {}),
        ("csv", {"quote": "strings", "null": "nil", "crlf": True}),
        ("json", {}),
        ("json", {"layout": "array", "indent": True}),
        ("json", {"layout": "lines"}),
        ("parquet", {}),
    ],
)
@examples(4)
@given(case=cases(), repeated=st.sampled_from([1, 7]))
def test_whatever_the_rows_and_limits_the_parts_are_the_whole(
    format_: str,
    options: dict[str, Any],
    compression: str,
    case: tuple[list[tuple[str | None, int | None]], dict[str, Any]],
    repeated: int,
) -> None:
    rows, split = case
    layout = options.get("layout", "records")
    with tempfile.TemporaryDirectory() as folder:
        export = Export(Path(folder), sql_of(rows, repeated))
        [whole] = parts(export, pipeline(export, format_, None, compression=compression, **options))
        built = parts(export, pipeline(export, format_, split, compression=compression, **options))
        together = [records(content(part, compression), format_, layout) for part in built]
        assert list(chain.from_iterable(together)) == records(
            content(whole, compression), format_, layout
        )
    assert len({part.path for part in built}) == len(built)
    assert [len(found) for found in together] == [part.file.rows for part in built]
    if rows:
        assert all(together)
    if "max_rows" in split:
        assert all(len(found) <= split["max_rows"] for found in together)
    if "max_size" in split:
        limit = int(split["max_size"].removesuffix("B"))
        for part in built:
            assert part.file.size <= limit or part.file.rows == 1


@examples(40)
@given(
    quote=st.sampled_from(["minimal", "all", "strings"]),
    null=st.sampled_from(["", "nil"]),
    separator=st.sampled_from([",", "\t", "#", "·", " "]),
    rows=st.lists(
        st.tuples(
            st.none()
            | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
            | st.text(" \t\"',;#·\\nilNULa\r\n", max_size=9),
            st.none() | st.integers(0, 9),
        ),
        max_size=30,
    ),
)
def test_a_row_of_csv_has_the_same_bytes_split_or_not(
    quote: str, null: str, separator: str, rows: list[tuple[str | None, int | None]]
) -> None:
    options: dict[str, Any] = {
        "quote": quote,
        "null": null,
        "separator": separator,
        "header": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        export = Export(Path(folder), sql_of(rows, 1))
        [whole] = parts(export, pipeline(export, "csv", None, **options))
        built = parts(export, pipeline(export, "csv", {"max_rows": 7}, **options))
        assert b"".join(content(part, "none") for part in built) == content(whole, "none")


@pytest.mark.parametrize("format_", FORMATS)
def test_max_rows_is_exact(table: Table, format_: str) -> None:
    export = table("SELECT i AS id FROM range(25_000) t(i)")
    built = parts(export, pipeline(export, format_, {"max_rows": 10_000}))
    assert [part.file.rows for part in built] == [10_000, 10_000, 5_000]
    assert [part.path for part in built] == [f"out-00{n}.{format_}" for n in (1, 2, 3)]
    assert [len(records(content(part, "none"), format_)) for part in built] == [
        10_000,
        10_000,
        5_000,
    ]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("split", [{"max_rows": 1}, {"max_size": "1KB"}])
def test_no_rows_give_one_valid_part(table: Table, format_: str, split: dict[str, Any]) -> None:
    export = table("SELECT 1 AS id WHERE false")
    [part] = parts(export, pipeline(export, format_, split))
    assert (part.path, part.file.rows) == (f"out-001.{format_}", 0)
    assert records(content(part, "none"), format_) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_a_limit_that_is_met_exactly_opens_no_empty_part(table: Table, format_: str) -> None:
    export = table("SELECT i AS id FROM range(8192) t(i)")
    built = parts(export, pipeline(export, format_, {"max_rows": 4096}))
    assert [part.file.rows for part in built] == [4096, 4096]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_record_larger_than_max_size_is_a_part_of_its_own(table: Table, format_: str) -> None:
    export = table(
        "SELECT i AS id, CASE WHEN i = 1 THEN"
        " (SELECT string_agg(md5(n::VARCHAR), '') FROM range(1000) r(n)) ELSE 'x' END AS text"
        " FROM range(3) t(i)"
    )
    built = parts(export, pipeline(export, format_, {"max_size": "2KB"}))
    assert [part.file.rows for part in built] == [1, 1, 1]


@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("format_", FORMATS)
def test_neither_threads_nor_memory_change_where_parts_end(
    table: Table, format_: str, compression: str
) -> None:
    export = table(f"SELECT * FROM ({LARGE}) ORDER BY hash(id)")
    digests = [
        [
            part.file.sha256
            for part in parts(
                export,
                pipeline(
                    export, format_, {"max_size": "200KB"}, compression=compression, limits=limits
                ),
            )
        ]
        for limits in ({"threads": 1}, {"threads": 4}, {"threads": 2, "memory": "60MB"})
    ]
    assert digests[0] == digests[1] == digests[2]


def test_a_recoded_csv_is_measured_as_it_is_written(table: Table) -> None:
    export = table(LARGE)
    options: dict[str, Any] = {"encoding": "utf-16", "bom": True}
    built = parts(export, pipeline(export, "csv", {"max_size": "1MB"}, **options))
    assert all(part.file.size <= 10**6 for part in built)
    texts = [content(part, "none").decode("utf-16") for part in built]
    assert all(text.startswith("id,digest,") for text in texts)
    assert sum(part.file.rows for part in built) == 30_000


def test_the_suffix_stands_before_the_extension_of_every_part(table: Table) -> None:
    export = table("SELECT i AS id FROM range(2) t(i)")
    built = parts(
        export,
        pipeline(export, "csv", {"max_rows": 1}, keys={"on_existing": "suffix"}),
    )
    assert [part.path for part in built] == ["out-001-1767225600-0.csv", "out-002-1767225600-0.csv"]


@pytest.mark.parametrize(
    ("split", "rows"), [(None, [1000, 1000, 500]), ({"max_rows": 900}, [900, 900, 700])]
)
def test_a_workbook_that_is_full_goes_on_in_the_next_file(
    table: Table, monkeypatch: pytest.MonkeyPatch, split: dict[str, int] | None, rows: list[int]
) -> None:
    monkeypatch.setattr(catalog().formats["excel"], "max_rows", 1001)
    export = table("SELECT i AS id FROM range(2500) t(i)")
    options: dict[str, Any] = {"sheet": "a", "on_limit": "split-files"}
    built = parts(export, pipeline(export, "excel", split, **options))
    assert [part.path for part in built] == [f"out-00{number}.excel" for number in (1, 2, 3)]
    assert [part.file.rows for part in built] == rows
    found = []
    for part in built:
        book = openpyxl.load_workbook(io.BytesIO(content(part, "none")))
        [header, *ids] = book["a"].iter_rows(values_only=True)
        assert header == ("id",)
        found += [number for (number,) in ids]
    assert found == list(range(2500))


def test_a_run_that_fails_leaves_no_part(table: Table) -> None:
    export = table(
        "SELECT i AS id, CASE WHEN i = 9000 THEN 'x' ELSE '1' END AS n FROM range(9001) t(i)"
    )
    failing = export.pipeline(
        "csv",
        source={"query": "SELECT id, n::INTEGER AS n FROM t ORDER BY id"},
        keys={"split": {"max_rows": 1000}},
    )
    with pytest.raises(Exception, match="Could not convert"):
        parts(export, failing)
    assert not list(export.folder.glob("run-*/part-*"))
