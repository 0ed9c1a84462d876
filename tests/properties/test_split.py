"""Split files: whatever a table holds, its parts together hold every row, in order, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import (
    reading_csv,
    reading_excel,
    reading_json,
    reading_parquet,
    reading_xml,
)
from tests.properties.exports import exporting
from tests.properties.settings import examples
from tests.properties.tables import Table, tables
from tests.split.splitting import parts, pipeline

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)

FORMATS: dict[str, tuple[dict[str, Any], Callable[[Table, Path, dict[str, Any]], None]]] = {
    "csv": ({}, reading_csv.check),
    "json": ({}, reading_json.check),
    "parquet": ({}, reading_parquet.check),
    "xml": ({}, reading_xml.check),
    "excel": ({"sheet": "S"}, reading_excel.check),
}


@pytest.mark.parametrize("format_", FORMATS)
@given(tables(), st.integers(1, 4))
@examples(8)
def test_the_parts_of_any_table_read_back(format_: str, table: Table, rows: int) -> None:
    options, check = FORMATS[format_]
    with exporting(table) as export:
        split = {"max_rows": rows}
        built = parts(export, pipeline(export, format_, split, key=None, **options))
        assert [part.file.rows for part in built] == [
            len(table.rows[start : start + rows])
            for start in range(0, max(len(table.rows), 1), rows)
        ]
        for number, part in enumerate(built):
            some = table.rows[number * rows : (number + 1) * rows]
            check(Table(table.columns, some), part.file.path, options)
