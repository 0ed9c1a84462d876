"""CSV: whatever a table holds, readers find each value as the reference says."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT, named
from tests.properties.readers import csv_records
from tests.properties.reading_csv import by_duckdb, by_polars, by_pyarrow, check
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

csv.field_size_limit(sys.maxsize)
# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "separator": st.sampled_from(
            [",", ";", "\t", "|", "\u00a7", "a", " ", "'", "\\", "^", "]"]
        ),
        "crlf": st.booleans(),
        "header": st.booleans(),
        "quote": st.sampled_from(["minimal", "all", "strings"]),
        "null": st.sampled_from(["", "NULL", "\\N", "-", "0", "true"]),
        "as_string": st.booleans(),
    },
)


@given(tables(), OPTIONS)
@examples(50)
def test_any_table_reads_back_under_any_options(table: Table, options: dict[str, Any]) -> None:
    if options.get("separator", ",") in options.get("null", ""):
        options = {**options, "null": ""}
    with exporting(table) as export:
        check(table, export.build(export.pipeline("csv", **options)).path, options)


@pytest.mark.parametrize("quote", ["minimal", "all", "strings"])
def test_the_ends_of_every_type_are_written_to_the_last_digit(quote: str) -> None:
    table = edges(FLAT)
    with exporting(table) as export:
        check(table, export.build(export.pipeline("csv", quote=quote)).path, {"quote": quote})
        assert export.warnings == []


@given(tables())
@examples(25)
def test_other_readers_find_the_same_texts(table: Table) -> None:
    # A first column that is never NULL: readers differ on what an empty line is.
    counted = Table(
        (("#", named("INTEGER")), *table.columns),
        tuple((n, *row) for n, row in enumerate(table.rows)),
    )
    with exporting(counted) as export:
        file = export.build(export.pipeline("csv")).path
        text = file.read_bytes().decode()
        records = csv_records(text)[1:]
        texts = [[cell.text for cell in record] for record in records]
        values = [
            [cell.text if cell.text or cell.quoted else None for cell in record]
            for record in records
        ]

        assert list(csv.reader(io.StringIO(text, newline=""))) == [counted.names, *texts]
        assert by_duckdb(file, len(counted.names)) == values
        assert by_polars(file) == values
        assert by_pyarrow(file, len(counted.names)) == [counted.names, *values]
