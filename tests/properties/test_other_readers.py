"""JSON and Parquet as DuckDB, polars, pyarrow and fastparquet read them."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import polars
import pyarrow as pa
import pyarrow.json
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT, Kind, named
from tests.properties.nested import List, Struct
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)
PLAIN = {
    "BOOLEAN": (polars.Boolean(), pa.bool_()),
    "BIGINT": (polars.Int64(), pa.int64()),
    "VARCHAR": (polars.String(), pa.string()),
    "DOUBLE": (polars.Float64(), pa.float64()),
}
LETTERS = st.sampled_from("abcdefgh")
PLAIN_TABLES = tables(kinds=st.sampled_from([named(sql) for sql in PLAIN]), names=LETTERS)
KEPT = tuple(
    kind
    for kind in FLAT
    # DuckDB reads back what it wrote; the rest is text or has another number of digits.
    if kind.carried and kind.sql not in ("HUGEINT", "UHUGEINT") and "TIMESTAMP_S" not in kind.sql
)


def finite(value: Any) -> Any:
    """JSON has no word for what is not a finite number."""
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


@given(PLAIN_TABLES)
@examples(20)
def test_three_readers_find_the_values_of_json_lines(table: Table) -> None:
    expected = table.values(lambda kind, value: finite(value))
    with exporting(table) as export:
        file = export.build(export.pipeline("json", layout="lines", nulls="write")).path
        with duckdb.connect() as connection:
            read = connection.execute(
                "SELECT * FROM read_json(?, format = 'newline_delimited', columns = ?)",
                [str(file), {name: kind.sql for name, kind in table.columns}],
            ).fetchall()
        assert [list(row) for row in read] == expected
        if not expected:
            return
        frame = polars.read_ndjson(
            io.BytesIO(file.read_bytes()),
            schema={name: PLAIN[kind.sql][0] for name, kind in table.columns},
        )
        assert [list(row) for row in frame.rows()] == expected
        schema = pa.schema([(name, PLAIN[kind.sql][1]) for name, kind in table.columns])
        arrow = pyarrow.json.read_json(
            file, parse_options=pyarrow.json.ParseOptions(explicit_schema=schema)
        )
        assert [list(row.values()) for row in arrow.to_pylist()] == expected


@pytest.mark.parametrize(
    "kinds",
    [KEPT, [List(kind) for kind in KEPT], [Struct([("a", k), ("b", List(k))]) for k in KEPT]],
    ids=["flat", "lists", "structs"],
)
def test_duckdb_finds_the_source_in_parquet(kinds: list[Kind]) -> None:
    with exporting(edges(kinds)) as export:
        file = export.build(export.pipeline("parquet")).path
        with duckdb.connect(str(export.database), read_only=True) as connection:
            read = f"SELECT * FROM read_parquet('{file}')"
            for missing in (f"FROM t EXCEPT ALL {read}", f"{read} EXCEPT ALL FROM t"):
                assert connection.execute(missing).fetchall() == []


def test_polars_finds_the_values_in_parquet() -> None:
    kinds = [
        *(kind for kind in KEPT if "INT" in kind.sql or kind.sql.startswith("DECIMAL(38")),
        *(named(sql) for sql in ("BOOLEAN", "VARCHAR", "BLOB", "DATE", "TIMESTAMP", "TIMESTAMPTZ")),
        *(named(sql) for sql in ("TIMESTAMP_MS", "TIMESTAMP_NS")),
    ]
    table = edges(kinds)
    with exporting(table) as export:
        file: Path = export.build(export.pipeline("parquet")).path
        frame = polars.read_parquet(io.BytesIO(file.read_bytes()))
    assert frame.columns == table.names
    instants = polars.selectors.temporal()
    found = frame.with_columns(instants.to_physical()).rows()
    assert [list(row) for row in found] == table.values(lambda kind, value: kind.parquet(value))


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none"])
def test_fastparquet_finds_the_values(codec: str) -> None:
    rows = (
        (1, 2**62, 0.1, "\u00e9 \U0001f600", True, datetime(2024, 2, 29, 12, 34, 56, 789012)),
        (-(2**31), -(2**63), -1e300, "", False, datetime(1970, 1, 1)),
        (0, 0, 0.0, None, True, datetime(2262, 4, 1)),
    )
    with exporting(
        "SELECT * FROM (VALUES (1::INTEGER, 2::BIGINT ** 62, 0.1::DOUBLE, 'é 😀', true,"
        " TIMESTAMP '2024-02-29 12:34:56.789012'),"
        " (-2147483648, -9223372036854775808, -1e300, '', false, TIMESTAMP '1970-01-01'),"
        " (0, 0, 0, NULL, true, TIMESTAMP '2262-04-01')) v(a, b, c, d, e, f)"
    ) as export:
        file = export.build(export.pipeline("parquet", codec=codec)).path
        read = fastparquet.ParquetFile(io.BytesIO(file.read_bytes())).to_pandas()
    assert list(read.columns) == list("abcdef")
    for found, expected in zip(read.itertuples(index=False), rows, strict=True):
        for cell, value in zip(found, expected, strict=True):
            assert cell == value or ((value is None and cell != cell) or cell is value)
