"""What a form asks, read from the JSON Schema: whatever plugins declare has its question."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

SECRET_KINDS = ("env", "file", "credential")
_REFERENCE = re.compile(rf"({'|'.join(SECRET_KINDS)})\s*[:=]\s*(\S.*)")
_LITERAL = "literal:"
Key = tuple[str, ...]
Schema = Mapping[str, Any]


class Form(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "yes or no"
    NUMBER = "number"
    LIST = "list"
    TABLE = "table"
    SECRET = "secret"  # noqa: S105 - the word for it
    DATE = "date"
    VALUE = "value"
    """Any of several kinds: words are text, a list stands in brackets, a table in braces."""


@dataclass(frozen=True, slots=True)
class Question:
    """One key of a file. ``rare`` is asked of those alone who want to see everything."""

    key: Key
    doc: str
    form: Form
    default: Any = None
    choices: tuple[str, ...] = ()
    required: bool = False
    rare: bool = False
    example: str = ""

    @property
    def name(self) -> str:
        """The key as people write it."""
        return ".".join(self.key)

    def parse(self, text: str) -> Any:
        """Return the value that an answer means; ValueError says what to write instead."""
        text = text.strip()
        match self.form:
            case Form.CHOICE:
                return _choice(text, self.choices)
            case Form.BOOLEAN:
                return _boolean(text)
            case Form.NUMBER:
                return _number(text)
            case Form.LIST:
                return _list(text)
            case Form.TABLE:
                return _table(text)
            case Form.SECRET:
                return _secret(text)
            case Form.DATE:
                return _toml(text) if text[:1].isdigit() else text
            case Form.VALUE:
                return _toml(text) if text[:1] in ("[", "{", '"', "'") else text
            case Form.TEXT:
                return text

    def show(self, value: Any) -> str:
        """Return a value as ``parse`` reads it."""
        if value is None:
            return ""
        match value:
            case bool():
                return "yes" if value else "no"
            case str() if self.form is Form.SECRET:
                return f"{_LITERAL}{value}"
            case str():
                return value
            case list() if self.form is Form.LIST and all(_bare(one) for one in value):
                return ", ".join(value)
            case {**members} if self.form is Form.SECRET and len(members) == 1:
                ((kind, place),) = members.items()
                return f"{kind}:{place}"
            case {**members} if self.form is Form.TABLE and all(
                isinstance(one, str) for one in members.values()
            ):
                return ", ".join(f"{name} = {column}" for name, column in members.items())
            case _:
                return written(value)


def written(value: Any) -> str:
    """Return a value as TOML on one line."""
    import tomlkit  # not at import: clients that never write stay light

    item = tomlkit.item(value)
    if isinstance(value, dict):
        item = tomlkit.inline_table()
        item.update(value)
    return str(item.as_string())


def questions_of(
    schema: Schema, definition: str, at: Key = (), *, wanted: tuple[str, ...] | None = None
) -> Iterator[Question]:
    """Yield a question for each key of a definition, in its order or in that of ``wanted``."""
    table = schema["$defs"][definition]
    properties: Mapping[str, Any] = table["properties"]
    required = frozenset(table.get("required", ()))
    for name in properties if wanted is None else wanted:
        if name in properties and "const" not in properties[name]:
            one = question((*at, name), properties[name])
            yield replace(one, required=name in required)


def question(key: Key, said: Schema) -> Question:
    """Return the question for what the schema says of a key."""
    examples = said.get("examples", ())
    choices = tuple(one for one in said.get("enum", ()) if isinstance(one, str))
    return Question(
        key=key,
        doc=str(said.get("description", "")),
        form=_form(said),
        default=said.get("default"),
        choices=choices,
        example=str(examples[0]) if examples else "",
    )


def _form(said: Schema) -> Form:
    if said.get("format") == "secret":
        return Form.SECRET
    if "enum" in said:
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
        case "object" if said.get("additionalProperties", {}) is not False:
            return Form.TABLE
    kinds = [one.get("type") for one in said.get("anyOf", ())]
    return Form.LIST if kinds == ["string", "array"] and "enum" not in str(said) else Form.VALUE


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text in choices:
        return text
    near = [one for one in choices if text and one.startswith(text.lower())]
    if len(near) != 1:
        raise ValueError(f"write one of {', '.join(one or '(empty)' for one in choices)}")
    return near[0]


def _number(text: str) -> int | float:
    for read in (int, float):
        with suppress(ValueError):
            return read(text)
    raise ValueError("write a number")


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("y", "yes", "true"):
        return True
    if word in ("n", "no", "false"):
        return False
    raise ValueError("write yes or no")


def _list(text: str) -> list[Any]:
    if text.startswith("["):
        value = _toml(text)
        if isinstance(value, list):
            return value
    return [one.strip() for one in text.split(",") if one.strip()]


def _table(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        value = _toml(text)
        if isinstance(value, dict):
            return value
    found: dict[str, Any] = {}
    for one in text.split(","):
        name, equals, value = one.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise ValueError("write name = value, name = value")
        found[name.strip()] = value.strip()
    return found


def _secret(text: str) -> str | dict[str, str]:
    found = _REFERENCE.fullmatch(text)
    if found:
        return {found[1]: found[2]}
    if text.startswith("{"):
        value = _toml(text)
        if isinstance(value, dict) and len(value) == 1 and set(value) <= set(SECRET_KINDS):
            return value
    if text.startswith(_LITERAL):
        return text.removeprefix(_LITERAL)
    raise ValueError(
        "write where the secret is: env:NAME, file:/PATH or credential:NAME"
        " (or literal:… to have it in the file)"
    )


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}\n")["value"]
    except (ValueError, KeyError) as why:
        raise ValueError(f"is not TOML: {why}") from None


def _bare(one: object) -> bool:
    return isinstance(one, str) and one == one.strip() != "" and not re.search(r"[,\[\]]", one)
