"""The JSON Schema of the files, with the options of the installed plugins, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from profexd.api.options import Options
from profexd.config.catalog import Catalog
from profexd.config.readers.choices import PERIODS
from profexd.config.readers.conditions import OPERATORS, Count
from profexd.config.readers.documents import (
    NAME_PATTERN,
    PipelineFile,
    ScheduleTable,
    SettingsFile,
    SourceFile,
)
from profexd.config.readers.notifiers import SELF_EVIDENT
from profexd.config.readers.options import options_model
from profexd.config.readers.parts import NO_COMPRESSION
from profexd.config.readers.selection import ConditionTable, SpanTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FileKind = Literal["profexd", "source", "sink", "pipeline"]
KINDS: tuple[FileKind, ...] = get_args(FileKind)
_TITLES: Mapping[FileKind, str] = {
    "profexd": "profexd.toml",
    "source": "sources/NAME.toml",
    "sink": "sinks/NAME.toml",
    "pipeline": "pipelines/NAME.toml",
}
_DURATIONS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_SIZES = (("GB", 10**9), ("MB", 10**6), ("KB", 1000), ("B", 1))
Schema = dict[str, Any]
_NAME = {"type": "string", "pattern": f"^{NAME_PATTERN}$"}
_PIPELINE_SHAPES: Mapping[str, Schema] = {
    "source": {"anyOf": [_NAME, {"$ref": "#/$defs/source"}]},
    "sink": {"anyOf": [_NAME, {"$ref": "#/$defs/sink"}]},
    "sinks": {
        "type": "array",
        "minItems": 1,
        "items": {"anyOf": [_NAME, {"$ref": "#/$defs/sink"}]},
    },
    "format": {"$ref": "#/$defs/format"},
    "schedule": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/schedule"}]},
    "order_by": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    "notify": {"type": "array", "items": {"$ref": "#/$defs/notifier"}},
    "partition_by": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}
"""What may be written in more than one way, which the model leaves open."""
_SCHEDULE_SHAPES: Mapping[str, Schema] = {
    key: {"anyOf": [{"format": "date"}, {"format": "date-time"}]} for key in ("start", "end")
}
_CONDITIONS: Schema = {"type": "array", "items": {"$ref": "#/$defs/condition"}}
_SCALAR: Schema = {"not": {"type": ["array", "object"]}}
"""Dates too, which JSON lacks."""
_GROUP: Schema = {**_CONDITIONS, "minItems": 1}
_CONDITION_SHAPES: Mapping[str, Schema] = {
    "operator": {"enum": list(OPERATORS)},
    "value": _SCALAR,
    "values": {"type": "array", "items": _SCALAR},
    "any": _GROUP,
    "all": _GROUP,
}
_SAID: Schema = {"anyOf": [{"required": ["value"]}, {"required": ["values"]}]}
_COUNTS: Mapping[Count, Schema] = {
    "none": {"properties": {"value": False, "values": {"maxItems": 0}}},
    "one": {"properties": {"values": {"minItems": 1, "maxItems": 1}}, **_SAID},
    "two": {
        "properties": {"value": False, "values": {"minItems": 2, "maxItems": 2}},
        "required": ["values"],
    },
    "some": {"properties": {"values": {"minItems": 1}}, **_SAID},
}
"""What a condition says beside an operator, by how many values that takes."""
_EVENTS_SHAPES: Mapping[str, Schema] = {
    "range": {"anyOf": [{"enum": list(PERIODS)}, {"$ref": "#/$defs/span"}]}
}
_SPAN_SHAPES: Mapping[str, Schema] = dict.fromkeys(("from", "to"), _SCHEDULE_SHAPES["start"])
_SHAPES: Mapping[str, Mapping[str, Schema]] = {
    "pipeline": _PIPELINE_SHAPES,
    "schedule": _SCHEDULE_SHAPES,
    "condition": _CONDITION_SHAPES,
    "FilterTable": {"conditions": _CONDITIONS},
    "EventsTable": _EVENTS_SHAPES,
    "span": _SPAN_SHAPES,
}


def json_schema(catalog: Catalog, kind: FileKind | None = None) -> Schema:
    """Return the schema of one kind of file, or one that takes any and has each under ``$defs``."""
    definitions = _definitions(catalog)
    if kind is None:
        choices = [{"$ref": f"#/$defs/{name}"} for name in KINDS]
        return {"$schema": DIALECT, "title": "profexd", "anyOf": choices, "$defs": definitions}
    # At the root, not behind a $ref: editors look there first.
    return {"$schema": DIALECT, **definitions[kind], "$defs": definitions}


def _definitions(catalog: Catalog) -> Schema:
    definitions: Schema = {}
    models: tuple[tuple[str, type[BaseModel]], ...] = (
        ("profexd", SettingsFile),
        ("source", SourceFile),
        ("pipeline", PipelineFile),
        ("schedule", ScheduleTable),
        ("condition", ConditionTable),
        ("span", SpanTable),
    )
    for name, model in models:
        definitions[name] = _of_model(model, definitions)
    for kind in KINDS:
        definitions.get(kind, {})["title"] = _TITLES[kind]
    formats = {name: plugin.Options for name, plugin in catalog.formats.items()}
    sinks = {name: plugin.Options for name, plugin in catalog.sinks.items()}
    definitions |= _of_plugins("format", formats, definitions)
    definitions |= _of_plugins("sink", sinks, definitions)
    definitions |= _notifiers(catalog, definitions)
    pipeline = definitions["pipeline"]
    for name, shapes in _SHAPES.items():
        for key, shape in shapes.items():
            definitions[name]["properties"][key] |= shape
    definitions["condition"]["allOf"] = [
        _for_operators([name for name, takes in OPERATORS.items() if takes == count], rule)
        for count, rule in _COUNTS.items()
    ]
    pipeline["properties"]["compression"] |= {
        "enum": list(dict.fromkeys([NO_COMPRESSION, *sorted(catalog.codecs)]))
    }
    # [defaults] may say what a pipeline does not: an editor must not call that a mistake.
    del pipeline["required"]
    definitions["sink"]["required"] = ["type"]
    definitions["source"]["oneOf"] = _any_required("table", "query")
    definitions["profexd"]["properties"]["defaults"] = _defaults(pipeline)
    return dict(sorted(definitions.items()))


def _for_operators(operators: list[str], rule: Schema) -> Schema:
    named = {"properties": {"operator": {"enum": operators}}, "required": ["operator"]}
    return {"if": named, "then": rule}


def _of_model(model: type[BaseModel], definitions: Schema) -> Schema:
    """Return the schema of a model; the tables within it go to ``definitions``."""
    schema = model.model_json_schema(schema_generator=_Generator)
    definitions |= schema.pop("$defs", {})
    schema.pop("title", None)
    return schema


def _of_plugins(kind: str, plugins: Mapping[str, type[Options]], definitions: Schema) -> Schema:
    made: Schema = {}
    for name, options in sorted(plugins.items()):
        schema = _of_model(options_model(options), definitions)
        schema["title"] = f"{kind} {name}"
        schema["properties"] = {"type": {"const": name}, **schema.get("properties", {})}
        schema["required"] = ["type", *schema.get("required", [])]
        made[f"{kind}-{name}"] = schema
    return {
        **made,
        kind: {
            "title": _TITLES["sink"] if kind == "sink" else f"[{kind}]",
            "type": "object",
            "properties": {"type": {"type": "string", "enum": sorted(plugins)}},
            "if": {"required": ["type"]},
            "then": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in made]},
        },
    }


def _notifiers(catalog: Catalog, definitions: Schema) -> Schema:
    notifiers = {name: plugin.Options for name, plugin in catalog.notifiers.items()}
    made = _of_plugins("notifier", notifiers, definitions)
    for name in SELF_EVIDENT:
        if (notifier := made.get(f"notifier-{name}")) is not None:
            notifier["required"].remove("type")
    choices = [{"$ref": f"#/$defs/{name}"} for name in made if name != "notifier"]
    made["notifier"] = {"title": "[[notify]]", "type": "object", "anyOf": choices}
    return made


def _defaults(pipeline: Schema) -> Schema:
    """Any part of a pipeline: nothing is required, not even within its tables."""
    partial = {
        "format": "object",
        "sink": ["string", "object"],
        "schedule": ["string", "object"],
        "filter": "object",
        "identity": "object",
    }
    properties = {
        name: {"type": partial[name], "description": schema.get("description", "")}
        if name in partial
        else schema
        for name, schema in pipeline["properties"].items()
    }
    return {
        "type": "object",
        "description": "Pipeline keys for every pipeline; tables merge, lists are replaced.",
        "properties": properties,
        "additionalProperties": False,
    }


def _any_required(*keys: str) -> list[Schema]:
    return [{"required": [key]} for key in keys]


class _Generator(GenerateJsonSchema):
    """TOML has no null, and shows durations and sizes as people write them."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if "default_factory" in schema and not schema.get("default_factory_takes_data"):
            default = schema["default_factory"]()  # type: ignore[call-arg]
        if default is None or isinstance(default, BaseModel):
            return inner
        default = _as_written(default, inner)
        try:
            json.dumps(default)
        except TypeError:
            return inner
        return {**inner, "default": default}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _as_written(default: Any, schema: Schema) -> Any:
    if isinstance(default, tuple):
        return list(default)
    if schema.get("type") != "string" or isinstance(default, str):
        return default
    examples: Iterable[str] = schema.get("examples", ())
    if any(example.endswith("B") for example in examples):
        return _in_units(default, _SIZES)
    return _in_units(default, _DURATIONS)


def _in_units(number: float, units: Iterable[tuple[str, int]]) -> str:
    """Return a number in the largest unit that leaves no fraction: ``120`` is ``2m``."""
    for unit, size in units:
        if number >= size and number % size == 0:
            return f"{int(number // size)}{unit}"
    return str(int(number))
