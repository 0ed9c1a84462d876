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


def restored(documents: dict[str, Any], current: dict[str, Any]) -> dict[str, Any] | None:
    """Return the documents with what was withheld taken from the same places of ``current``.

    None where one of these places is gone.
    """
    try:
        found: dict[str, Any] = _restore(documents, current)
    except (LookupError, TypeError):
        return None
    return found


def usable(
    documents: dict[str, Any] | None, current: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the documents that a run is finished with, or None where a secret of them is gone.

    They are its own; what was withheld of them, or all, is taken from ``current``.
    """
    if documents is not None and complete(documents):
        return documents
    if documents is None or current is None:
        return current
    return restored(documents, current)


def _restore(value: Any, current: Any) -> Any:
    match value:
        case str() if value == _WITHHELD:
            return current
        case dict() if _contains(value):
            return {
                key: _restore(item, current[key]) if _contains(item) else item
                for key, item in value.items()
            }
        case list() if _contains(value):
            return [
                _restore(item, current[place]) if _contains(item) else item
                for place, item in enumerate(value)
            ]
        case _:
            return value


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
