"""What counts as a change, and what becomes of keys, columns and definitions."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from profexd.api.errors import ConfigurationInvalid, SourceInvalid
from tests.changes.building import Runs

DIFFERENT: dict[str, tuple[str, ...]] = {
    "VARCHAR": ("NULL", "''", "' '", "'a'", "'A'", "chr(0)", "repeat('x', 12)", "repeat('x', 13)"),
    "BOOLEAN": ("NULL", "true", "false"),
    "INTEGER": ("NULL", "0", "1", "-1"),
    "HUGEINT": ("NULL", "0", "18446744073709551616", "36893488147419103232"),
    "DECIMAL(12, 2)": ("NULL", "0", "0.01", "1.10"),
    "DOUBLE": ("NULL", "0", "'-0'", "1", "'nan'", "'inf'"),
    "FLOAT": ("NULL", "0", "'-0'"),
    "DATE": ("NULL", "'1970-01-01'", "'1970-01-02'"),
    "TIMESTAMP": ("NULL", "'1970-01-01'", "'1970-01-01 00:00:00.000001'"),
    "INTERVAL": ("NULL", "'0 days'", "'1 month'", "'30 days'", "'1 day'", "'24 hours'"),
    "ENUM('a', 'b')": ("NULL", "'a'", "'b'"),
    "JSON": ("NULL", "'{}'", """'{"a":1}'""", """'{"a": 1}'"""),
    "INTEGER[]": ("NULL", "[]", "[NULL]", "[NULL, NULL]", "[0]", "[0, 0]", "[1, 2]", "[2, 1]"),
    "VARCHAR[]": ("NULL", "[]", "['']", "['NULL']", "[NULL]", "['a', 'b']", "['a, b']"),
    "DOUBLE[]": ("NULL", "[]", "['0']", "['-0']", "[NULL]"),
    "DOUBLE[2]": ("NULL", "['0', '0']", "['0', '-0']", "[NULL, NULL]"),
    "INTEGER[][]": ("NULL", "[]", "[[]]", "[NULL]", "[[1], [2]]", "[[1, 2]]", "[[1, 2], []]"),
    'STRUCT(a INTEGER, "b\'""c" VARCHAR[])': (
        "NULL",
        "row(NULL, NULL)",
        "row(0, NULL)",
        "row(NULL, [])",
        "row(0, [NULL])",
    ),
    "MAP(VARCHAR, INTEGER)": ("NULL", "MAP {}", "MAP {'a': NULL}", "MAP {'a': 0}"),
    "MAP(VARCHAR, INTEGER[])": ("NULL", "MAP {}", "MAP {'a': NULL}", "MAP {'a': []}"),
    "UNION(n INTEGER, s VARCHAR)": ("NULL", "1", "'1'"),
}


KEYS = (
    "i",
    "i + 1267650600228229401496703205376::HUGEINT",
    "i::DECIMAL(9, 2)",
    "i::DOUBLE / 3",
    "'k' || i",
    "('k' || i)::BLOB",
    "md5(i::VARCHAR)::UUID",
    "DATE '2020-01-01' + i::INTEGER",
    "TIMESTAMPTZ '2020-01-01 00:00:00Z' + to_seconds(i)",
)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    runs = Runs(tmp_path)
    runs.sql(
        "CREATE TABLE t (id VARCHAR, name VARCHAR, visits INTEGER)",
        "INSERT INTO t VALUES ('a', 'Ada', 1), ('b', 'Bob', 2), ('c', NULL, 3)",
    )
    return runs


@pytest.mark.parametrize("type_", DIFFERENT)
def test_every_two_values_that_differ_in_a_file_are_a_change(type_: str, tmp_path: Path) -> None:
    """Each run has the next value in turn for every profile: all must be told, each time."""
    values = DIFFERENT[type_]
    runs = Runs(tmp_path)
    size = len(values)
    listed = ", ".join(f"({n}, ({value})::{type_})" for n, value in enumerate(values))
    runs.sql(f"CREATE TABLE v AS FROM (VALUES {listed}) AS v(n, value)", "CREATE TABLE t (id INT)")
    for turn in range(size):
        runs.sql(
            "CREATE OR REPLACE TABLE t AS SELECT i AS id, value FROM range("
            f"{size}) r(i) JOIN v ON v.n = (i + {turn}) % {size}"
        )
        assert len(runs.ids()) == size
    assert runs.ids() == []


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_any_type_tells_profiles_apart(key: str, tmp_path: Path) -> None:
    runs = Runs(tmp_path, keys={"mode": "changed", "changes": {"deletes": "include"}})
    runs.sql(f"CREATE TABLE t AS SELECT {key} AS id, i AS n FROM range(9) r(i)")
    first = {row["n"]: row["id"] for row in runs.rows()}
    assert len(set(first.values())) == 9
    runs.sql("UPDATE t SET n = 100 WHERE n = 3", "DELETE FROM t WHERE n = 5")
    assert runs.rows() == [{"id": first["3"], "n": "100"}, {"id": first["5"], "n": ""}]


def test_a_column_that_the_file_does_not_have_is_no_change(runs: Runs) -> None:
    runs.keys["columns"] = {"exclude": ["visits"]}
    runs.run()
    runs.sql("UPDATE t SET visits = visits + 1")
    assert runs.ids() == []


def test_a_profile_that_leaves_the_filter_is_removed_and_comes_back_as_added(runs: Runs) -> None:
    runs.keys["filter"] = {
        "conditions": [{"property": "visits", "operator": "is less than", "value": 10}]
    }
    runs.keys["changes"] = {"operation": "op", "deletes": "include"}
    runs.run()
    runs.sql("UPDATE t SET visits = 10 WHERE id = 'a'")
    assert runs.rows() == [{"id": "a", "name": "", "visits": "", "op": "removed"}]
    runs.sql("UPDATE t SET visits = 9 WHERE id = 'a'")
    assert runs.rows() == [{"id": "a", "name": "Ada", "visits": "9", "op": "added"}]


def test_removed_profiles_are_left_out_unless_asked_for(runs: Runs) -> None:
    runs.run()
    runs.sql("DELETE FROM t WHERE id = 'a'")
    assert runs.ids() == []
    assert runs.state["changes"]["rows"] == 2


def test_removed_profiles_get_a_file_of_their_own_where_there_are_any(runs: Runs) -> None:
    runs.keys["changes"] = {"operation": "op", "deletes": "separate-file"}
    assert list(runs.run()) == ["out-1.csv"]
    runs.sql("DELETE FROM t WHERE id = 'a'", "UPDATE t SET visits = 7 WHERE id = 'b'")
    assert runs.run() == {
        "out-2.csv": [{"id": "b", "name": "Bob", "visits": "7", "op": "changed"}],
        "out-2-removed.csv": [{"id": "a", "name": "", "visits": "", "op": "removed"}],
    }
    assert list(runs.run()) == ["out-3.csv"]


def test_a_renamed_key_names_the_removed_profile(runs: Runs) -> None:
    runs.keys["columns"] = {"rename": {"id": "Customer"}}
    runs.keys["changes"] = {"deletes": "include"}
    runs.run()
    runs.sql("DELETE FROM t WHERE id = 'a'")
    assert runs.rows() == [{"Customer": "a", "name": "", "visits": ""}]


def test_removed_profiles_need_the_key_in_the_file(runs: Runs) -> None:
    runs.keys["columns"] = {"exclude": ["id"]}
    runs.keys["changes"] = {"deletes": "include"}
    with pytest.raises(ConfigurationInvalid, match=r"changes\.deletes"):
        runs.run()


def test_the_operation_must_not_be_another_column(runs: Runs) -> None:
    runs.keys["changes"] = {"operation": "NAME"}
    with pytest.raises(ConfigurationInvalid, match=r"changes\.operation"):
        runs.run()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO t VALUES ('b', 'Bob', 2)", r'"b".* 2 rows'),
        ("INSERT INTO t VALUES ('b', 'Bea', 2)", r'"b".* 2 rows'),
        ("INSERT INTO t VALUES ('n', 'New', 1), ('n', 'Nil', 2)", r'"n".* 2 rows'),
        ("INSERT INTO t VALUES (NULL, 'No', 2)", "key.* NULL"),
        # One goes, one is there twice: as many rows as before.
        ("UPDATE t SET id = 'b' WHERE id = 'c'", r'"b".* 2 rows'),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_key_that_is_no_key_is_refused(
    runs: Runs, statement: str, said: str, *, first: bool
) -> None:
    if not first:
        runs.run()
    runs.sql(statement)
    with pytest.raises(SourceInvalid, match=said):
        runs.run()


def test_order_by_holds_among_the_changes(runs: Runs) -> None:
    runs.keys["order_by"] = ["-visits"]
    assert runs.ids() == ["c", "b", "a"]
    runs.sql("UPDATE t SET name = 'X'", "INSERT INTO t VALUES ('d', 'Dan', 2)")
    assert runs.ids() == ["c", "b", "d", "a"]


def test_each_partition_holds_its_changes(runs: Runs) -> None:
    runs.keys.update(partition_by=["name"], path="${column:name}-${run_id}.csv")
    runs.run()
    runs.sql("UPDATE t SET visits = 5 WHERE id IN ('a', 'c')")
    held = {path: [row["id"] for row in rows] for path, rows in runs.run().items()}
    assert held == {"Ada-2.csv": ["a"], "null-2.csv": ["c"]}


def test_parts_hold_the_changes_in_their_order(runs: Runs) -> None:
    runs.keys.update(split={"max_rows": 2}, path="out-${run_id}-${part}.csv")
    runs.run()
    runs.sql("UPDATE t SET visits = 5")
    held = {path: [row["id"] for row in rows] for path, rows in runs.run().items()}
    assert held == {"out-2-001.csv": ["a", "b"], "out-2-002.csv": ["c"]}


def test_a_run_that_is_not_delivered_moves_nothing(runs: Runs) -> None:
    runs.run()
    runs.sql("UPDATE t SET visits = 5 WHERE id = 'a'")
    assert runs.ids(deliver=False) == ["a"]
    runs.sql("UPDATE t SET visits = 6 WHERE id = 'b'")
    assert runs.ids() == ["a", "b"]
    assert runs.ids() == []


def test_a_value_that_changes_back_before_a_delivery_is_no_change(runs: Runs) -> None:
    runs.run()
    runs.sql("UPDATE t SET visits = 5 WHERE id = 'a'")
    runs.run(deliver=False)
    runs.sql("UPDATE t SET visits = 1 WHERE id = 'a'")
    assert runs.ids() == []


# When a run is full


def test_full_every_makes_a_run_full_again(runs: Runs) -> None:
    runs.keys["changes"] = {"full_every": "3h"}
    assert [len(runs.ids()) for _ in range(7)] == [3, 0, 0, 3, 0, 0, 3]
    assert runs.warnings == []


def test_a_full_run_that_fails_is_owed(runs: Runs) -> None:
    runs.keys["changes"] = {"full_every": "3h"}
    for _ in range(3):
        runs.run()
    assert len(runs.ids(deliver=False)) == 3
    assert [len(runs.ids()) for _ in range(2)] == [3, 0]


def test_a_full_run_still_says_what_is_gone_and_what_is_new(runs: Runs) -> None:
    runs.keys["changes"] = {"operation": "op", "deletes": "include", "full_every": "1h"}
    runs.run()
    runs.sql("DELETE FROM t WHERE id = 'a'", "INSERT INTO t VALUES ('d', 'Dan', 4)")
    told = [(row["id"], row["op"]) for row in runs.rows()]
    assert told == [("b", "changed"), ("c", "changed"), ("d", "added"), ("a", "removed")]


def test_a_full_run_still_says_what_is_gone_without_an_operation(runs: Runs) -> None:
    runs.keys["changes"] = {"deletes": "include", "full_every": "1h"}
    runs.run()
    runs.sql("DELETE FROM t WHERE id = 'a'")
    assert runs.ids() == ["b", "c", "a"]
    assert runs.ids() == ["b", "c"]


@pytest.mark.parametrize(
    "keys",
    [
        {"columns": {"rename": {"name": "Name"}}},
        {"columns": {"exclude": ["visits"]}},
        {"changes": {"operation": "op"}},
    ],
)
def test_other_columns_make_the_next_run_full_and_say_so(runs: Runs, keys: dict[str, Any]) -> None:
    runs.run()
    runs.keys.update(keys)
    assert len(runs.ids()) == 3
    assert any("this run is full" in warning for warning in runs.warnings)
    assert runs.ids() == []


def test_a_new_column_of_the_source_makes_the_next_run_full(runs: Runs) -> None:
    runs.run()
    runs.sql("ALTER TABLE t ADD COLUMN city VARCHAR")
    assert len(runs.ids()) == 3
    assert any("this run is full" in warning for warning in runs.warnings)


def test_another_key_makes_the_next_run_full_and_tells_of_nobody_gone(runs: Runs) -> None:
    runs.keys["changes"] = {"deletes": "include"}
    runs.run()
    runs.sql("DELETE FROM t WHERE id = 'a'")
    runs.source["profiles"] = {"key": "visits"}
    assert runs.ids() == ["b", "c"]
    [warning] = [warning for warning in runs.warnings if "full" in warning]
    assert "key" in warning


@pytest.mark.parametrize("damage", ["gone", "cut", "folder"])
def test_a_lost_baseline_makes_the_next_run_full_and_says_so(runs: Runs, damage: str) -> None:
    runs.run()
    [kept] = (runs.folder / "kept" / "p").iterdir()
    match damage:
        case "gone":
            kept.unlink()
        case "cut":
            kept.write_bytes(kept.read_bytes()[:-1])
        case "folder":
            shutil.rmtree(kept.parent)
    assert len(runs.ids()) == 3
    [warning] = runs.warnings
    assert kept.name in warning
    assert "this run is full" in warning


def test_an_engine_that_hashes_otherwise_makes_the_next_run_full(runs: Runs) -> None:
    runs.run()
    runs.state["changes"]["engine"] = "of another version"
    assert len(runs.ids()) == 3
    [warning] = runs.warnings
    assert "hashes" in warning


def test_a_run_in_mode_full_forgets_what_changed_before(runs: Runs) -> None:
    runs.run()
    runs.keys["mode"] = "full"
    runs.run()
    runs.keys["mode"] = "changed"
    assert len(runs.ids()) == 3


def test_the_baseline_is_ours_alone(runs: Runs) -> None:
    runs.run()
    [kept] = (runs.folder / "kept" / "p").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert kept.parent.parent.stat().st_mode & 0o777 == 0o700


# Sources that do not hold still


def test_a_query_that_never_answers_alike_is_delivered_as_it_was_read(runs: Runs) -> None:
    """The file and the hashes come from one read: nothing is told twice, nothing is lost."""
    runs.source = {"query": "SELECT * EXCLUDE (visits), random() AS score FROM t"}
    assert len(runs.ids()) == 3
    assert len(runs.ids()) == 3


def test_a_query_over_files_finds_the_changes(runs: Runs, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    runs.source = {"query": f"FROM read_parquet('{lake}/*.parquet')"}
    runs.sql(f"COPY t TO '{lake}/1.parquet'")
    assert runs.ids() == ["a", "b", "c"]
    runs.sql(f"COPY (SELECT 'd' AS id, 'Dan' AS name, 4 AS visits) TO '{lake}/2.parquet'")
    assert runs.ids() == ["d"]


def test_little_memory_is_enough(tmp_path: Path) -> None:
    runs = Runs(tmp_path, limits={"memory": "128MB"})
    runs.sql(
        "CREATE TABLE t AS SELECT 'k' || i AS id, repeat('x', 100) || i AS n"
        " FROM range(300000) r(i)"
    )
    assert len(runs.ids()) == 300_000
    runs.sql("UPDATE t SET n = 'y' WHERE id IN ('k5', 'k250000')")
    assert runs.ids() == ["k250000", "k5"]
    assert runs.state["changes"]["size"] < 40 * 300_000


@pytest.mark.parametrize("query", [True, False])
def test_columns_may_have_the_names_of_ours(runs: Runs, *, query: bool) -> None:
    runs.sql(
        "CREATE TABLE u AS SELECT id, visits AS key, name AS hash, id AS k, 1 AS operation FROM t"
    )
    runs.source = {"query": "FROM u"} if query else {"table": "u"}
    runs.keys["changes"] = {"operation": "op", "deletes": "include"}
    assert runs.ids() == ["a", "b", "c"]
    runs.sql("UPDATE u SET key = 7 WHERE id = 'b'", "DELETE FROM u WHERE id = 'c'")
    assert [(row["id"], row["key"], row["op"]) for row in runs.rows()] == [
        ("b", "7", "changed"),
        ("c", "", "removed"),
    ]
