"""Conditions and notices in a file: added, changed, grouped, moved; comments stay."""

from __future__ import annotations

from typing import Any

from profexd.edit.composing import Composing
from profexd.edit.items import Items
from tests.edit.driving import Desk
from tests.edit.staging import news

FILE = """\
source = "warehouse"
sink = "lake"
path = "news.csv"

[format]
type = "csv"

[filter]   # who gets it
conditions = [
  { property = "country", operator = "is one of", values = ["IT", "FR"] },   # ours
  # the busy ones
  { any = [ { property = "visits", operator = "is between", values = [3, 10] } ] },
]

[[notify]]
on = ["failed"]   # nothing else
webhook = { env = "HOOK" }
"""
COLUMNS = (("country", "VARCHAR"), ("visits", "INTEGER"))


def opened(desk: Desk, schema: dict[str, Any], name: str) -> tuple[Composing, Items]:
    desk.write("pipelines/news.toml", FILE)
    composing = news(desk, schema)
    questions = [one for step in composing.steps for one in step.questions]
    return composing, composing.items(next(one for one in questions if one.name == name), COLUMNS)


def test_a_condition_is_changed_in_its_place_and_comments_stay(
    desk: Desk, schema: dict[str, Any]
) -> None:
    composing, filter_ = opened(desk, schema, "filter")
    rows = filter_.rows()
    assert [(row.depth, row.text) for row in rows] == [
        (0, "all of these hold"),
        (1, "country is one of IT, FR"),
        (1, "any of these holds"),
        (2, "visits is between 3 and 10"),
    ]
    values = {**filter_.begun(rows[1]), "operator": "is not"}
    assert [one.name for one in filter_.questions(values)] == ["property", "operator", "value"]
    filter_.take(rows[1], filter_.finished(values))
    filter_.add(rows[3], {"property": "email", "operator": "exists"})
    changed = FILE.replace(
        'operator = "is one of", values = ["IT", "FR"]', 'operator = "is not", value = "IT"'
    ).replace("[3, 10] } ]", '[3, 10] }, { property = "email", operator = "exists" } ]')
    assert composing.text == changed
    assert filter_.summary() == "country is not IT and (visits is between 3 and 10 or email exists)"


def test_groups_are_made_turned_and_emptied(desk: Desk, schema: dict[str, Any]) -> None:
    composing, filter_ = opened(desk, schema, "filter")
    for row in (filter_.rows()[0], filter_.rows()[2]):
        assert filter_.turn(row)
    assert composing.draft.get(("filter", "match")) == "any"
    assert "{ all = [ { property" in composing.text
    assert filter_.move(filter_.rows()[2], -1) == ("filter", "conditions", 0)
    assert filter_.rows()[1].text == "all of these hold"
    filter_.remove(filter_.rows()[2])  # the last of its group
    assert [row.text for row in filter_.rows()[1:]] == ["country is one of IT, FR"]
    filter_.remove(filter_.rows()[1])
    assert "filter" not in composing.draft.values


def test_values_are_read_by_the_type_of_the_column(desk: Desk, schema: dict[str, Any]) -> None:
    _, filter_ = opened(desk, schema, "filter")

    def read(column: str, operator: str, answer: str) -> Any:
        asked = filter_.questions({"property": column, "operator": operator})
        value = asked[2].parse(answer)
        assert asked[2].parse(asked[2].show(value)) == value
        return value

    assert read("visits", "is one of", "1, 2.5") == [1, 2.5]
    assert read("country", "is", "007") == "007"
    assert read("address.city", "is", '"007"') == "007"
    assert read("signup_at", "is after", "now - 30d") == "now - 30d"
    assert str(read("signup_at", "is before", "2026-11-01")) == "2026-11-01"


def test_a_notice_is_added_beside_another(desk: Desk, schema: dict[str, Any]) -> None:
    composing, notify = opened(desk, schema, "notify")
    assert notify.summary() == "webhook on failed: env:HOOK"
    (row,) = notify.rows()
    assert notify.begun(row)["type"] == "webhook"
    values = {"type": "command", "command": ["mail", "ops"], "on": ["held"]}
    notify.add(row, notify.finished(values))
    added = '\n[[notify]]\ncommand = ["mail", "ops"]\non = ["held"]\n'
    assert composing.text == f"{FILE}{added}"
    notify.remove(notify.rows()[1])
    assert composing.text == FILE
