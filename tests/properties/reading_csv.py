"""What must stand in a CSV file of a table, and what others find there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.csv as pa_csv

from tests.properties.kinds import Kind
from tests.properties.readers import Cell, csv_records
from tests.properties.tables import Table

NO_STRINGS = (
    *("BOOL", "TINY", "SMALL", "INTEGER", "BIG", "HUGE", "U", "DECIMAL", "FLOAT", "DOUBLE"),
    *("DATE", "TIME"),
)


def check(table: Table, file: Path, options: dict[str, Any]) -> None:
    """Read to the letter of RFC 4180, and find every value."""
    null = options.get("null", "")
    separator = options.get("separator", ",")
    records = csv_records(
        file.read_bytes().decode(),
        separator=separator,
        line_end="\r\n" if options.get("crlf") else "\n",
    )
    if options.get("header", True):
        assert [cell.text for cell in records.pop(0)] == table.names
    assert len(records) == len(table.rows)
    for record, row in zip(records, table.rows, strict=True):
        assert len(record) == len(row)
        for cell, value, kind in zip(record, row, table.kinds, strict=True):
            assert says(cell, value, kind, null), (cell, value, kind)
            assert value is None or cell.quoted == _quoted(cell.text, kind, options), (cell, kind)


def _quoted(text: str, kind: Kind, options: dict[str, Any]) -> bool:
    """Whether a value has to stand in quotes."""
    if options.get("quote", "minimal") == "all":
        return True
    if options.get("quote") == "strings" and (options.get("as_string") or _is_string(kind)):
        return True
    special = {options.get("separator", ","), '"', "\r", "\n"}
    return text in ("", options.get("null", "")) or bool(set(text) & special)


def _is_string(kind: Kind) -> bool:
    """Neither number nor boolean nor time."""
    return (
        kind.nested or not kind.sql.startswith(NO_STRINGS) or kind.sql.startswith(("UUID", "UNION"))
    )


def says(cell: Cell, value: Any, kind: Kind, null: str = "") -> bool:
    if value is None:
        return cell == Cell(null, False)
    return kind.says(cell.text, value) and (cell.quoted or cell.text != null)


def by_duckdb(file: Path, columns: int) -> list[list[str | None]]:
    with duckdb.connect() as connection:
        read = connection.execute(
            "SELECT * FROM read_csv(?, header = true, delim = ',', quote = '\"', escape = '\"',"
            " allow_quoted_nulls = false, new_line = '\\n', auto_detect = false, columns = ?)",
            [str(file), {f"c{place}": "VARCHAR" for place in range(columns)}],
        ).fetchall()
    return [list(row) for row in read]


def by_polars(file: Path) -> list[list[str | None]]:
    frame = polars.read_csv(file, infer_schema=False)
    return [list(row) for row in frame.rows()]


def by_pyarrow(file: Path, columns: int) -> list[list[str | None]]:
    names = [str(place) for place in range(columns)]
    read = pa_csv.read_csv(
        file,
        read_options=pa_csv.ReadOptions(column_names=names),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    return [list(row.values()) for row in read.to_pylist()]
