"""JSON: whatever a table holds, readers find each value as the reference says, to the digit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT
from tests.properties.reading_json import check
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "layout": st.sampled_from(["records", "array", "lines"]),
        "indent": st.booleans(),
        "ascii": st.booleans(),
        "special_floats": st.booleans(),
        "nulls": st.sampled_from(["omit", "write"]),
        "bigints": st.sampled_from(["number", "string"]),
        "as_string": st.booleans(),
    },
).filter(lambda options: not (options.get("indent") and options.get("layout") == "lines"))


@given(tables(), OPTIONS)
@examples(40)
def test_any_table_reads_back_under_any_options(table: Table, options: dict[str, Any]) -> None:
    with exporting(table) as export:
        check(table, export.build(export.pipeline("json", **options)).path, options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"special_floats": True, "bigints": "string", "nulls": "write", "ascii": True},
        {"as_string": True, "layout": "array", "indent": True},
    ],
    ids=["default", "all", "as_string"],
)
def test_the_ends_of_every_type_are_written_to_the_last_digit(options: dict[str, Any]) -> None:
    table = edges(FLAT)
    with exporting(table) as export:
        check(table, export.build(export.pipeline("json", **options)).path, options)
        assert export.warnings == []
