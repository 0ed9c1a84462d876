"""Nothing that a file may say is out of the form's reach; the common path stays short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from profexd.edit.answers import Form
from profexd.edit.composing import Composing
from profexd.edit.steps import HERE
from profexd.edit.target import Kind
from tests.edit.driving import Desk
from tests.edit.staging import new, news

ONE_LINE = {"filter", "notify", "source", "sink", "format"}
"""Keys of a pipeline with an editor of their own, or with the options of a plugin."""


def keys_of(schema: Mapping[str, Any], definition: str, at: str = "") -> Iterator[str]:
    for name, said in schema["$defs"][definition]["properties"].items():
        inner = str(said.get("$ref", "")).rpartition("/")[2]
        if name in ONE_LINE and not at:
            continue
        if inner and "properties" in schema["$defs"][inner]:
            yield from keys_of(schema, inner, f"{at}{name}.")
        elif name != "type":
            yield f"{at}{name}"


def asked(composing: Composing) -> list[str]:
    return [one.name for step in composing.steps for one in step.questions]


def set_all(composing: Composing, *assignments: str) -> Composing:
    for one in assignments:
        composing.assign(one)
    return composing


def test_every_key_of_a_pipeline_is_asked_once(desk: Desk, schema: dict[str, Any]) -> None:
    composing = set_all(news(desk, schema), "identity.columns=[]", 'identity.columns=["email"]')
    composing.assign("events.window=last")
    found = asked(composing)
    assert len(found) == len(set(found))
    schedule = {f"schedule.{key}" for key in schema["$defs"]["schedule"]["properties"]}
    csv = {f"format.{key}" for key in schema["$defs"]["format-csv"]["properties"]}
    known = {*keys_of(schema, "pipeline"), *ONE_LINE - {"format"}, *csv, *schedule}
    # The zone of the schedule is that of the pipeline; its "when" is the schedule as a word.
    assert set(found) == known - {"schedule.when", "schedule.timezone"}
    composing.assign("schedule.jitter=5m")
    assert "schedule.when" in asked(composing)


@pytest.mark.parametrize("kind", ["profiles", "events"])
def test_every_key_of_a_source_is_asked(desk: Desk, schema: dict[str, Any], kind: str) -> None:
    composing = set_all(new(desk, schema, Kind.SOURCE, "other"), f"kind={kind}")
    other = {"profiles": "events.", "events": "profiles."}[kind]
    known = {key for key in keys_of(schema, "source", "") if not key.startswith(other)}
    assert set(asked(composing)) == known


def test_every_key_of_every_sink_is_asked(desk: Desk, schema: dict[str, Any]) -> None:
    for definition in (name for name in schema["$defs"] if name.startswith("sink-")):
        composing = new(desk, schema, Kind.SINK, "other")
        composing.assign(f"type={definition.removeprefix('sink-')}")
        assert set(asked(composing)) == {"type", *keys_of(schema, definition)}


def test_a_source_and_a_sink_can_be_written_into_the_pipeline_itself(
    desk: Desk, schema: dict[str, Any]
) -> None:
    composing = new(desk, schema, Kind.PIPELINE, "whole")
    for key in ("source", "sink"):
        questions = [one for step in composing.steps for one in step.questions]
        composing.answer(next(one for one in questions if one.name == key), HERE)
    found = asked(composing)
    assert {"source.database", "source.profiles.key", "sink.root", "sink.concurrency"} <= {*found}
    assert composing.text == ('[source]\ntype = "duckdb"\n\n[sink]\ntype = "file"\n')
    shown = {one.name: composing.shown(one) for step in composing.steps for one in step.questions}
    assert (shown["source"], shown["sink"]) == (HERE, HERE)


def test_the_common_path_is_four_short_screens(desk: Desk, schema: dict[str, Any]) -> None:
    steps = new(desk, schema, Kind.PIPELINE, "mail").steps
    assert [step.title for step in steps] == [
        "Storage and file",
        "Identifiers",
        "Properties and order",
        "Schedule",
    ]
    assert [[one.name for one in step.of("")] for step in steps] == [
        ["source", "sink", "path", "format.type", "compression"],
        ["identity.columns"],
        ["order_by", "filter"],
        ["schedule", "notify"],
    ]


def test_what_every_pipeline_says_need_not_be_answered(desk: Desk, schema: dict[str, Any]) -> None:
    desk.write("profexd.toml", '[defaults]\nsink = "lake"\nformat = { type = "json" }\n')
    composing = new(desk, schema, Kind.PIPELINE, "mail")
    assert composing.missing == ("source", "path")
    sink = next(one for one in composing.steps[0].questions if one.name == "sink")
    assert (sink.required, sink.default) == (False, "lake")


def test_events_are_asked_for_where_the_source_has_events(
    desk: Desk, schema: dict[str, Any]
) -> None:
    desk.write("sources/clicks.toml", 'kind = "events"\ntable = "clicks"\n')
    composing = set_all(new(desk, schema, Kind.PIPELINE, "mail"), "source=warehouse")
    assert "events.window" not in asked(composing)
    composing.assign("source=clicks")
    window = next(one for one in composing.steps[2].questions if one.name == "events.window")
    assert (window.form, window.choices) == (Form.CHOICE, ("last",))
