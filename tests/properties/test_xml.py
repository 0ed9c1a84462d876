"""XML: whatever a table holds, lxml finds each value; what XML cannot carry is counted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT, named
from tests.properties.reading_xml import check, lost
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={"layout": st.sampled_from(["clevertap", "flat"]), "indent": st.booleans()},
)


@given(tables(), OPTIONS)
@examples(25)
def test_any_table_reads_back_under_any_options(table: Table, options: dict[str, Any]) -> None:
    with exporting(table) as export:
        check(table, export.build(export.pipeline("xml", **options)).path, options)


@pytest.mark.parametrize("layout", ["clevertap", "flat"])
def test_the_ends_of_every_type_are_written_to_the_last_digit(layout: str) -> None:
    table = edges(FLAT)
    with exporting(table) as export:
        check(table, export.build(export.pipeline("xml", layout=layout)).path, {"layout": layout})


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
@examples(15)
def test_what_xml_cannot_carry_is_counted(texts: list[str]) -> None:
    table = Table((("t", named("VARCHAR")),), tuple((text,) for text in texts))
    with exporting(table) as export:
        check(table, export.build(export.pipeline("xml")).path, {})
        counted = sum(int(re.findall(r"[0-9]+", warning)[0]) for warning in export.warnings)
        assert counted == sum(map(lost, texts))
