"""Judging: everything that is wrong between a configuration and its source, at its key."""

from __future__ import annotations

from typing import Any

import pytest

from profexd.export.judging.finding import Finding
from profexd.export.judging.inspect import Subject, inspect
from profexd.export.stop import Stop
from tests.formats.exporting import Export
from tests.selection.choosing import condition


def findings(
    export: Export, *, source: dict[str, Any] | None = None, state: Any = None, **keys: Any
) -> list[Finding]:
    pipeline = export.pipeline("csv", source=source or {"table": "t"}, keys=keys)
    subject = Subject(pipeline, state or {})
    [judged] = inspect([subject], folder=export.spool(), stop=Stop())
    return list(judged.findings)


@pytest.mark.parametrize(
    ("written", "path", "message", "hint"),
    [
        (
            condition("nmae", "is", "x"),
            ("property",),
            'the source has no column "nmae"',
            'did you mean "name"?',
        ),
        (
            condition("born", "is greater than", "2024-01-01"),
            ("operator",),
            '"is greater than" does not go with born, which is DATE',
            'write "is after"',
        ),
        (
            condition("whole", "is before", 3),
            ("operator",),
            '"is before" does not go with whole, which is INTEGER',
            'write "is less than"',
        ),
        (
            condition("active", "is", True),
            ("operator",),
            '"is" does not go with active, which is BOOLEAN',
            'write "is true"',
        ),
        (
            condition("data", "is", "x"),
            ("operator",),
            '"is" does not go with data, which is BLOB',
            'with other types go "is null", "is not null", "exists", "does not exist"',
        ),
        (
            condition("name", "is", 3),
            ("value",),
            "3 is not text, and the property is: name is VARCHAR",
            'write it in quotes: "3"',
        ),
        (
            condition("whole", "is one of", 3, "x"),
            ("values", 1),
            '"x" is not a number: whole is INTEGER',
            "write a number, as in value = 3",
        ),
        (
            condition("born", "is between", "2024-01-01", "soon"),
            ("values", 1),
            '"soon" is not a date: born is DATE',
            'as in value = 2024-02-29, "2024-02-29T12:00:00Z", "today" or "now - 30d"',
        ),
        (
            condition("token", "is", "x"),
            ("value",),
            '"x" is not a UUID: token is UUID',
            'as in value = "b5b7a2a4-9f6c-4d3e-8f6e-0c8f4b6a1d2e"',
        ),
        (
            condition("scores", "contains", "x"),
            ("value",),
            '"x" is not a number: scores is INTEGER[]',
            "write a number, as in value = 3",
        ),
        (
            condition("alarm", "is", "25:00"),
            ("value",),
            '"25:00" does not exist: hour must be in 0..23: alarm is TIME',
            "",
        ),
    ],
)
def test_a_condition_that_does_not_fit(
    ten_rows: Export, written: dict[str, Any], path: tuple[str, ...], message: str, hint: str
) -> None:
    [found] = findings(ten_rows, filter={"conditions": [written]})
    assert found.path == ("filter", "conditions", 0, *path)
    assert (found.message, found.severity, found.of) == (message, "error", "pipeline")
    assert found.hint == hint


def test_roles_are_judged_in_the_file_of_the_source(ten_rows: Export) -> None:
    roles = {
        "key": "k",
        "identities": ["name", "i"],
        "id": "x",
        "device": {"token": "d"},
        "preferences": {"MSG-push": "p"},
        "system": ["s"],
    }
    found = findings(ten_rows, source={"table": "t", "profiles": roles})
    assert {one.path for one in found} == {
        ("profiles", "key"),
        ("profiles", "identities", 1),
        ("profiles", "id"),
        ("profiles", "device", "token"),
        ("profiles", "preferences", "MSG-push"),
        ("profiles", "system", 0),
    }
    assert {(one.of, one.severity) for one in found} == {("source", "error")}


def test_a_where_that_does_not_bind_is_found_too(ten_rows: Export) -> None:
    found = findings(ten_rows, where="nope > 1", order_by=["nope"])
    assert [one.path for one in found] == [("order_by", 0), ("where",)]


def test_two_columns_of_one_header_are_a_warning(ten_rows: Export) -> None:
    columns = {"properties": ["name", "id"], "rename": {"id": "NAME"}}
    [found] = findings(ten_rows, columns=columns)
    assert found.severity == "warning"
    assert 'called "NAME"' in found.message


def test_two_columns_of_one_name_in_a_query_are_a_warning(ten_rows: Export) -> None:
    query = {"query": 'SELECT 1 AS id, 2 AS n, 3 AS "ID", 4 AS n, 5 AS x'}
    found = findings(ten_rows, source=query, where="id = 3")
    assert [(one.path, one.of, one.severity) for one in found] == [
        (("query",), "source", "warning")
    ] * 2
    built = ten_rows.build(ten_rows.pipeline("csv", source=query, keys={"where": "id = 3"}))
    assert built.path.read_text() == "ID,n,x\n3,4,5\n"


def test_what_has_gone_since_a_delivery_is_a_warning(ten_rows: Export) -> None:
    from profexd.export.selection.pin import Pin, Pinned, digest

    keys: dict[str, Any] = {"columns": {"properties": ["id", "gone"]}}
    pipeline = ten_rows.pipeline("csv", keys=keys)
    pinned = (Pinned("id", "INTEGER", "property"), Pinned("gone", "VARCHAR", "property"))
    state = {"columns": Pin(digest(pipeline), pinned).as_json()}
    [before] = findings(ten_rows, **keys)
    [after] = findings(ten_rows, state=state, **keys)
    assert (before.severity, after.severity) == ("error", "warning")
    assert 'no longer has the column "gone"' in after.message
