"""The pinned order: whatever the source does, a column never moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export
from tests.selection.choosing import Series

Table = Callable[[str], Export]

_ALL: dict[str, Any] = {"columns": {"properties": "all"}}


@pytest.fixture
def series(table: Table) -> Series:
    return Series(table("SELECT 1 AS id, 'x' AS name, 2.5 AS score"), {"key": "id"})


@pytest.mark.parametrize("keys", [{}, _ALL, {"columns": {"schema": "lock"}}])
def test_a_source_in_another_order_gives_the_same_header(
    series: Series, keys: dict[str, Any]
) -> None:
    assert series.rows(**keys) == [["id", "name", "score"], ["1", "x", "2.5"]]
    series.change("CREATE OR REPLACE TABLE t AS SELECT score, name, id FROM t")
    assert series.rows(**keys) == [["id", "name", "score"], ["1", "x", "2.5"]]
    assert series.warnings == []


def test_a_new_column_comes_last_for_good(series: Series) -> None:
    series.run(**_ALL)
    series.change("CREATE OR REPLACE TABLE t AS SELECT 'new' AS a, * FROM t")
    assert series.header(**_ALL) == ["id", "name", "score", "a"]
    series.change("CREATE OR REPLACE TABLE t AS SELECT 0 AS b, * FROM t")
    assert series.header(**_ALL) == ["id", "name", "score", "a", "b"]
    assert series.warnings == []


def test_under_lock_a_new_column_stays_out_until_it_is_named(series: Series) -> None:
    lock: dict[str, Any] = {"schema": "lock"}
    series.run(columns=lock)
    series.change("ALTER TABLE t ADD COLUMN a INTEGER")
    assert series.header(columns=lock) == ["id", "name", "score"]
    named = {**lock, "properties": ["id", "name", "score", "a"]}
    assert series.header(columns=named) == ["id", "name", "score", "a"]
    [warning] = series.warnings
    assert "it was id, name, score; it is id, name, score, a" in warning


@pytest.mark.parametrize("keys", [{}, _ALL, {"columns": {"properties": ["id", "name", "score"]}}])
def test_a_column_that_has_gone_stays_blank(series: Series, keys: dict[str, Any]) -> None:
    series.run(**keys)
    series.change("ALTER TABLE t DROP COLUMN name")
    for _ in range(2):
        assert series.rows(**keys) == [["id", "name", "score"], ["1", "", "2.5"]]
        [warning] = series.warnings
        assert 'no longer has the column "name"' in warning
    series.change("ALTER TABLE t ADD COLUMN name VARCHAR DEFAULT 'back'")
    assert series.rows(**keys)[1] == ["1", "back", "2.5"]


def test_a_column_that_has_gone_keeps_its_type(series: Series) -> None:
    series.change("ALTER TABLE t ADD COLUMN tags ENUM('a', 'b''\"c')[]")
    series.run()
    series.change("ALTER TABLE t DROP COLUMN tags")
    series.run()
    assert series.state["columns"]["columns"][3]["type"] == "ENUM('a', 'b''\"c')[]"


def test_roles_and_identities_that_have_gone_stay_blank(table: Table) -> None:
    series = Series(
        table("SELECT 1 AS id, 'a' AS email, 'p' AS phone, 't' AS token, true AS push, 'c' AS ct"),
        {
            "key": "id",
            "id": "ct",
            "device": {"token": "token"},
            "preferences": {"MSG-push": "push"},
            "identities": ["email", "phone"],
        },
    )
    keys: dict[str, Any] = {
        "identity": {"columns": ["email", "phone"], "id": True, "all_identities": True},
        "columns": {"preferences": ["MSG-push"], "exclude": ["phone"]},
    }
    header, row = series.rows(**keys)
    for column in ("email", "token", "push", "ct"):
        series.change(f"ALTER TABLE t DROP COLUMN {column}")
    assert series.rows(**keys) == [header, ["p", '["p"]', "", "", "", "1", ""]]
    assert row == ["a", '["a","p"]', "c", '{"token":"t"}', "true", "1", "a"]
    assert len(series.warnings) == 4


def test_what_is_not_delivered_pins_nothing(series: Series) -> None:
    series.run(deliver=False)
    assert series.state == {}
    series.change("CREATE OR REPLACE TABLE t AS SELECT score, name, id FROM t")
    assert series.header() == ["score", "name", "id"]


def test_editing_pins_anew_and_shows_both_headers(series: Series) -> None:
    series.run(**_ALL)
    edited = {"columns": {"properties": ["score", "id"]}}
    for _ in range(2):
        # Not delivered: the warning comes again.
        assert series.rows(**edited, deliver=False)[0] == ["score", "id"]
        [warning] = series.warnings
        assert "it was id, name, score; it is score, id" in warning
    series.run(**edited)
    assert series.header(**edited) == ["score", "id"]
    assert series.warnings == []


def test_a_filter_or_an_order_by_what_has_gone_fails_the_run(series: Series) -> None:
    keys = {"filter": {"conditions": [{"property": "name", "operator": "exists"}]}}
    series.run(**keys)
    series.change("ALTER TABLE t DROP COLUMN name")
    with pytest.raises(ConfigurationInvalid, match=r"filter\.conditions\[0\]\.property"):
        series.run(**keys)
    with pytest.raises(ConfigurationInvalid, match=r"order_by\[0\]"):
        series.run(order_by="name")
