"""The text of a file that is being written: keys are set and unset, comments and order stay."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from profexd.edit.errors import EditError
from profexd.edit.questions import SECRET_KINDS, Key

_INLINE = frozenset({"device", "preferences", "rename", "max_null"})
"""Tables that people write on one line."""


class Draft:
    """TOML that knows where its comments are."""

    def __init__(self, text: str = "", *, label: str = "") -> None:
        try:
            self._document = tomlkit.parse(text)
        except TOMLKitError as why:
            raise EditError(
                f"{label}: is not TOML: {why}",
                code="config_invalid",
                hint="profexctl edit shows the line",
            ) from None

    @property
    def text(self) -> str:
        """The whole file."""
        return tomlkit.dumps(self._document)

    @property
    def values(self) -> dict[str, Any]:
        """What it says, without comments."""
        return tomllib.loads(self.text)

    def get(self, key: Key) -> Any:
        """Return the value at a key, or None."""
        value: Any = self.values
        for step in key:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        return value

    def set(self, key: Key, value: Any) -> None:
        """Set a key; tables around it are made where they are missing."""
        if not key or not all(key):
            raise EditError("a key is empty", code="usage", hint="as --set format.type=csv")
        table: Any = self._document
        for depth, step in enumerate(key[:-1], start=1):
            if step == "schedule" and depth == 1 and isinstance(table.get(step), str):
                when = table[step].unwrap()
                del table[step]
                table[step] = _table({"when": when})
            if step not in table:
                table[step] = _table({})
            table = table[step]
            if not isinstance(table, MutableMapping):
                raise EditError(
                    f"{'.'.join(key[:depth])} is no table, so it has no {key[depth]}",
                    code="usage",
                )
        name = key[-1]
        if self.get(key) == value and type(self.get(key)) is type(value):
            return
        table[name] = _item(name, value, inside=len(key) > 1)

    def unset(self, key: Key) -> None:
        """Remove a key, and the tables around it that it leaves empty."""
        path: list[Any] = [self._document]
        for step in key[:-1]:
            inner = path[-1].get(step)
            if not isinstance(inner, MutableMapping):
                return
            path.append(inner)
        for table, name in zip(reversed(path), reversed(key), strict=True):
            table.pop(name, None)
            if table is self._document or len(table):
                return


def fresh(values: Mapping[str, Any], order: Iterable[str]) -> Draft:
    """Return a draft of ``values``: keys in the order given, tables after them."""
    places = {name: number for number, name in enumerate(order)}
    names = sorted(values, key=lambda name: places.get(name, len(places)))
    draft = Draft()
    for tables in (False, True):
        for name in names:
            if _is_table(name, values[name]) is tables:
                draft.set((name,), values[name])
    return draft


def _is_table(name: str, value: Any) -> bool:
    if isinstance(value, list):
        return name == "notify"
    return isinstance(value, dict) and name not in _INLINE


def _item(name: str, value: Any, *, inside: bool) -> Any:
    if isinstance(value, dict) and (name in _INLINE or inside or _is_place(value)):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    if isinstance(value, dict):
        return _table(value)
    if name == "notify" and isinstance(value, list) and all(isinstance(v, dict) for v in value):
        tables = tomlkit.aot()
        for one in value:
            tables.append(_table(one))
        return tables
    return cast(Any, tomlkit.item(value))


def _is_place(value: Mapping[str, Any]) -> bool:
    """Whether it is where a secret is: ``{ env = "…" }``."""
    return len(value) == 1 and next(iter(value)) in SECRET_KINDS


def _table(value: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for name, one in value.items():
        table[name] = _item(name, one, inside=True)
    return table
