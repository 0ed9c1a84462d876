"""What a form asks, read from the JSON Schema: whatever plugins declare has its question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from profexd.edit.answers import Form, read, show

Key = tuple[str, ...]
Place = tuple[str | int, ...]
"""A key, with numbers where it leads through lists."""
Schema = Mapping[str, Any]
_OF_COLUMNS = frozenset(
    {
        *(("order_by",), ("partition_by",), ("property",), ("identity", "columns")),
        *(("columns", "properties"), ("columns", "exclude"), ("checks", "unique")),
        *(("profiles", name) for name in ("key", "identities", "id", "ids", "device", "system")),
        *(("events", name) for name in ("name", "time", "profile", "device", "properties")),
    }
)
"""What is answered with names of columns."""
MORE = "more"
"""The section of what is no table of its own."""


@dataclass(frozen=True, slots=True)
class Question:
    """One key of a file. One with a ``section`` is asked of those alone who open that section."""

    key: Key
    doc: str
    form: Form
    default: Any = None
    choices: tuple[str, ...] = ()
    required: bool = False
    section: str = ""
    example: str = ""

    @property
    def name(self) -> str:
        """The key as people write it."""
        return ".".join(self.key)

    @property
    def of_columns(self) -> bool:
        """Whether it is answered with names of the source's columns."""
        return self.key in _OF_COLUMNS

    def parse(self, text: str) -> Any:
        """Return the value that an answer means; ValueError says what to write instead."""
        return read(self.form, text.strip(), self.choices)

    def show(self, value: Any) -> str:
        """Return a value as ``parse`` reads it."""
        return show(self.form, value)


def questions_of(
    schema: Schema, definition: str, at: Key = (), *, wanted: tuple[str, ...] | None = None
) -> Iterator[Question]:
    """Yield a question for each key of a definition, in its order or in that of ``wanted``.

    A table within it is asked by its own keys.
    """
    table = schema["$defs"][definition]
    properties: Mapping[str, Any] = table["properties"]
    required = frozenset(table.get("required", ()))
    for name in properties if wanted is None else wanted:
        if name not in properties or (name == "type" and "const" in properties[name]):
            continue
        inner = table_of(schema, properties[name])
        if inner is None:
            one = question((*at, name), properties[name])
            yield replace(one, required=name in required)
        else:
            yield from questions_of(schema, inner, (*at, name))


def table_of(schema: Schema, said: Schema) -> str | None:
    """Return the definition of the table that a key is, where each of its keys is a question."""
    inner = str(said.get("$ref", "")).rpartition("/")[2]
    table = schema["$defs"].get(inner, {})
    return inner if table.get("properties") and not _members(table) and "if" not in table else None


def question(key: Key, said: Schema) -> Question:
    """Return the question for what the schema says of a key."""
    examples = said.get("examples", ())
    choices = said.get("enum") or said.get("items", {}).get("enum") or ()
    if "const" in said:
        choices = (said["const"],)
    return Question(
        key=key,
        doc=str(said.get("description", "")),
        form=_form(said),
        default=said.get("default"),
        choices=tuple(one for one in choices if isinstance(one, str)),
        example=str(examples[0]) if examples else "",
    )


def _members(table: Schema) -> bool:
    """Whether a table is nothing but a list of tables, with how they are joined."""
    conditions = table.get("properties", {}).get("conditions", {})
    return "$ref" in conditions.get("items", {})


def _form(said: Schema) -> Form:
    if said.get("format") == "secret":
        return Form.SECRET
    if "enum" in said or "const" in said:
        return Form.CHOICE
    match said.get("type"):
        case "string":
            return Form.TEXT
        case "boolean":
            return Form.BOOLEAN
        case "integer" | "number":
            return Form.NUMBER
        case "array" if said.get("items", {}).get("type") == "string":
            return Form.LIST
        case "array" if "$ref" in said.get("items", {}):
            return Form.ITEMS
        case "object" if said.get("additionalProperties", {}) is not False:
            values = said.get("additionalProperties", {})
            secret = isinstance(values, Mapping) and values.get("format") == "secret"
            return Form.SECRETS if secret else Form.TABLE
    if "$ref" in said:
        return Form.ITEMS
    kinds = said.get("anyOf", ())
    if kinds and all(one.get("format", "").startswith("date") for one in kinds):
        return Form.DATE
    types = [one.get("type") for one in kinds]
    return Form.LIST if types == ["string", "array"] and "enum" not in str(said) else Form.VALUE
