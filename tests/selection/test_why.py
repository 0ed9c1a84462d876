"""why: what lets one profile in, or keeps it out, with the value that decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from profexd.export.selection.why import why
from profexd.export.stop import Stop
from profexd.wire import WhyJson
from tests.formats.exporting import PLAN, Export
from tests.selection.choosing import condition


def explained(export: Export, key: str, *, column: str | None = "id", **keys: Any) -> WhyJson:
    source = {"table": "t", "profiles": {"key": column} if column else {}}
    pipeline = export.pipeline("csv", source=source, keys=keys)
    folder = export.spool()
    plan = replace(PLAN, keep=export.folder / "keep")
    return why(pipeline, plan, key, folder=folder, stop=Stop())


def test_each_condition_is_there_with_its_value(ten_rows: Export) -> None:
    conditions = [
        condition("name", "starts with", "A"),
        {"any": [condition("whole", "is between", 1, 9), condition("address.city", "exists")]},
        condition("tags", "does not contain", "a"),
    ]
    answer = explained(ten_rows, "1", filter={"conditions": conditions}, where="tiny < 0")
    assert (answer["rows"], answer["column"], answer["exported"]) == (1, "id", False)
    assert [
        (one["depth"], one["kind"], one["text"], one["holds"], one["value"])
        for one in answer["conditions"]
    ] == [
        (0, "condition", 'name starts with "A"', True, "Ada"),
        (0, "any", "any of", True, None),
        (1, "condition", "whole is between 1, 9", False, -5),
        (1, "condition", "address.city exists", True, "Roma"),
        (0, "condition", 'tags does not contain "a"', False, ["a", "b"]),
        (0, "where", "tiny < 0", True, None),
    ]


def test_of_many_values_the_first_are_shown(ten_rows: Export) -> None:
    conditions = [condition("id", "is one of", *range(100))]
    [one] = explained(ten_rows, "2", filter={"conditions": conditions})["conditions"]
    assert one["text"] == "id is one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more"
    assert one["holds"]


def test_null_holds_nothing(ten_rows: Export) -> None:
    conditions = [condition("whole", "is not", 3)]
    answer = explained(ten_rows, "8", filter={"match": "any", "conditions": conditions})
    [one] = answer["conditions"]
    assert (one["holds"], one["value"], answer["exported"]) == (False, None, False)


def test_one_of_a_filter_that_matches_any_is_enough(ten_rows: Export) -> None:
    conditions = [condition("name", "is", "nobody"), condition("id", "is", 2)]
    answer = explained(ten_rows, "2", filter={"match": "any", "conditions": conditions})
    assert answer["exported"]
    assert [one["kind"] for one in answer["conditions"]] == ["any", "condition", "condition"]


@pytest.mark.parametrize("key", ["11", "", "'; DROP TABLE t; --", "1\0"])
def test_a_key_that_nobody_has_is_in_no_row(ten_rows: Export, key: str) -> None:
    answer = explained(ten_rows, key)
    assert (answer["rows"], answer["exported"], answer["conditions"]) == (0, False, [])


def test_without_conditions_everybody_is_in(ten_rows: Export) -> None:
    assert explained(ten_rows, "1")["exported"]


def test_without_a_key_nobody_can_be_named(ten_rows: Export) -> None:
    with pytest.raises(ConfigurationInvalid, match="no key"):
        explained(ten_rows, "1", column=None)


def test_what_a_run_would_refuse_is_refused(ten_rows: Export) -> None:
    with pytest.raises(ConfigurationInvalid, match="the source has no column"):
        explained(ten_rows, "1", filter={"conditions": [condition("nope", "exists")]})
