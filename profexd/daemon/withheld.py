"""The documents of a pipeline without literal secrets: what the store may hold of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from profexd.api.options import Secret

_WITHHELD = "\0withheld"


def withhold(documents: dict[str, Any], secrets: Iterable[Secret]) -> dict[str, Any]:
    """Return the documents with a mark in place of every literal secret."""
    literals = {secret.value for secret in secrets if secret.kind == "literal" and secret.value}
    replaced: dict[str, Any] = _replace(documents, literals)
    return replaced


def complete(documents: dict[str, Any]) -> bool:
    """Whether nothing was withheld."""
    return not _contains(documents)


def _replace(value: Any, literals: set[str]) -> Any:
    match value:
        case str():
            return _WITHHELD if value in literals else value
        case dict():
            return {key: _replace(item, literals) for key, item in value.items()}
        case list() | tuple():
            return [_replace(item, literals) for item in value]
        case _:
            return value


def _contains(value: Any) -> bool:
    match value:
        case str():
            return value == _WITHHELD
        case dict():
            return any(_contains(item) for item in value.values())
        case list():
            return any(_contains(item) for item in value)
        case _:
            return False
