"""where and order_by: what they select, and that they are nothing but that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid, QueryFailed
from tests.formats.exporting import Export

Table = Callable[[str], Export]

_ROWS = """
    SELECT * FROM (VALUES (3, 'b', NULL, {'city': 'Roma', 'geo': {'lat': 2}}),
        (1, 'b', 2, {'city': 'Lyon', 'geo': {'lat': 3}}), (2, NULL, 1, NULL),
        (4, 'a', 2, {'city': 'Bonn', 'geo': {'lat': 1}})) v(id, name, visits, address)
"""


def ids(export: Export, *, key: str | None = "id", **keys: Any) -> list[int]:
    """The ids of the rows in the order of the file."""
    source: dict[str, Any] = {"table": "t"}
    if key is not None:
        source["profiles"] = {"key": key}
    pipeline = export.pipeline("csv", source=source, keys=keys, header=False)
    lines = export.build(pipeline).path.read_text().splitlines()
    return [int(line.partition(",")[0]) for line in lines]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("visits > 1", [1, 4]),
        ("visits > 1 OR name IS NULL", [1, 2, 4]),
        ("name = 'a' -- only these", [4]),
        ("name /* the name */ = 'a'", [4]),
        ("id IN (SELECT max(id) FROM t)", [4]),
        ("address.city = 'Roma'", [3]),
        ("(id = 1) OR (id = 2)", [1, 2]),
        ("name = ')'", []),
        ("name LIKE '%;%' OR id = 3", [3]),
        ("\n  id = 3\n", [3]),
    ],
)
def test_where_is_one_condition(table: Table, where: str, expected: list[int]) -> None:
    assert ids(table(_ROWS), where=where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "1 = 1) OR (1 = 1",
        "id = 1) UNION SELECT * FROM t WHERE (1 = 1",
        "id = 1; DROP TABLE t",
        "id = 1) ORDER BY (id",
        "id = 1 ORDER BY id",
        "id = 1 LIMIT 1",
        "id = 1, id = 2",
        "id = 1 AS x",
        "id = 1 FROM t",
        "DISTINCT id",
        "(SELECT true) LIMIT 1",
        "*",
        "",
        "-- nothing",
        "id = 1 /* open",
        "name = 'open",
        "id = 1 \0",
        "id = 1) x WHERE (SELECT count(*) FROM t) > 0 OR (1 = 1",
    ],
)
def test_where_can_be_nothing_else(table: Table, where: str) -> None:
    export = table(_ROWS)
    with pytest.raises(ConfigurationInvalid, match="where"):
        ids(export, where=where)


@pytest.mark.parametrize(
    "where", ["nope > 1", "count(*) > 1", "$1 > 2", "nofunction(id)", "id > DATE '2024-01-01'"]
)
def test_a_where_that_does_not_fit_the_source_is_a_configuration_error(
    table: Table, where: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match="where"):
        ids(table(_ROWS), where=where)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], [1, 2, 3, 4]),
        (["name"], [4, 1, 3, 2]),
        (["-name"], [1, 3, 4, 2]),
        (["-visits", "name"], [4, 1, 2, 3]),
        (["visits", "-id"], [2, 4, 1, 3]),
        (["address.city"], [4, 1, 3, 2]),
        (["-Address.GEO.lat"], [1, 3, 4, 2]),
        (["-id", "id"], [4, 3, 2, 1]),
    ],
)
def test_the_order_is_total_with_nulls_last(
    table: Table, order_by: list[str], expected: list[int]
) -> None:
    assert ids(table(_ROWS), order_by=order_by) == expected


def test_an_order_is_by_the_value_not_by_its_text(table: Table) -> None:
    export = table(
        "SELECT 1 AS id, [10] AS l, TIMESTAMP '10000-01-01' AS ts"
        " UNION ALL SELECT 2, [9], TIMESTAMP '2000-01-01'"
    )
    assert ids(export, order_by=["l"]) == [2, 1]
    assert ids(export, order_by=["ts"]) == [2, 1]


def test_a_column_whose_name_has_a_dot_is_found_first(table: Table) -> None:
    export = table("SELECT 1 AS id, 2 AS \"a.b\", {'b': 1} AS a UNION ALL SELECT 2, 1, {'b': 2}")
    assert ids(export, order_by=["a.b"]) == [2, 1]


@pytest.mark.parametrize(
    ("name", "near"), [("nam", "name"), ("address.cty", "address.city"), ('na"me', "name")]
)
def test_an_unknown_column_brings_the_nearest(table: Table, name: str, near: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="order_by") as raised:
        ids(table(_ROWS), order_by=[name])
    assert near in raised.value.hint


def test_a_key_that_is_no_column_is_a_configuration_error(table: Table) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"profiles\.key"):
        ids(table(_ROWS), key="profile_id")


def test_a_query_that_fails_halfway_says_why_in_one_line(table: Table) -> None:
    export = table(
        "SELECT CASE WHEN i = 90000 THEN 'x' ELSE i::VARCHAR END AS t FROM range(100000) r(i)"
    )
    for format_ in ("csv", "json", "parquet"):
        folder = export.spool()
        pipeline = export.pipeline(format_, source={"query": "SELECT t::INTEGER AS n FROM t"})
        with pytest.raises(QueryFailed, match="Could not convert string 'x'") as raised:
            export.build(pipeline, folder=folder)
        assert "\n" not in raised.value.message
        assert list(folder.iterdir()) == []
