"""How answers are written: a line of text is read into a value, a value shown as such a line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, time
from enum import StrEnum
from typing import Any

SECRET_KINDS = ("env", "file", "credential")
_REFERENCE = re.compile(rf"({'|'.join(SECRET_KINDS)})\s*[:=]\s*(\S.*)")
_LITERAL = "literal:"
_WHERE = (
    "write where the secret is: env:NAME, file:/PATH or credential:NAME"
    " (or literal:… to have it in the file)"
)


class Form(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "yes or no"
    NUMBER = "number"
    LIST = "list"
    TABLE = "table"
    SECRET = "secret"  # noqa: S105 - the word for it
    SECRETS = "secrets"
    DATE = "date"
    SCALAR = "scalar"
    """A number, a date, true or false where it reads as one, else text."""
    SCALARS = "scalars"
    VALUE = "value"
    """Any of several kinds: words are text, a list stands in brackets, a table in braces."""
    ITEMS = "items"
    """Tables in a list, each with questions of its own."""


def read(form: Form, text: str, choices: Sequence[str] = ()) -> Any:
    """Return the value that an answer means; ValueError says what to write instead."""
    match form:
        case Form.CHOICE:
            return _choice(text, choices)
        case Form.BOOLEAN:
            return _boolean(text)
        case Form.NUMBER:
            return _number(text)
        case Form.LIST:
            return [_choice(one, choices) if choices else one for one in _list(text)]
        case Form.TABLE:
            return _table(text)
        case Form.SECRET:
            return _secret(text)
        case Form.SECRETS:
            return {name: _secret(value) for name, value in _table(text).items()}
        case Form.DATE:
            return _toml(text) if text[:1].isdigit() else text
        case Form.SCALAR:
            return _scalar(text)
        case Form.SCALARS:
            return _list(text) if text[:1] == "[" else [_scalar(one) for one in _list(text)]
        case Form.VALUE | Form.ITEMS:
            return _toml(text) if text[:1] in ("[", "{", '"', "'") else text
        case Form.TEXT:
            return text


def show(form: Form, value: Any) -> str:
    """Return a value as ``read`` reads it."""
    if value is None:
        return ""
    match form, value:
        case Form.SECRETS, {**members}:
            shown = (f"{name} = {show(Form.SECRET, one)}" for name, one in members.items())
            return ", ".join(shown)
        case Form.SCALAR, _:
            return _show_scalar(value)
        case Form.SCALARS, list() if all(_bare(one) or not isinstance(one, str) for one in value):
            return ", ".join(_show_scalar(one) for one in value)
        case Form.SECRET, str():
            return f"{_LITERAL}{value}"
        case Form.SECRET, {**members} if len(members) == 1:
            ((kind, place),) = members.items()
            return f"{kind}:{place}"
        case Form.LIST, list() if all(_bare(one) for one in value):
            return ", ".join(value)
        case Form.TABLE, {**members} if all(isinstance(one, str) for one in members.values()):
            return ", ".join(f"{name} = {column}" for name, column in members.items())
        case _, bool():
            return "yes" if value else "no"
        case _, str():
            return value
        case _:
            return written(value)


def written(value: Any) -> str:
    """Return a value as TOML on one line, spaced as people do it."""
    match value:
        case dict():
            import tomlkit  # not at import: clients that never write stay light

            members = (
                f"{tomlkit.key(str(k)).as_string()} = {written(v)}" for k, v in value.items()
            )
            return f"{{ {', '.join(members)} }}" if value else "{}"
        case list() if any(isinstance(one, dict) for one in value):
            return f"[ {', '.join(map(written, value))} ]"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case _:
            import tomlkit

            return str(tomlkit.item(value).as_string())


def _choice(text: str, choices: Sequence[str]) -> str:
    if text in choices:
        return text
    near = [one for one in choices if text and one.startswith(text.lower())]
    if len(near) != 1:
        raise ValueError(f"write one of {', '.join(one or '(empty)' for one in choices)}")
    return near[0]


def _number(text: str) -> int | float:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    raise ValueError("write a number")


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("y", "yes", "true"):
        return True
    if word in ("n", "no", "false"):
        return False
    raise ValueError("write yes or no")


def _scalar(text: str) -> Any:
    with suppress(ValueError, KeyError):
        value = tomllib.loads(f"value = {text}\n")["value"]
        if not isinstance(value, list | dict):
            return value
    if text[:1] in ("[", "{", '"', "'"):
        raise ValueError("write one word, number or date")
    return text


def _show_scalar(value: Any) -> str:
    if isinstance(value, bool | int | float | date | time):
        return written(value)
    return value if isinstance(value, str) and _scalar_or_none(value) == value else written(value)


def _scalar_or_none(text: str) -> Any:
    try:
        return _scalar(text)
    except ValueError:
        return None


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


def _secret(text: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(text, dict):
        return text
    found = _REFERENCE.fullmatch(text)
    if found:
        return {found[1]: found[2]}
    if text.startswith("{"):
        value = _toml(text)
        if isinstance(value, dict) and len(value) == 1 and set(value) <= set(SECRET_KINDS):
            return value
    if text.startswith(_LITERAL):
        return text.removeprefix(_LITERAL)
    raise ValueError(_WHERE)


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}\n")["value"]
    except (ValueError, KeyError) as why:
        raise ValueError(f"is not TOML: {why}") from None


def _bare(one: object) -> bool:
    return isinstance(one, str) and one == one.strip() != "" and not re.search(r"[,\[\]]", one)
