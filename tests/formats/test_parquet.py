"""Parquet as pyarrow and DuckDB read it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pyarrow.parquet as pq
import pytest

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export, query

Table = Callable[[str], Export]

_EVERYTHING = """
    SELECT i AS id, 'é' || i AS t, i::BIGINT * 9007199254740993 AS b, (i * 1.5)::DECIMAL(20, 4) d,
        i / 7 AS f, (i / 7)::FLOAT AS s, i % 2 = 0 AS o, DATE '2024-02-29' + i::INTEGER AS day,
        TIME '12:00:01.5' AS at, TIMESTAMP '2024-02-29 12:34:56.789012' AS ts,
        TIMESTAMPTZ '2024-02-29 12:34:56+02' AS tz, md5(i::VARCHAR)::UUID AS u,
        CASE WHEN i % 3 > 0 THEN 'ab\\xAA'::BLOB END AS bl, 'x'::ENUM('x', 'y') AS en,
        CASE WHEN i % 5 > 0 THEN [i, NULL] END AS l, {'a': i, 'b': {'c': 'x'}} AS st,
        MAP {'k': i} AS m
    FROM range(1000) r(i) ORDER BY i
"""


def test_types_and_values_survive_duckdb(table: Table) -> None:
    export = table(_EVERYTHING)
    file = export.build(export.pipeline("parquet"))
    with duckdb.connect(str(export.database), read_only=True) as connection:
        read = f"SELECT * FROM read_parquet('{file.path}')"
        for missing in (f"FROM t EXCEPT ALL {read}", f"{read} EXCEPT ALL FROM t"):
            assert connection.execute(f"SELECT count(*) FROM ({missing})").fetchall() == [(0,)]
        types = [(row[0], row[1]) for row in connection.execute("DESCRIBE t").fetchall()]
        back = [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {read}").fetchall()]
    assert [(name, "VARCHAR" if "ENUM" in kind else kind) for name, kind in types] == back
    assert file.rows == 1000


def test_the_schema_is_the_same_whatever_the_rows(table: Table) -> None:
    export = table(_EVERYTHING)

    def schema(where: str) -> str:
        path = export.build(export.pipeline("parquet", keys={"where": where})).path
        return str(pq.ParquetFile(path).schema).partition("\n")[2]

    assert schema("id < 10") == schema("false")
    assert "required int64" not in schema("id < 10")


def test_pyarrow_reads_every_column(table: Table) -> None:
    export = table(_EVERYTHING)
    read = pq.read_table(export.build(export.pipeline("parquet")).path)
    assert read.num_rows == 1000
    assert read["d"][3].as_py() == Decimal("4.5000")
    assert read["b"][999].as_py() == 999 * 9007199254740993
    assert str(read.schema.field("ts").type) == "timestamp[us]"
    assert str(read.schema.field("tz").type) == "timestamp[us, tz=UTC]"
    assert read["st"][1].as_py() == {"a": 1, "b": {"c": "x"}}


@pytest.mark.parametrize(
    ("value", "type_", "read"),
    [
        ("12345678901234567890123::HUGEINT", "DECIMAL(38,0)", Decimal("12345678901234567890123")),
        ("[1::HUGEINT]", "DECIMAL(38,0)[]", [Decimal(1)]),
        ("{'a': 1::HUGEINT}", "STRUCT(a DECIMAL(38,0))", {"a": Decimal(1)}),
        ("INTERVAL '1 day 0.123456 seconds'", "VARCHAR", "1 day 00:00:00.123456"),
        ("TIMETZ '12:00:01+02'", "VARCHAR", "12:00:01+02:00"),
        ("'0101'::BIT", "VARCHAR", "0101"),
        ("union_value(n := 2.50)", "VARCHAR", "2.50"),
        ("{'a': [1]}::VARIANT", "VARCHAR", '{"a":[1]}'),
        ("row(1, 'x')", "VARCHAR", '[1,"x"]'),
        ("[1.5, 2]::DOUBLE[2]", "DOUBLE[]", [1.5, 2.0]),
        ("NULL", "VARCHAR", None),
    ],
)
def test_what_parquet_would_lose_is_kept(
    table: Table, value: str, type_: str, read: object
) -> None:
    export = table(f"SELECT {value} AS v UNION ALL SELECT NULL")
    path = export.build(export.pipeline("parquet")).path
    rows = query(f"SELECT typeof(v), v FROM read_parquet('{path}')")
    assert rows == [(type_, read), (type_, None)]
    assert pq.read_table(path).num_rows == 2


def test_a_table_without_rows_has_its_schema(table: Table) -> None:
    export = table('SELECT 1 AS a, \'x\' AS "b ""c""", [1] AS l WHERE false')
    read = pq.read_table(export.build(export.pipeline("parquet")).path)
    assert read.num_rows == 0
    assert read.column_names == ["a", 'b "c"', "l"]


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none"])
def test_codec_and_row_groups_are_as_asked(table: Table, codec: str) -> None:
    export = table("SELECT i FROM range(10000) r(i)")
    file = export.build(export.pipeline("parquet", codec=codec, row_group_rows=4096))
    meta = pq.ParquetFile(file.path).metadata
    assert [meta.row_group(n).num_rows for n in range(meta.num_row_groups)] == [4096, 4096, 1808]
    expected = "UNCOMPRESSED" if codec == "none" else codec.upper()
    assert meta.row_group(0).column(0).compression == expected


def test_all_values_are_texts_where_asked_for(table: Table) -> None:
    export = table("SELECT 1 a, TIMESTAMP '2024-01-01' b, [1] c, NULL d")
    read = pq.read_table(export.build(export.pipeline("parquet", as_string=True)).path)
    assert read.to_pylist() == [{"a": "1", "b": "2024-01-01T00:00:00", "c": "[1]", "d": None}]


def test_timestamps_take_the_form_of_fourteen_digits(table: Table) -> None:
    export = table("SELECT TIMESTAMPTZ '2024-02-29 12:34:56+02' a, 1 b")
    read = pq.read_table(export.build(export.pipeline("parquet", ts_format="clevertap")).path)
    assert read.to_pylist() == [{"a": "20240229103456", "b": 1}]


def test_a_row_group_of_no_rows_is_a_configuration_error(table: Table) -> None:
    with pytest.raises(ConfigurationInvalid, match="1 or more"):
        table("SELECT 1 AS a").pipeline("parquet", row_group_rows=0)


@pytest.mark.parametrize("columns", [1, 1600])
@pytest.mark.parametrize("rows", [0, 3])
def test_the_writer_is_named_without_the_engines_version(
    table: Table, columns: int, rows: int
) -> None:
    # Values of that name stay what they are.
    listed = ", ".join(f"'DuckDB version ' || i AS c{n}" for n in range(columns))
    export = table(f"SELECT {listed} FROM range({rows}) r(i)")
    path = export.build(export.pipeline("parquet")).path
    meta = pq.ParquetFile(path).metadata
    assert meta.created_by == "profexd version 1.0.0 (build 1)"
    assert path.read_bytes().count(duckdb.__version__.encode()) == 0
    values = [f"DuckDB version {i}" for i in range(rows)]
    assert pq.read_table(path).to_pydict() == {f"c{n}": values for n in range(columns)}
    assert query(f"SELECT count(c0) FROM read_parquet('{path}')") == [(rows,)]


def test_a_footer_that_comes_in_many_writes_is_tagged(table: Table) -> None:
    export = table("SELECT repeat(md5(i::VARCHAR), 20) AS t FROM range(30000) r(i)")
    path = export.build(export.pipeline("parquet", codec="none", row_group_rows=2048)).path
    meta = pq.ParquetFile(path).metadata
    assert (meta.num_rows, meta.created_by) == (30000, "profexd version 1.0.0 (build 1)")
    read = query(f"SELECT count(DISTINCT t), min(length(t)) FROM read_parquet('{path}')")
    assert read == [(30000, 640)]
