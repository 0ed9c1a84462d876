"""A key that is not one: the run says which column and which value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from profexd.api.errors import SourceInvalid
from tests.formats.exporting import Export
from tests.selection.choosing import Series

Table = Callable[[str], Export]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            "'a'",
            r'source warehouse: profiles\.key: "a" is the key of 2 rows: the column is "pid"',
        ),
        ("NULL", r'profiles\.key: the key is NULL in 1 row: the column is "pid"'),
    ],
)
def test_a_key_that_is_not_unique_or_null_fails_the_run(
    table: Table, second: str, message: str
) -> None:
    export = table(f"SELECT * FROM (VALUES ('a', 1), ({second}, 2), ('c', 3)) v(pid, n)")
    series = Series(export, {"key": "pid"})
    with pytest.raises(SourceInvalid, match=message):
        series.run()
    assert series.rows(where="n <> 2") == [["pid", "n"], ["a", "1"], ["c", "3"]]


def test_of_events_many_may_be_of_one_profile(table: Table) -> None:
    export = table("SELECT * FROM (VALUES ('a', 1), ('a', 2)) v(pid, n)")
    source = {"table": "t", "kind": "events", "profiles": {"key": "pid"}}
    assert export.build(export.pipeline("csv", source=source)).rows == 2
