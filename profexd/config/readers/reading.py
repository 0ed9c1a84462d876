"""Reads a table by a pydantic model and says in plain words, key by key, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from profexd.config.readers.tables import Add
from profexd.config.text.problems import (
    UNKNOWN_KEY,
    Mistake,
    Path,
    Scope,
    dotted,
    listed,
    meant,
    nearest,
)

Model = TypeVar("Model", bound=BaseModel)
Homes = Mapping[str, Sequence[str]]
"""The keys of every table of a file, by the table's dotted name."""

_TYPES = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dataclass_type": "must be a table",
    "date_type": "must be a date, as 2026-12-01",
    "datetime_type": "must be a date with a time, as 2026-12-01T03:00:00",
    "time_type": "must be a time, as 03:00:00",
}
_BOUNDS = {
    "greater_than": ("must be more than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


def read(
    model: type[Model],
    data: Mapping[str, Any],
    scope: Scope,
    *,
    partial: bool = False,
    homes: Homes | None = None,
) -> Model | None:
    """Return ``data`` as ``model``, or None once everything wrong with it was reported.

    ``partial`` overlooks keys that are missing. ``homes`` are those of the whole file, where
    ``model`` is but a table of it.
    """
    try:
        return model.model_validate(dict(data))
    except ValidationError as invalid:
        _report(_by_place(invalid, data), model, scope, homes or homes_of(model), partial=partial)
        return None


def read_lenient(
    model: type[Model], data: Mapping[str, Any], scope: Scope, *, homes: Homes
) -> Model:
    """Return ``data`` as ``model`` without the keys that are wrong, which are reported.

    So one look at the problems is enough. A required key that is missing or wrong is None.
    """
    try:
        return model.model_validate(dict(data))
    except ValidationError as invalid:
        places = _by_place(invalid, data)
        _report(places, model, scope, homes)
    wrong = {path[0] for path in places if path}
    required = [name for name, field in fields_of(model).items() if field.is_required()]
    return model.model_validate(
        {
            **dict.fromkeys(required),
            **{key: value for key, value in data.items() if key not in wrong},
        }
    )


def kind_of(value: object) -> str:
    """Return what TOML calls a value, for ``must be text, not …``."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case datetime():
            return "a date with a time"
        case date():
            return "a date"
        case time():
            return "a time"
        case list():
            return "a list"
        case _:
            return "a table"


def must_be(what: str, value: object) -> tuple[str, str]:
    """Return message and hint for a value of the wrong type."""
    hint = ""
    if what == "must be text" and not isinstance(value, (list, dict)):
        written = str(value).lower() if isinstance(value, bool) else str(value)
        hint = f'write it in quotes: "{written}"'
    elif what == "must be true or false" and str(value).lower() in ("true", "false", "yes", "no"):
        truth = str(value).lower() in ("true", "yes")
        hint = f"write {str(truth).lower()}, without quotes"
    elif isinstance(value, str) and "number" in what and value.strip().lstrip("-").isdigit():
        hint = f"write it without quotes: {value.strip()}"
    kind = "a fraction" if isinstance(value, float) and "whole" in what else kind_of(value)
    return f"{what}, not {kind}", hint


def not_a_date(value: object) -> tuple[str, str]:
    """Return message and hint for a value that says no date."""
    if isinstance(value, str):
        return f'"{value}" is not a date, nor a date with a time', "as 2026-12-01T03:00:00"
    return must_be("must be a date, as 2026-12-01, or a date with a time", value)


def unknown_key(key: str, known: list[str], here: Path, homes: Homes) -> tuple[str, str]:
    """Return message and hint for a key that the table ``here`` does not have.

    ``homes`` are the keys of all tables of the file: a key that belongs elsewhere is told where.
    """
    table = dotted(here)
    if table and key in homes.get("", ()):
        return (
            UNKNOWN_KEY,
            f'"{key}" does not belong to [{table}]: write it above the first [table] of the file',
        )
    for other, keys in homes.items():
        if other and other != table and key in keys:
            return UNKNOWN_KEY, f'"{key}" belongs to [{other}]'
    near = nearest(key, known)
    if near:
        return f'{UNKNOWN_KEY}; did you mean "{near}"?', f'write "{near}", or remove it'
    return UNKNOWN_KEY, f"known here: {', '.join(known)}" if known else "remove it"


def homes_of(model: type[BaseModel], path: Path = ()) -> dict[str, list[str]]:
    """Return the keys of every table of a file, by the table's dotted name."""
    homes = {dotted(path): list(fields_of(model))}
    for name in fields_of(model):
        inner = _model_at(model, (name,))
        if inner:
            homes |= homes_of(inner, (*path, name))
    return homes


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a table by their keys: a key may be a word that Python lacks as name."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _report(
    places: Mapping[Path, list[ErrorDetails]],
    model: type[BaseModel],
    scope: Scope,
    homes: Homes,
    *,
    partial: bool = False,
) -> None:
    """Report wrong keys, then missing ones: a misspelt key is not missing too."""
    missing = [path for path, errors in places.items() if errors[0]["type"] == "missing"]
    for path, errors in places.items():
        if path not in missing:
            scope.add(path, *_explained(model, path, errors, scope, homes))
    for path in missing if not partial else ():
        scope.missing(path, _how_to_add(model, path))


def _by_place(invalid: ValidationError, data: Mapping[str, Any]) -> dict[Path, list[ErrorDetails]]:
    """Group by the path in the data: unions and validators add steps that no file has."""
    grouped: dict[Path, list[ErrorDetails]] = {}
    for error in invalid.errors(include_url=False):
        path: list[str | int] = []
        value: Any = data
        for number, step in enumerate(error["loc"], 1):
            last_is_missing = error["type"] == "missing" and number == len(error["loc"])
            if isinstance(value, Mapping) and (step in value or last_is_missing):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                continue
            path.append(step)
        grouped.setdefault(tuple(path), []).append(error)
    return {
        path: errors
        for path, errors in grouped.items()
        if not (_all_of_type(errors) and any(_deeper(other, path) for other in grouped))
    }


def _all_of_type(errors: list[ErrorDetails]) -> bool:
    return all(error["type"] in _TYPES for error in errors)


def _deeper(other: Path, path: Path) -> bool:
    """Whether a member of a union was right about ``path``, and wrong only about what is in it."""
    return len(other) > len(path) and other[: len(path)] == path


def _explained(
    model: type[BaseModel], path: Path, errors: list[ErrorDetails], scope: Scope, homes: Homes
) -> tuple[str, str]:
    if len(errors) > 1 and _all_of_type(errors):
        wanted = dict.fromkeys(_TYPES[error["type"]].removeprefix("must be ") for error in errors)
        return must_be(f"must be {' or '.join(wanted)}", errors[0]["input"])
    error = errors[0]
    if len(errors) > 1 and error["type"] == "literal_error":
        return _choice_or(errors)
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        table = _model_at(model, path[:-1])
        known = list(fields_of(table)) if table else []
        here = (*scope.prefix, *path[:-1])
        return unknown_key(str(path[-1]), known, here, homes)
    if kind in _TYPES:
        return must_be(_TYPES[kind], value)
    if kind == "literal_error":
        return not_one_of(value, _choices(str(context["expected"])))
    if kind == "value_error":
        why = context["error"]
        return str(why), why.hint if isinstance(why, Mistake) else ""
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{words} {context[bound]}", ""
    return error["msg"][:1].lower() + error["msg"][1:], ""


def not_one_of(value: object, choices: list[str]) -> tuple[str, str]:
    """Return message and hint for a value that is none of the choices."""
    if not isinstance(value, str):
        return f"must be {listed(choices)}, not {kind_of(value)}", ""
    if len(choices) == 1:
        return f'must be {listed(choices)}, not "{value}"', ""
    return f'"{value}" is not known here{meant(value, choices)}', f"write {listed(choices)}"


def _choice_or(errors: list[ErrorDetails]) -> tuple[str, str]:
    """Of a value that may be one of some words, or of another type."""
    value, words = errors[0]["input"], _choices(str(errors[0].get("ctx", {})["expected"]))
    others = [
        _TYPES[error["type"]].removeprefix("must be ")
        for error in errors
        if error["type"] in _TYPES
    ]
    if isinstance(value, str):
        message, _ = not_one_of(value, words)
        return message, f"write {listed(words)}, or {' or '.join(others)}"
    return f"must be {', '.join([listed(words), *others])}, not {kind_of(value)}", ""


def _choices(expected: str) -> list[str]:
    return [part.strip("' ") for part in expected.replace(" or ", ", ").split(", ")]


def _how_to_add(model: type[BaseModel], path: Path) -> str:
    table = _model_at(model, path[:-1])
    metadata = fields_of(table)[str(path[-1])].metadata if table else []
    return next((f"add {one.text}" for one in metadata if isinstance(one, Add)), "")


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    for step in path:
        field = fields_of(model).get(step) if isinstance(step, str) else None
        inner = _table_of(field.annotation) if field else None
        if inner is None:
            return None
        model = inner
    return model


def _table_of(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a field holds, or may hold."""
    choices = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )
    tables = [one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)]
    return tables[0] if tables else None
