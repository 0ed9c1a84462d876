"""Mode ``changed``: what the second and later runs hold."""

from __future__ import annotations

from tests.changes.home import PIPELINE, Home

OPERATION = PIPELINE + '[changes]\noperation = "op"\n'


def test_the_first_run_is_full(home: Home) -> None:
    assert home.done().ids() == ["a", "b", "c"]


def test_a_later_run_holds_what_is_new_or_changed(home: Home) -> None:
    home.done()
    home.sql(
        "INSERT INTO profiles VALUES ('d', 'Dan', 4)",
        "UPDATE profiles SET visits = 9 WHERE id = 'b'",
    )
    delivered = home.done()
    assert delivered.rows == [
        {"id": "b", "name": "Bob", "visits": "9"},
        {"id": "d", "name": "Dan", "visits": "4"},
    ]
    assert delivered.run["rows"] == 2
    assert delivered.run["warnings"] == []


def test_without_changes_the_file_has_its_header_and_no_rows(home: Home) -> None:
    home.done()
    delivered = home.done()
    assert delivered.rows == []
    [name] = delivered.files
    assert (home.outbox / name).read_text() == "id,name,visits\n"


def test_a_change_is_delivered_once(home: Home) -> None:
    home.done()
    home.sql("UPDATE profiles SET visits = 9 WHERE id = 'b'")
    assert home.done().ids() == ["b"]
    assert home.done().ids() == []


def test_the_operation_says_added_and_changed_and_removed(home: Home) -> None:
    home.pipeline(OPERATION + 'deletes = "include"\n')
    assert [row["op"] for row in home.done().rows] == ["added"] * 3
    home.sql(
        "INSERT INTO profiles VALUES ('0', 'Zoe', 4)",
        "UPDATE profiles SET name = 'Cid' WHERE id = 'c'",
        "DELETE FROM profiles WHERE id = 'b'",
    )
    assert home.done().rows == [
        {"id": "0", "name": "Zoe", "visits": "4", "op": "added"},
        {"id": "c", "name": "Cid", "visits": "3", "op": "changed"},
        {"id": "b", "name": "", "visits": "", "op": "removed"},
    ]
    assert home.done().rows == []


def test_removed_profiles_come_in_a_file_beside(home: Home) -> None:
    home.pipeline(PIPELINE + '[changes]\ndeletes = "separate-file"\n')
    home.done()
    home.sql("DELETE FROM profiles WHERE id = 'b'")
    delivered = home.done()
    removed, rest = sorted(delivered.files, key=lambda name: not name.endswith("-removed.csv"))
    assert removed == rest.replace(".csv", "-removed.csv")
    assert delivered.files == {removed: [{"id": "b", "name": "", "visits": ""}], rest: []}
    assert [file["status"] for file in delivered.run["files"]] == ["published"] * 2
