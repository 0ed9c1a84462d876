"""The JSON Schema takes what profexd takes, refuses what it refuses, and knows every plugin."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from profexd.config.catalog import Catalog
from profexd.config.schema import KINDS, FileKind, json_schema
from profexd.config.skeleton import FILES
from tests.config.test_pipelines import FULL
from tests.config.test_selection import EVENT_ROLES, EVENTS, ROLES, SELECTION
from tests.config.tree import PIPELINE, SINK, SOURCE


def errors(catalog: Catalog, kind: FileKind | None, text: str) -> list[str]:
    validator = Draft202012Validator(json_schema(catalog, kind))
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_schema_is_one(catalog: Catalog, kind: FileKind | None) -> None:
    schema = json_schema(catalog, kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(KINDS) <= set(schema["$defs"])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("profexd", FILES["profexd.toml"]),
        ("profexd", "[defaults]\nsink = 'a'\nformat = { separator = ';' }\nschedule.jitter = '1m'"),
        ("profexd", "[defaults]\nfilter.match = 'any'\nidentity.export = 'all'"),
        ("source", SOURCE),
        ("source", "query = 'SELECT 1'\nkind = 'events'"),
        ("sink", SINK),
        ("pipeline", PIPELINE),
        ("pipeline", FULL),
        ("pipeline", SELECTION),
        ("pipeline", EVENTS),
        ("source", ROLES),
        ("source", EVENT_ROLES),
        ("pipeline", "path = 'a.csv'"),
    ],
)
def test_what_profexd_takes_the_schema_takes(catalog: Catalog, kind: FileKind, text: str) -> None:
    assert errors(catalog, kind, text) == []
    assert errors(catalog, None, text) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("profexd", "nope = 1"),
        ("profexd", "[limits]\nconcurrent_runs = '2'"),
        ("profexd", "[defaults]\nnope = 1"),
        ("source", "database = '/a'"),
        ("source", "table = 'a'\nquery = 'b'"),
        ("sink", "root = '/a'"),
        ("sink", "type = 'file'\nbucket = 'a'"),
        ("pipeline", "format = { type = 'csv', seperator = ';' }"),
        ("pipeline", "format = { type = 'cvs' }"),
        ("pipeline", "compression = 'gz'"),
        ("pipeline", "sinks = []"),
        ("pipeline", "sink = 'Not A Name'"),
        ("pipeline", "mode = 'change'"),
        ("pipeline", "[filter]\nmatch = 'all'"),
        ("pipeline", "[filter]\nconditions = [{ property = 'a', operator = 'like' }]"),
        ("pipeline", "[filter]\nconditions = [{ any = [{ propert = 'a' }] }]"),
        ("pipeline", "[columns]\nschema = 'none'"),
        ("pipeline", "[events]\nrange = 'tomorrow'"),
        ("pipeline", "[events]\nrange = { since = 2026-01-01 }"),
        ("source", "table = 'a'\n[profiles]\ndevice = 1"),
        ("pipeline", "schedule = { cron = '* * * * *' }"),
    ],
)
def test_what_profexd_refuses_the_schema_refuses(
    catalog: Catalog, kind: FileKind, text: str
) -> None:
    assert errors(catalog, kind, text)


def keys(schema: Any, definitions: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for key, value in schema.get("properties", {}).items():
        found.append((key, value))
        if value.get("$ref", "").endswith("Table"):
            found += keys(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return found


def test_every_key_has_a_sentence(catalog: Catalog) -> None:
    definitions = json_schema(catalog)["$defs"]
    for name, schema in definitions.items():
        for key, value in keys(schema, definitions):
            if key != "type":
                assert value.get("description"), f"{name}: {key}"


def test_defaults_are_shown_as_people_write_them(catalog: Catalog) -> None:
    definitions = json_schema(catalog)["$defs"]
    assert definitions["sink-file"]["properties"]["timeout"]["default"] == "30s"
    assert definitions["pipeline"]["properties"]["timeout"]["default"] == "2h"
    assert definitions["LimitsTable"]["properties"]["memory"]["default"] == "1GB"
    assert definitions["AccessTable"]["properties"]["operator"]["default"] == ["@profexd"]


def test_nothing_may_be_null_since_toml_has_none(catalog: Catalog) -> None:
    assert '"type": "null"' not in json.dumps(json_schema(catalog))
