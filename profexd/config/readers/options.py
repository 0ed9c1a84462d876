"""From a plugin's options dataclass to a strict reader of tables, built once per class."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from profexd.api.options import Options, Secret


def options_model(options: type[Options]) -> type[BaseModel]:
    """Return the pydantic model that reads a table into ``options``."""
    return _model(cast("Hashable", options))


@lru_cache(maxsize=256)
def _model(options: Hashable) -> type[BaseModel]:
    assert isinstance(options, type)
    hints = get_type_hints(options, include_extras=True)
    fields: dict[str, Any] = {}
    for one in dataclasses.fields(options):
        if one.default is not dataclasses.MISSING:
            default = Field(default=one.default)
        elif one.default_factory is not dataclasses.MISSING:
            default = Field(default_factory=one.default_factory)
        else:
            default = Field()
        fields[one.name] = (_readable(hints[one.name]), default)
    return create_model(
        options.__name__,
        __config__=ConfigDict(extra="forbid", strict=True),
        __doc__=None,
        **fields,
    )


def option_names(options: type[Options]) -> frozenset[str]:
    """Return the keys that a plugin takes beside ``type``."""
    return frozenset(one.name for one in dataclasses.fields(options))


def construct(options: type[Options], valid: BaseModel) -> Options:
    """Return the dataclass for what ``options_model`` has read."""
    return options(**{name: getattr(valid, name) for name in type(valid).model_fields})


def secrets_of(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    """Yield every secret within ``value``, with where it is."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from secrets_of(member, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from secrets_of(member, (*path, index))
    elif isinstance(value, Options):
        for one in dataclasses.fields(value):
            yield from secrets_of(getattr(value, one.name), (*path, one.name))


def literal_secrets(
    options: type[Options], data: Mapping[str, Any]
) -> Iterator[tuple[str | int, ...]]:
    """Yield where a table that need not be valid says a secret as text."""
    hints = get_type_hints(options)
    for one in dataclasses.fields(options):
        if one.name in data:
            yield from _literals(hints[one.name], data[one.name], (one.name,))


def _literals(
    hint: Any, value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    if hint is Secret:
        if isinstance(value, str):
            yield path
        return
    inner = get_args(hint)
    if isinstance(value, dict) and get_origin(hint) is dict:
        for key, member in value.items():
            yield from _literals(inner[1], member, (*path, key))
    elif isinstance(value, list) and get_origin(hint) in (list, tuple):
        for index, member in enumerate(value):
            yield from _literals(inner[0], member, (*path, index))
    elif get_origin(hint) in (Union, UnionType):
        for choice in inner:
            yield from _literals(choice, value, path)


def _readable(hint: Any) -> Any:
    """TOML has lists only: let a field that is a tuple take one."""
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(bare) is tuple:
        return Annotated[hint, BeforeValidator(_list_to_tuple)]
    return hint


def _list_to_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
