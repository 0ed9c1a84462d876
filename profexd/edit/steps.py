"""The steps of a form for a source, a sink or a pipeline: which questions, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from profexd.edit.answers import Form
from profexd.edit.draft import reached
from profexd.edit.questions import (
    MORE,
    Key,
    Question,
    Schema,
    question,
    questions_of,
    table_of,
)
from profexd.edit.target import Kind, names_of

HERE = "(in this file)"
"""The choice of a source or sink that is a table of the pipeline itself."""
_SCHEDULES = "manual, once, every 6h, hourly, daily at 03:00, or cron: 0 3 * * mon-fri"
_PATH = "customers-${today}.csv.gz"
_EVERY_SINK_HAS = frozenset({"timeout", "connect_timeout", "concurrency", "bandwidth"})
_SWITCHES = frozenset({Form.CHOICE, Form.BOOLEAN, Form.NUMBER, Form.TABLE})
"""Most are well as they are; what is written in words says where to and as whom."""


@dataclass(frozen=True, slots=True)
class Section:
    """Questions of a step that are asked on request; ``keys`` are what they are about."""

    name: str
    doc: str
    keys: str


@dataclass(frozen=True, slots=True)
class Step:
    """Some questions that belong together; ``columns`` says that columns are chosen here."""

    title: str
    questions: tuple[Question, ...]
    sections: tuple[Section, ...] = ()
    columns: bool = False

    def of(self, section: str) -> tuple[Question, ...]:
        """Return the questions of a section; those of none are always asked."""
        return tuple(one for one in self.questions if one.section == section)


Get = Callable[[Key], Any]
"""Looks a key up in the draft: what is asked may depend on what was answered."""


def steps_of(
    kind: Kind,
    schema: Schema,
    get: Get,
    config: Path,
    *,
    events: bool = False,
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """Return the steps for a draft as it is now.

    ``events`` is what its source is of; ``defaults`` are what every pipeline says.
    """
    asker = _Asker(schema, get)
    match kind:
        case Kind.PIPELINE:
            steps = asker.pipeline(config, events=events)
            return tuple(_with_defaults(step, defaults) for step in steps) if defaults else steps
        case Kind.SOURCE:
            return asker.source()
        case Kind.SINK:
            return asker.sink()
        case Kind.SETTINGS:
            return ()


def order_of(kind: Kind, schema: Schema, values: Mapping[str, Any]) -> list[str]:
    """Return the keys of a new file in the order to write them."""
    definition = f"sink-{values.get('type')}" if kind is Kind.SINK else kind.value
    properties = schema["$defs"].get(definition, {}).get("properties", {})
    return ["type", *properties] if kind is Kind.SINK else list(properties)


class _Asker:
    def __init__(self, schema: Schema, get: Get) -> None:
        self._schema = schema
        self._get = get

    # -- pipelines

    def pipeline(self, config: Path, *, events: bool) -> tuple[Step, ...]:
        steps = (
            self._where_to(config),
            self._identifiers(),
            self._properties(events=events),
            self._when(),
        )
        asked = {one.key[0] for step in steps for one in step.questions}
        known = self._schema["$defs"]["pipeline"]["properties"]
        hidden = {"identity", "events"}  # asked where they can be answered
        rest = [name for name in known if name not in asked | hidden]
        last = steps[-1]
        return (
            *steps[:-1],
            _step(
                last.title,
                *last.questions,
                *(one for name in rest for one in self._table("pipeline", name)),
                docs=self._docs,
            ),
        )

    def _where_to(self, config: Path) -> Step:
        source, sink, path, compression = self._top("source", "sink", "path", "compression")
        several = bool(self._get(("sinks",)))
        in_two = bool(self._get(("folder",)) or self._get(("filename",)))
        sink = self._named(sink, names_of(Kind.SINK, config))
        plugin = self._plugin("format", ("format",))
        return _step(
            "Storage and file",
            self._named(source, names_of(Kind.SOURCE, config)),
            replace(sink, required=not several, section=MORE if several else ""),
            replace(path, example=_PATH, required=not in_two, section=MORE if in_two else ""),
            self._type("format", ("format", "type")),
            *(one for one in plugin if one.required),
            compression,
            *self._inline_source(),
            *self._inline_sink(),
            *_in(MORE, self._top("description", "sinks", "folder", "filename", "on_existing")),
            *_in("format", (one for one in plugin if not one.required)),
            *_in("split", self._top("split", "partition_by")),
            *_in("manifest", self._top("manifest")),
            docs=self._docs,
        )

    def _identifiers(self) -> Step:
        identity = [replace(one, required=False) for one in self._top("identity")]
        if not self._get(("identity", "columns")):
            # Without columns there is no [identity]: what else it has would be an error.
            identity = [one for one in identity if one.key[-1] == "columns"]
        return Step("Identifiers", tuple(identity))

    def _properties(self, *, events: bool) -> Step:
        said = events or self._get(("events",)) is not None
        return _step(
            "Properties and order",
            *self._top("order_by", "filter"),
            *_in("columns", self._top("columns")),
            *_in("events", self._top("events") if said else ()),
            *_in("changes", self._top("mode", "changes")),
            *_in(MORE, self._top("where")),
            columns=True,
            docs=self._docs,
        )

    def _when(self) -> Step:
        (when,) = self._top("schedule")
        when = replace(when, form=Form.TEXT, doc=f"When it runs: {_SCHEDULES}.")
        table = isinstance(self._get(("schedule",)), dict)
        details = questions_of(self._schema, "schedule", ("schedule",))
        return _step(
            "Schedule",
            replace(when, key=("schedule", "when")) if table else when,
            *self._top("notify"),
            *_in("schedule", self._top("enabled", "timezone")),
            *_in("schedule", (one for one in details if one.key[-1] not in ("when", "timezone"))),
            *_in("checks", self._top("checks")),
            *_in("retry", self._top("retry", "timeout")),
            docs=self._docs,
        )

    def _inline_source(self) -> Iterable[Question]:
        if isinstance(self._get(("source",)), dict):
            for one in questions_of(self._schema, "source", ("source",)):
                usual = one.key[1] in ("database", "table")
                yield replace(one, required=False, section="" if usual else "source")

    def _inline_sink(self) -> Iterable[Question]:
        if isinstance(self._get(("sink",)), dict):
            yield self._type("sink", ("sink", "type"))
            for one in self._plugin("sink", ("sink",)):
                yield replace(one, section="" if one.required else "sink")

    def _named(self, one: Question, names: list[str]) -> Question:
        """Return the question for a source or sink: one of those there are, or one written here."""
        value = self._get(one.key)
        strange = isinstance(value, str) and value not in names
        choices = () if strange else (*names, HERE)
        form = Form.CHOICE if choices else Form.VALUE
        return replace(one, form=form, choices=choices, required=True)

    # -- sources and sinks

    def source(self) -> tuple[Step, ...]:
        wanted = ("kind", "database", "table", "query", "lock_wait")
        rare = {("lock_wait",), *([] if self._get(("query",)) else [("query",)])}
        tables = [
            replace(one, required=False, section=MORE if one.key in rare else "")
            for one in questions_of(self._schema, "source", wanted=wanted)
        ]
        if self._get(("kind",)) == "events":
            roles, first = "events", frozenset({"name", "time", "profile"})
        else:
            roles, first = "profiles", frozenset({"key", "identities", "id", "ids"})
        columns = list(self._table("source", roles))
        return (
            _step("Database", *tables, docs=self._docs),
            Step("Identifiers", tuple(one for one in columns if one.key[-1] in first)),
            Step("Properties", tuple(one for one in columns if one.key[-1] not in first)),
        )

    def sink(self) -> tuple[Step, ...]:
        options = [
            replace(one, section=MORE if one.form in _SWITCHES and not one.required else "")
            for one in self._plugin("sink", ())
        ]
        secrets = [one for one in options if one.form in (Form.SECRET, Form.SECRETS)]
        common = [one for one in options if one.key[-1] in _EVERY_SINK_HAS]
        others = [one for one in options if one not in secrets and one not in common]
        return (
            _step("Storage", self._type("sink", ("type",)), *others, docs=self._docs),
            Step("Credentials", tuple(secrets)),
            Step("Limits", tuple(_in("", common))),
        )

    # -- what the schema says

    def _top(self, *names: str) -> list[Question]:
        """Return what is asked for keys of a pipeline; of a table, for each of its keys."""
        return list(questions_of(self._schema, "pipeline", wanted=names))

    def _table(self, definition: str, name: str) -> list[Question]:
        """Return what is asked for one key, in a section of its own where it is a table."""
        said = self._schema["$defs"][definition]["properties"][name]
        section = name if table_of(self._schema, said) else MORE
        found = questions_of(self._schema, definition, wanted=(name,))
        return list(_in(section if definition == "pipeline" else "", found))

    def _type(self, kind: str, key: Key) -> Question:
        said = {**self._schema["$defs"][kind]["properties"]["type"]}
        said["description"] = f"The type of the {kind}."
        return replace(question(key, said), required=True)

    def _plugin(self, kind: str, at: Key) -> list[Question]:
        """Return what a plugin asks: what it needs first."""
        definition = f"{kind}-{self._get((*at, 'type'))}"
        if definition not in self._schema["$defs"]:
            return []
        found = questions_of(self._schema, definition, at)
        return sorted(found, key=lambda one: not one.required)

    def _docs(self, section: str) -> str:
        said = self._schema["$defs"]["pipeline"]["properties"].get(section, {})
        return str(said.get("description", "What most can do without."))


def _with_defaults(step: Step, defaults: Mapping[str, Any]) -> Step:
    """Return the step with what need not be answered, since every pipeline says it."""
    found = []
    for one in step.questions:
        value = reached(defaults, one.key)
        found.append(one if value is None else replace(one, required=False, default=value))
    return replace(step, questions=tuple(found))


def _in(section: str, questions: Iterable[Question]) -> Iterable[Question]:
    return (replace(one, section=section) for one in questions)


def _step(
    title: str, *questions: Question, docs: Callable[[str], str], columns: bool = False
) -> Step:
    """Return a step with its sections in their order, what is in none first, then by section."""
    names = dict.fromkeys(one.section for one in questions if one.section)
    ordered = tuple(one for name in ("", *names) for one in questions if one.section == name)
    sections = (
        Section(name, docs(name), ", ".join(q.key[-1] for q in ordered if q.section == name))
        for name in names
    )
    return Step(title, ordered, tuple(sections), columns)
