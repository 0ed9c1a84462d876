"""Excel: whatever a table holds, openpyxl and calamine find each value, typed, never a formula."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT
from tests.properties.reading_excel import check
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)


@given(tables())
@examples(25)
def test_any_table_reads_back(table: Table) -> None:
    with exporting(table) as export:
        check(table, export.build(export.pipeline("excel", sheet="S")).path, {})


def test_the_ends_of_every_type_are_written_to_the_last_digit() -> None:
    table = edges(FLAT)
    with exporting(table) as export:
        check(table, export.build(export.pipeline("excel", sheet="S")).path, {})
