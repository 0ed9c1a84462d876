"""Tools that write whole columns: DuckDB's COPY, polars, pyarrow, ClickHouse (chdb)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.inputs import Inputs
from profexd.api import literal

Writer = Callable[[Path], None]


def way(case: Case, inputs: Inputs) -> Writer:
    """Return what writes the file of ``case`` into a folder."""
    if case.way == "duckdb":
        return _duckdb(case, inputs)
    if case.way == "pyarrow":
        # It has no way to write nested values into CSV.
        return _pyarrow(case, inputs.flat if case.format == "csv" else inputs.nested)
    return (_polars if case.way == "polars" else _clickhouse)(case, inputs.nested)


def _duckdb(case: Case, inputs: Inputs) -> Writer:
    import duckdb

    options = f"FORMAT {case.format}"
    if case.format == "parquet" or case.compression != "none":
        codec = "uncompressed" if case.compression == "none" else case.compression
        options += f", COMPRESSION {codec}"

    def write(folder: Path) -> None:
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET TimeZone = 'UTC'")
            # The limit that profexd has.
            connection.execute("SET memory_limit = '1GB'")
            connection.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
            connection.execute(f"ATTACH {literal(str(inputs.database))} AS w (READ_ONLY)")
            connection.execute(f"COPY w.profiles TO {literal(str(folder / 'out'))} ({options})")

    return write


def _polars(case: Case, source: Path) -> Writer:
    import polars

    codec: Any = "uncompressed" if case.compression == "none" else case.compression

    def write(folder: Path) -> None:
        rows = polars.scan_parquet(source)
        out = folder / "out"
        if case.format == "csv":
            tags = polars.struct("tags").struct.json_encode().str.slice(len('{"tags":'))
            groups = polars.struct("groups").struct.json_encode().str.slice(len('{"groups":'))
            rows = rows.with_columns(
                # It encodes structs alone: the wrapping is cut off again.
                tags=tags.str.head(-1),
                groups=groups.str.head(-1),
                address=polars.col("address").struct.json_encode(),
            )
            rows.sink_csv(out, compression=codec, check_extension=False)
        elif case.format == "json":
            rows.sink_ndjson(out, compression=codec, check_extension=False)
        else:
            rows.sink_parquet(out, compression=codec)

    return write


def _pyarrow(case: Case, source: Path) -> Writer:
    import pyarrow
    from pyarrow import csv, parquet

    def write(folder: Path) -> None:
        rows = parquet.ParquetFile(source)
        writer: Any
        if case.format == "parquet":
            writer = partial(parquet.ParquetWriter, compression=case.compression.upper())
            out: Any = folder / "out"
        else:
            writer = csv.CSVWriter
            out = pyarrow.OSFile(str(folder / "out"), "wb")
            if case.compression != "none":
                out = pyarrow.CompressedOutputStream(out, case.compression)
        with writer(out, rows.schema_arrow) as file:
            for batch in rows.iter_batches(65_536):
                file.write_batch(batch)
        if case.format != "parquet":
            out.close()

    return write


def _clickhouse(case: Case, source: Path) -> Writer:
    import chdb

    query: Any = chdb.query
    names = {"csv": "CSVWithNames", "json": "JSONEachRow", "parquet": "Parquet", "xml": "XML"}

    def write(folder: Path) -> None:
        compressed = settings = nested = ""
        if case.format in ("csv", "xml"):
            columns = ("tags", "address", "groups")
            texts = ", ".join(f"toJSONString({name}) AS {name}" for name in columns)
            nested = f" REPLACE ({texts})"
        if case.format == "parquet":
            settings = f" SETTINGS output_format_parquet_compression_method = '{case.compression}'"
        elif case.compression != "none":
            compressed = f" COMPRESSION '{case.compression}'"
        query(
            f"SELECT *{nested} FROM file({literal(str(source))}, Parquet)"
            f" INTO OUTFILE {literal(str(folder / 'out'))}{compressed}"
            f" FORMAT {names[case.format]}{settings}"
        )

    return write
