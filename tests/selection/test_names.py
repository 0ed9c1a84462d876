"""Names are nothing but names: whatever the source, or the configuration, calls a column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from profexd.api.sql import identifier
from tests.formats.exporting import Export
from tests.selection.choosing import Series, condition, ids

Table = Callable[[str], Export]

_ODD = [
    '"; DROP TABLE t; --',
    "'; DROP TABLE t; --",
    'a"b',
    "a'b",
    "a.b",
    "line\nbreak",
    "select",
    "profexd_source",
    "x) FROM t --",
    "/* x",
    "$1",
    "getvariable('profexd_0')",
    "  space ",
    "ünï 🦆",
]


@pytest.mark.parametrize("name", _ODD)
def test_a_column_may_have_any_name(table: Table, name: str) -> None:
    export = table(f"SELECT 1 AS id, 'x' AS {identifier(name)} UNION ALL SELECT 2, 'y'")
    series = Series(export, {"key": "id", "system": [name], "preferences": {name: name}})
    some = {"conditions": [condition(name, "is", "x")]}
    assert series.rows(filter=some)[1:] == [["1", "x"]]
    for keys in (
        {"identity": {"columns": [name]}, "columns": {"properties": ["id"]}},
        {"columns": {"properties": ["id"], "preferences": [name]}},
        {"columns": {"properties": ["id"], "rename": {"id": name}}, "order_by": [f"-{name}"]},
        {"columns": {"properties": "all", "exclude": [name]}},
    ):
        assert len(Series(export, series.roles).rows(**keys)) == 3
    assert len(series.rows()) == 3
    assert table_is_there(export)


@pytest.mark.parametrize("name", [*_ODD, "a\0b"])
def test_a_header_may_be_any_text(table: Table, name: str) -> None:
    export = table("SELECT 1 AS id, 'x' AS name, 't' AS token")
    series = Series(export, {"key": "id", "device": {name: "token"}})
    text = series.run("csv", columns={"properties": ["name"], "rename": {"name": name}})
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == ["device", name]
    assert row[1] == "x"
    assert table_is_there(export)


@pytest.mark.parametrize("name", ["a\0b", "\0"])
def test_a_column_with_nul_is_none_of_the_source(table: Table, name: str) -> None:
    export = table("SELECT 1 AS id, 'x' AS name")
    for keys in (
        {"columns": {"properties": [name]}},
        {"filter": {"conditions": [condition(name, "exists")]}},
        {"order_by": [name]},
        {"identity": {"columns": [name]}},
    ):
        with pytest.raises(ConfigurationInvalid):
            Series(export).run(**keys)
    for device in ({"token": name}, [name], name):
        with pytest.raises(ConfigurationInvalid):
            Series(export, {"device": device}).run(columns={"properties": ["id"]})


def test_members_of_a_struct_may_have_any_name(table: Table) -> None:
    odd = '"; DROP TABLE t; --'
    export = table(f"SELECT 1 AS id, struct_pack({identifier(odd)} := 5) AS s")
    assert ids(export, filter={"conditions": [condition(f"s.{odd}", "is", 5)]}) == [1]
    assert table_is_there(export)


def test_a_state_with_odd_names_leads_nowhere_else(table: Table, tmp_path: Path) -> None:
    odd = '"; DROP TABLE t; --'
    export = table(f"SELECT 1 AS id, struct_pack({identifier(odd)} := 5) AS {identifier(odd)}")
    series = Series(export)
    series.run()
    series.change(f"ALTER TABLE t DROP COLUMN {identifier(odd)}")
    assert series.rows() == [["id", odd], ["1", ""]]
    assert table_is_there(export)


def table_is_there(export: Export) -> Any:
    import duckdb

    with duckdb.connect(str(export.database), read_only=True) as connection:
        return connection.execute("SELECT count(*) FROM t").fetchone()
