"""Filters: every operator on every type selects the rows that SQL's rules give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from profexd.export.selection.filter import OPERATORS
from tests.formats.exporting import Export
from tests.selection.choosing import condition, ids
from tests.selection.everything import CASES, COLUMNS, but

Ask = Callable[..., list[int]]


def selects(export: Export | Ask, match: str, *conditions: Any, **keys: Any) -> list[int]:
    keys["filter"] = {"match": match, "conditions": list(conditions)}
    return ids(export, **keys) if isinstance(export, Export) else export(**keys)


@pytest.mark.parametrize(
    ("property_", "operator", "values", "expected"),
    CASES,
    ids=[f"{one[0]} {one[1]} {one[2]}" for one in CASES],
)
def test_an_operator_selects(
    ask: Ask, property_: str, operator: str, values: list[Any], expected: list[int]
) -> None:
    assert selects(ask, "all", condition(property_, operator, *values)) == expected


def test_every_operator_and_every_type_has_cases() -> None:
    assert {operator for _, operator, _, _ in CASES} == set(OPERATORS)
    assert {property_.split(".")[0].lower() for property_, _, _, _ in CASES} == set(COLUMNS)


def test_groups_nest_and_null_satisfies_none_of_them(ask: Ask) -> None:
    not_ten = condition("whole", "is not", 10)
    not_ada = condition("name", "is not one of", "Ada", "ada")
    assert selects(ask, "all", not_ten, not_ada) == [3, 4, 7]
    assert selects(ask, "any", not_ten, not_ada) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    no_tag = condition("tags", "does not contain", "zzz")
    outside = condition("born", "is not between", "2000-01-01", "2000-01-02")
    assert selects(ask, "any", {"all": [no_tag, outside]}) == but(5, 10)
    assert selects(ask, "all", {"any": [no_tag, outside]}) == but(5)
    deep = {
        "any": [{"all": [condition("id", "is", 1), {"any": [not_ten]}]}, condition("id", "is", 9)]
    }
    assert selects(ask, "all", deep) == [1, 9]


def test_no_condition_lets_every_row_pass(ask: Ask) -> None:
    assert selects(ask, "all") == but()


def test_where_and_the_filter_must_both_hold(ask: Ask) -> None:
    some = condition("id", "is less than", 5)
    assert selects(ask, "any", some, where="id > 2 OR id = 1") == [1, 3, 4]


def test_text_is_compared_byte_by_byte_whatever_the_collation(table: Any) -> None:
    export = table("SELECT 1 AS id")
    import duckdb

    with duckdb.connect(str(export.database)) as connection:
        connection.execute("DROP TABLE t")
        connection.execute("CREATE TABLE t (id INTEGER, name VARCHAR COLLATE NOCASE.NOACCENT)")
        connection.execute("INSERT INTO t VALUES (1, 'Zoë'), (2, 'zoe'), (3, 'ZOE'), (4, NULL)")
    for operator, value, expected in [
        ("is", "zoe", [2]),
        ("is not", "zoe", [1, 3]),
        ("is less than", "Zoë", [3]),
        ("contains", "o", [1, 2]),
        ("starts with", "z", [2]),
        ("ends with", "E", [3]),
    ]:
        assert selects(export, "all", condition("name", operator, value)) == expected, operator
    assert selects(export, "all", condition("name", "is one of", "zoe", "ZOE")) == [2, 3]
    assert selects(export, "all", condition("name", "is between", "Z", "Zz")) == [1, 3]


def test_days_begin_in_the_zone_of_the_pipeline(table: Any) -> None:
    # The run's instant is 2026-01-01 00:00 UTC: 31 December in New York.
    export = table(
        "SELECT 1 AS id, DATE '2025-12-31' AS day, TIMESTAMPTZ '2025-12-31 05:00:00Z' AS seen"
        " UNION ALL SELECT 2, DATE '2026-01-01', TIMESTAMPTZ '2025-12-31 04:59:59Z'"
    )
    zone = {"timezone": "America/New_York"}
    assert selects(export, "all", condition("day", "is", "today"), **zone) == [1]
    assert selects(export, "all", condition("seen", "is on or after", "today"), **zone) == [1]
    assert selects(export, "all", condition("seen", "is on or after", "2025-12-31"), **zone) == [1]
    assert selects(export, "all", condition("seen", "is before", "now - 19h"), **zone) == [2]
    assert selects(export, "all", condition("day", "is", "today")) == [2]


def test_a_column_that_is_not_exported_can_be_filtered_by(ten_rows: Export) -> None:
    some = {"conditions": [condition("name", "is", "Ada")]}
    columns = {"properties": ["id"]}
    assert ids(ten_rows, filter=some, columns=columns, order_by="born") == [1]


def test_many_values_can_be_told(ask: Ask) -> None:
    values = ["Ada", "'", *(f"nobody {number}" for number in range(5_000))]
    assert selects(ask, "all", condition("name", "is one of", *values)) == [1]
    assert selects(ask, "all", condition("name", "is not one of", *values)) == but(1, 5)
    either = {"any": [condition("name", "is one of", *values), condition("id", "is", 5)]}
    assert selects(ask, "all", either) == [1, 5]
    numbers = [1.5, 0.1, *range(100)]
    assert selects(ask, "all", condition("money", "is one of", *numbers)) == [1, 6, 8]
    assert selects(ask, "all", condition("money", "is not one of", *numbers)) == [2, 3, 4, 7, 10]
    days = ["2024-02-29", *(f"2025-01-{day:02}" for day in range(1, 31)), "today"] * 2
    assert selects(ask, "all", condition("born", "is one of", *days)) == [2, 7]


@pytest.mark.parametrize("text", ["'", '"', "\\", "\0", "\n", "--", "'; DROP TABLE t; --", "é\0x"])
def test_a_value_is_nothing_but_text(table: Any, text: str) -> None:
    import duckdb

    export = table("SELECT 1 AS id, 'x' AS name")
    with duckdb.connect(str(export.database)) as connection:
        connection.execute("INSERT INTO t VALUES (2, ?), (3, ?)", [text, f"a{text}b"])
    assert selects(export, "all", condition("name", "is", text)) == [2]
    assert selects(export, "all", condition("name", "contains", text)) == [2, 3]
    assert selects(export, "all", condition("name", "is one of", text, "nobody")) == [2]
    assert selects(export, "all", condition("name", "is not", text)) == [1, 3]


@pytest.mark.parametrize("format_", ["csv", "json", "xml", "excel", "parquet"])
def test_every_way_out_of_the_engine_knows_the_values(ten_rows: Export, format_: str) -> None:
    keys = {"filter": {"conditions": [condition("name", "is", "Ada")]}}
    keys["columns"] = {"properties": ["id", "name"]}
    options = {"sheet": "s"} if format_ == "excel" else {}
    for more in ({}, {"split": {"max_rows": 1}}):
        built = ten_rows.build(ten_rows.pipeline(format_, keys={**keys, **more}, **options))
        assert built.rows == 1


def test_all_that_is_wrong_is_told_at_once(ask: Ask) -> None:
    conditions = [
        condition("nmae", "is", "Ada"),
        condition("born", "is less than", 3),
        condition("address.cty", "exists"),
        {"any": [condition("born", "is", "2023-02-29"), condition("whole", "is", "many")]},
    ]
    with pytest.raises(ConfigurationInvalid) as raised:
        selects(ask, "all", *conditions)
    for words in (
        'pipelines/test.toml: filter.conditions[0].property: the source has no column "nmae"',
        'filter.conditions[1].operator: "is less than" does not go with born, which is DATE',
        'filter.conditions[2].property: the source has no column "address.cty"',
        'filter.conditions[3].any[0].value: "2023-02-29" does not exist',
        'filter.conditions[3].any[1].value: "many" is not a number: whole is INTEGER',
    ):
        assert words in raised.value.message
    assert 'did you mean "name"?' in raised.value.hint
