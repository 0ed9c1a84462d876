"""Parquet: whatever a table holds, readers find each value with its type, bit by bit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.exports import exporting
from tests.properties.kinds import FLAT, Kind
from tests.properties.reading_parquet import check
from tests.properties.settings import examples
from tests.properties.tables import Table, edges, tables

# Many builds in one test: more time than one behaviour needs.
pytestmark = pytest.mark.timeout(600)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "codec": st.sampled_from(["zstd", "snappy", "gzip", "none"]),
        "row_group_rows": st.sampled_from([1, 2, 122_880]),
    },
)

TOO_LONG = {
    sql: [f"column 0 {sql}: {count} of more than the 38 digits that Parquet holds became NULL"]
    for sql, count in (("HUGEINT", "2 integers"), ("UHUGEINT", "1 integer"))
}


@given(tables(), OPTIONS)
@examples(40)
def test_pyarrow_reads_back_any_table(table: Table, options: dict[str, Any]) -> None:
    with exporting(table) as export:
        check(table, export.build(export.pipeline("parquet", **options)).path, {})


@pytest.mark.parametrize("kind", FLAT, ids=repr)
def test_the_ends_of_every_type_are_kept_to_the_last_bit(kind: Kind) -> None:
    table = edges([kind])
    with exporting(table) as export:
        check(table, export.build(export.pipeline("parquet")).path, {})
        assert export.warnings == TOO_LONG.get(kind.sql, [])


def test_integers_too_long_for_parquet_are_counted_at_every_depth() -> None:
    huge = "(-170141183460469231731687303715884105728)::HUGEINT"
    with exporting(
        f"SELECT [{huge}, 1, NULL] AS l, {{'a': {huge}, 'b': [[{huge}]]}} AS s,"
        f" MAP {{'k': {huge}}} AS m, {huge} AS h"
        " UNION ALL SELECT NULL, NULL, NULL, 1"
    ) as export:
        read = pq.read_table(export.build(export.pipeline("parquet")).path).to_pylist()
        assert read == [
            {
                "l": [None, Decimal(1), None],
                "s": {"a": None, "b": [[None]]},
                "m": f'{{"k":{-(2**127)}}}',
                "h": None,
            },
            {"l": None, "s": None, "m": None, "h": Decimal(1)},
        ]
        assert export.warnings == [
            f"column {name}: {count} of more than the 38 digits that Parquet holds became NULL"
            for name, count in (("l", "1 integer"), ("s", "2 integers"), ("h", "1 integer"))
        ]
