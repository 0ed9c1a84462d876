"""The steps of a form for a source, a sink or a pipeline: which questions, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from profexd.edit.questions import Form, Key, Question, Schema, question, questions_of
from profexd.edit.target import Kind, names_of

_SCHEDULES = "manual, once, every 6h, hourly, daily at 03:00, or cron: 0 3 * * mon-fri"
_PATH = "newsletter/customers-${today}.csv.gz"
_EVERY_SINK_HAS = frozenset({"timeout", "connect_timeout", "concurrency", "bandwidth"})
_RARE = frozenset(
    {
        *("folder", "filename", "sinks", "on_existing", "partition_by", "timeout", "timezone"),
        *("enabled", "mode", "where", "lock_wait", "description"),
    }
)
_SWITCHES = frozenset({Form.CHOICE, Form.BOOLEAN, Form.NUMBER, Form.TABLE})
"""Most are well as they are; what is written in words says where to and as whom."""
_TABLES = {
    "identity": "IdentityTable",
    "columns": "ColumnsTable",
    "profiles": "ProfilesTable",
    "events": "EventRolesTable",
    "split": "SplitTable",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Some questions that belong together; ``columns`` says that columns are chosen here."""

    title: str
    questions: tuple[Question, ...]
    columns: bool = False


Get = Callable[[Key], Any]
"""Looks a key up in the draft: what is asked may depend on what was answered."""


def steps_of(kind: Kind, schema: Schema, get: Get, config: Path) -> tuple[Step, ...]:
    """Return the steps for a draft as it is now."""
    match kind:
        case Kind.PIPELINE:
            return _pipeline(schema, get, config)
        case Kind.SOURCE:
            return _source(schema, get)
        case Kind.SINK:
            return _sink(schema, get)
        case Kind.SETTINGS:
            return ()


def order_of(kind: Kind, schema: Schema, values: Mapping[str, Any]) -> list[str]:
    """Return the keys of a new file in the order to write them."""
    if kind is Kind.SINK:
        return ["type", *_properties(schema, f"sink-{values.get('type')}")]
    return list(_properties(schema, kind.value))


def _properties(schema: Schema, definition: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema["$defs"].get(definition, {}).get("properties", {})
    return found


def _pipeline(schema: Schema, get: Get, config: Path) -> tuple[Step, ...]:
    sources, sinks = names_of(Kind.SOURCE, config), names_of(Kind.SINK, config)
    source, sink, path = _top(schema, "pipeline", ("source", "sink", "path"))
    where_to = [
        *_top(schema, "pipeline", ("description",)),
        _named(source, sources, get),
        replace(_named(sink, sinks, get), required=not get(("sinks",)), rare=bool(get(("sinks",)))),
        *_top(schema, "pipeline", ("sinks",)),
        replace(
            path,
            example=_PATH,
            required=not (get(("folder",)) or get(("filename",))),
            rare=bool(get(("folder",)) or get(("filename",))),
        ),
        *_top(schema, "pipeline", ("folder", "filename")),
        _type(schema, "format", ("format", "type")),
        *_top(schema, "pipeline", ("compression",)),
        *_plugin(schema, "format", get(("format", "type")), ("format",)),
        *_top(schema, "pipeline", ("on_existing", "partition_by")),
        *_rare(_table(schema, "split")),
    ]
    identity = [replace(one, required=False) for one in _table(schema, "identity")]
    if not get(("identity", "columns")):
        # Without columns there is no [identity]: what else it has would be an error.
        identity = [one for one in identity if one.key[-1] == "columns"]
    columns = [
        *_top(schema, "pipeline", ("order_by",)),
        *_table(schema, "columns"),
        *_top(schema, "pipeline", ("where", "mode")),
    ]
    return (
        Step("Storage and file", tuple(where_to)),
        Step("Identifiers", tuple(identity)),
        Step("Properties and order", tuple(columns), columns=True),
        Step("Schedule", tuple(_schedule(schema, get))),
    )


def _schedule(schema: Schema, get: Get) -> Iterable[Question]:
    (when,) = _top(schema, "pipeline", ("schedule",))
    when = replace(when, form=Form.TEXT, doc=f"When it runs: {_SCHEDULES}.")
    table = isinstance(get(("schedule",)), dict)
    yield replace(when, key=("schedule", "when")) if table else when
    yield from _top(schema, "pipeline", ("timezone", "enabled", "timeout"))
    for one in questions_of(schema, "schedule", ("schedule",)):
        if one.key[-1] not in ("when", "timezone"):
            date = one.key[-1] in ("start", "end")
            yield replace(one, rare=True, form=Form.DATE if date else one.form)


def _source(schema: Schema, get: Get) -> tuple[Step, ...]:
    first = ("kind", "database", "table", "query", "lock_wait")
    tables = [
        replace(one, required=False, rare=one.rare or (one.key == ("query",) and not get(one.key)))
        for one in _top(schema, "source", first)
    ]
    if get(("kind",)) == "events":
        return (
            Step("Database", tuple(tables)),
            Step("Identifiers", tuple(_picked(schema, "events", "name", "time", "profile"))),
            Step("Properties", tuple(_picked(schema, "events", "device", "properties"))),
        )
    return (
        Step("Database", tuple(tables)),
        Step("Identifiers", tuple(_picked(schema, "profiles", "key", "identities", "id", "ids"))),
        Step("Properties", tuple(_picked(schema, "profiles", "device", "preferences", "system"))),
    )


def _sink(schema: Schema, get: Get) -> tuple[Step, ...]:
    options = _plugin(schema, "sink", get(("type",)), ())
    secrets = [one for one in options if one.form is Form.SECRET]
    common = [one for one in options if one.key[-1] in _EVERY_SINK_HAS]
    others = [one for one in options if one not in secrets and one not in common]
    return (
        Step("Storage", (_type(schema, "sink", ("type",)), *_required_first(others))),
        Step("Credentials", tuple(secrets)),
        Step("Limits", tuple(_rare(common))),
    )


def _type(schema: Schema, kind: str, key: Key) -> Question:
    said = {**schema["$defs"][kind]["properties"]["type"]}
    said["description"] = f"The type of the {kind}."
    return replace(question(key, said), required=True)


def _plugin(schema: Schema, kind: str, type_name: object, at: Key) -> list[Question]:
    """Return what a plugin asks: what it needs first, what has a default only on request."""
    definition = f"{kind}-{type_name}"
    if definition not in schema["$defs"]:
        return []
    found = list(questions_of(schema, definition, at))
    if kind == "format":
        found = [replace(one, rare=not one.required) for one in found]
    else:
        found = [replace(one, rare=one.form in _SWITCHES and not one.required) for one in found]
    return _required_first(found)


def _required_first(questions: Iterable[Question]) -> list[Question]:
    return sorted(questions, key=lambda one: not one.required)


def _top(schema: Schema, definition: str, names: tuple[str, ...]) -> list[Question]:
    found = questions_of(schema, definition, wanted=names)
    return [replace(one, rare=one.key[0] in _RARE) for one in found]


def _table(schema: Schema, name: str) -> list[Question]:
    return list(questions_of(schema, _TABLES[name], (name,)))


def _picked(schema: Schema, table: str, *names: str) -> list[Question]:
    return list(questions_of(schema, _TABLES[table], (table,), wanted=names))


def _rare(questions: Iterable[Question]) -> list[Question]:
    return [replace(one, rare=True) for one in questions]


def _named(one: Question, names: list[str], get: Get) -> Question:
    """Return the question for a source or sink: one of those there are, or a table as it is."""
    form = Form.VALUE
    if names and (get(one.key) is None or get(one.key) in names):
        form = Form.CHOICE
    return replace(one, form=form, choices=tuple(names), required=True)
