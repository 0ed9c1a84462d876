"""The conformance kit for formats: subclass ``FormatConformance`` in a pytest module.

It builds files as profexd does, from tables that are hard to write, and reads them back with a
reader of your choice. A subclass says in one fixture how::

    from profexd.testing.formats import FormatBench, FormatConformance

    class TestTabs(FormatConformance):
        @pytest.fixture
        def bench(self):
            return FormatBench(format="tabs", ids=ids_of_a_file)

The format must be installed: the kit finds it through its entry point. Needs pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from profexd.api import Column, FormatContext, Permanent, SpooledFile
from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.export.build import build
from profexd.export.job import Job
from profexd.export.plan import plan
from profexd.export.source.schema import describe
from profexd.export.stop import Stop

PLAIN = "SELECT i AS id, 'customer ' || i AS name FROM range({rows}) r(i)"
TYPES = """
SELECT i AS id, i = 1 AS yes, i::TINYINT AS tiny, 9007199254740993 + i AS large,
    170141183460469231731687303715884105727::HUGEINT AS huge, 1.50::DECIMAL(9, 2) AS money,
    0.1::FLOAT AS short_float, 'nan'::DOUBLE AS not_a_number, DATE '2024-02-29' AS born,
    TIME '12:00:01' AS at, TIMESTAMP '2024-02-29 12:34:56.789012' AS seen,
    TIMESTAMPTZ '2024-02-29 12:34:56+02' AS instant, INTERVAL 3 DAY AS span,
    uuid() IS NOT NULL AS has_uuid, '00000000-0000-0000-0000-000000000001'::UUID AS token,
    'x'::ENUM ('x', 'y') AS choice, '\\xAA'::BLOB AS blob, ['a', NULL] AS list,
    {'a': 1, 'b': {'c': 'd'}} AS struct, MAP {'k': 1} AS map, '{"j": [1, null]}'::JSON AS json
FROM range(3) r(i)
"""
NULLS = """
SELECT i AS id, * EXCLUDE (i) FROM (
    SELECT i, NULL::INTEGER AS n, NULL::VARCHAR AS t, NULL::INTEGER[] AS l,
        NULL::STRUCT(a INTEGER) AS s, '' AS empty
    FROM range(3) r(i))
"""
TEXTS = """
SELECT i AS id, [
    '=1+1', 'a "quoted", one', 'two' || chr(10) || 'lines', 'tab' || chr(9) || 'and CR' || chr(13),
    'control ' || chr(1), 'Zoë 李 😀', '', ' spaces ', '<&>', '{"a": 1}', chr(8232),
    repeat('x', 5000)
][i + 1] AS t FROM range(12) r(i)
"""


@dataclass(frozen=True, kw_only=True)
class FormatBench:
    """A format by its name, its options, and a reader of its files that is not ours."""

    format: str
    ids: Callable[[Path], list[str]]
    """The values of the column ``id`` of a file, as text, in their order."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """As in ``[format]``, without ``type``."""
    tables: tuple[str, ...] = (TYPES, NULLS, TEXTS)
    """Tables that the format has to write, as SELECTs with a column ``id``."""


class FormatConformance:
    """What profexd relies on in every format; each test is a sentence of the contract."""

    @pytest.fixture
    def bench(self) -> FormatBench:
        """Override it: return the format and how to read its files."""
        raise TypeError(f"{type(self).__name__} does not define the fixture bench")

    def test_it_is_found_through_its_entry_point(self, bench: FormatBench) -> None:
        found = load_catalog().formats[bench.format]
        assert found.name == bench.format
        assert found.extension.startswith(".")
        assert found(found.Options(**bench.options), FormatContext()).media_type

    def test_every_row_is_written_in_its_order_and_counted(
        self, bench: FormatBench, tmp_path: Path
    ) -> None:
        (file,) = built(bench, tmp_path, PLAIN.format(rows=5_000))
        assert bench.ids(file.path) == [str(number) for number in range(5_000)]
        assert file.rows == 5_000

    def test_a_file_with_no_rows_is_a_valid_one(self, bench: FormatBench, tmp_path: Path) -> None:
        (file,) = built(bench, tmp_path, PLAIN.format(rows=0))
        assert bench.ids(file.path) == []
        assert file.rows == 0

    def test_the_same_rows_give_the_same_bytes(self, bench: FormatBench, tmp_path: Path) -> None:
        for place, table in enumerate((PLAIN.format(rows=5_000), *bench.tables)):
            folder = tmp_path / str(place)
            folder.mkdir()
            first, second = (
                built(bench, folder, table, threads=threads)[0].sha256 for threads in (1, 2)
            )
            assert first == second

    def test_every_type_null_and_text_can_be_written(
        self, bench: FormatBench, tmp_path: Path
    ) -> None:
        for place, table in enumerate(bench.tables):
            folder = tmp_path / str(place)
            folder.mkdir()
            (file,) = built(bench, folder, table)
            assert bench.ids(file.path) == [str(number) for number in range(file.rows)]
            assert file.rows >= 3

    def test_values_can_be_written_as_text(self, bench: FormatBench, tmp_path: Path) -> None:
        (file,) = built(bench, tmp_path, TYPES, as_string=True, ts_format="clevertap")
        assert bench.ids(file.path) == ["0", "1", "2"]

    def test_split_files_are_complete_and_lose_no_row(
        self, bench: FormatBench, tmp_path: Path
    ) -> None:
        if not load_catalog().formats[bench.format].splits:
            return
        files = built(bench, tmp_path, PLAIN.format(rows=25), split={"max_rows": 10})
        read = [bench.ids(file.path) for file in files]
        assert [len(ids) for ids in read] == [10, 10, 5]
        assert [file.rows for file in files] == [10, 10, 5]
        assert [id_ for ids in read for id_ in ids] == [str(number) for number in range(25)]

    def test_a_source_that_fails_leaves_no_file(self, bench: FormatBench, tmp_path: Path) -> None:
        late = "SELECT i AS id, CASE WHEN i < 150000 THEN i ELSE error('late') END AS x"
        with pytest.raises(Permanent, match="late"):
            built(bench, tmp_path, f"{late} FROM range(200000) r(i)", query=True)
        assert [path for path in tmp_path.rglob("part-*") if path.is_file()] == []

    def test_a_preview_can_show_every_value(self, bench: FormatBench, tmp_path: Path) -> None:
        found = load_catalog().formats[bench.format]
        format_ = found(found.Options(**bench.options), FormatContext())
        for table in bench.tables:
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(f"CREATE TABLE t AS {table}")
                columns: tuple[Column, ...] = tuple(describe(connection, "SELECT * FROM t"))
                cells = format_.cells(columns)
                assert len(cells) == len(columns)
                checks = ", ".join(f"coalesce(json_valid({cell}), true)" for cell in cells)
                for row in connection.execute(f"SELECT {checks} FROM t").fetchall():  # noqa: S608
                    assert all(row)


def built(
    bench: FormatBench,
    folder: Path,
    table: str,
    *,
    threads: int = 2,
    split: Mapping[str, Any] | None = None,
    query: bool = False,
    **options: Any,
) -> list[SpooledFile]:
    """Build the files of one run of ``table`` below ``folder``, through the whole of profexd.

    ``query`` has the rows computed while they are written, not before.
    """
    source: dict[str, Any] = {"type": "duckdb", "profiles": {"key": "id"}}
    if query:
        source["query"] = table
    else:
        database = folder / "warehouse.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE OR REPLACE TABLE t AS {table}")
        source |= {"database": str(database), "table": "t"}
    keys: dict[str, Any] = {"split": dict(split)} if split else {}
    pipeline = pipeline_from_documents(
        "kit",
        {
            "settings": {"limits": {"threads": threads}},
            "source": source,
            "sinks": {"files": {"type": "file", "root": "/nowhere"}},
            "pipeline": {
                "source": "warehouse",
                "sink": "files",
                "path": "file-${part}" if split else "file",
                "format": {"type": bench.format, **bench.options, **options},
                **keys,
            },
        },
        load_catalog(),
    )
    spool = folder / f"run-{len(list(folder.iterdir()))}"
    spool.mkdir()
    job = Job(
        action="run",
        run_id="1",
        export_id="1",
        pipeline="kit",
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        documents=pipeline.documents,
        spool=str(spool),
    )
    outcome = build(
        pipeline,
        plan(job, pipeline, load_catalog()),
        catalog=load_catalog(),
        folder=spool,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=lambda message: None,
    )
    return [part.file for part in outcome.parts]
