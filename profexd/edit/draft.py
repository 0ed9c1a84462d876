"""The text of a file that is being written: keys are set and unset, comments and order stay."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Table

from profexd.edit.answers import SECRET_KINDS, written
from profexd.edit.errors import EditError
from profexd.edit.questions import Place

_INLINE = frozenset({"device", "preferences", "rename", "max_null"})
"""Tables that people write on one line."""
_SERIES = "notify"
"""The list whose tables stand under [[…]] each."""


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

    def get(self, key: Place) -> Any:
        """Return the value at a key, or None."""
        return reached(self.values, key)

    def set(self, key: Place, value: Any) -> None:
        """Set a key; tables around it are made where they are missing."""
        if not key or not all(step != "" for step in key):
            raise EditError("a key is empty", code="usage", hint="as --set format.type=csv")
        table: Any = self._document
        for depth, step in enumerate(key[:-1], start=1):
            if step == "schedule" and depth == 1 and isinstance(table.get(step), str):
                when = table[step].unwrap()
                del table[step]
                table[step] = _table({"when": when})
            if isinstance(table, MutableMapping) and step not in table:
                table[step] = _table({})
            table = table[step]
            if not isinstance(table, MutableMapping | MutableSequence):
                raise EditError(
                    f"{_said(key[:depth])} is no table, so it has no {key[depth]}", code="usage"
                )
        name = key[-1]
        if self.get(key) == value and type(self.get(key)) is type(value):
            return
        table[name] = _item(name, value, inside=len(key) > 1)

    def unset(self, key: Place) -> None:
        """Remove a key, and the tables around it that it leaves empty."""
        path: list[Any] = [self._document]
        for step in key[:-1]:
            inner = _inner(path[-1], step)
            if not isinstance(inner, MutableMapping | MutableSequence):
                return
            path.append(inner)
        for table, name in zip(reversed(path), reversed(key), strict=True):
            if isinstance(table, MutableMapping):
                table.pop(name, None)
            else:
                del table[name]
            if table is self._document or len(table):
                return

    def take(self, place: Place, values: Mapping[str, Any]) -> None:
        """Have the table at a place say this and nothing else."""
        if self._anew(place, values):
            return
        for name in self.get(place) or {}:
            if name not in values:
                self.unset((*place, name))
        for name, value in values.items():
            self.set((*place, name), value)

    def insert(self, key: Place, index: int, value: Mapping[str, Any]) -> None:
        """Put a table into a list, which is made where it is missing."""
        found = self._list(key)
        if found is None:
            self.set(key, [dict(value)])
        elif isinstance(found, AoT):
            found.insert(index, _table(value, apart=index > 0))
        else:
            found.insert(index, _inline(value))

    def move(self, key: Place, index: int, to: int) -> None:
        """Put a member of a list to another place in it."""
        found = self._list(key)
        if found is not None:
            one = found[index]
            del found[index]
            found.insert(to, one)

    def rename(self, place: Place, old: str, new: str) -> None:
        """Give a key of the table at a place another name; the table says nothing else."""
        if not self._anew(place, {new: self.get((*place, old))}):
            table = self._reach(place)
            table[new] = table.pop(old)

    def _anew(self, place: Place, values: Mapping[str, Any]) -> bool:
        """Write a table on one line anew, well spaced; False where that would lose a comment."""
        table = self._reach(place)
        if not isinstance(table, InlineTable) or "#" in table.as_string():
            return False
        self._reach(place[:-1])[place[-1]] = _inline(values)
        return True

    def _reach(self, place: Place) -> Any:
        found: Any = self._document
        for step in place:
            found = found[step]
        return found

    def _list(self, key: Place) -> MutableSequence[Any] | None:
        found: Any = self._document
        for step in key:
            found = _inner(found, step)
        return found if isinstance(found, MutableSequence) else None


def reached(values: Any, key: Place) -> Any:
    """Return what stands at a key of plain values, or None."""
    for step in key:
        values = _inner(values, step)
    return values


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


def _said(key: Place) -> str:
    return ".".join(str(step) for step in key)


def _inner(found: Any, step: str | int) -> Any:
    if isinstance(found, MutableMapping):
        return found.get(step)
    known = isinstance(found, MutableSequence) and isinstance(step, int) and step < len(found)
    return found[step] if known else None


def _is_table(name: str, value: Any) -> bool:
    if isinstance(value, list):
        return name == _SERIES
    return isinstance(value, dict) and name not in _INLINE


def _item(name: str | int, value: Any, *, inside: bool) -> Any:
    if isinstance(value, dict):
        if name in _INLINE or inside or _is_place(value):
            return _inline(value)
        return _table(value)
    if not (isinstance(value, list) and value and all(isinstance(one, dict) for one in value)):
        return _inline(value)
    if name == _SERIES:
        tables = tomlkit.aot()
        for number, one in enumerate(value):
            tables.append(_table(one, apart=number > 0))
        return tables
    found = tomlkit.array()
    found.multiline(name == "conditions")
    for one in value:
        found.append(_inline(one))
    return found


def _is_place(value: Mapping[str, Any]) -> bool:
    """Whether it is where a secret is: ``{ env = "…" }``."""
    return len(value) == 1 and next(iter(value)) in SECRET_KINDS


def _inline(value: Any) -> Any:
    """Return a value as an item on one line, spaced as people do it."""
    return tomlkit.parse(f"value = {written(value)}\n")["value"]


def _table(value: Mapping[str, Any], *, apart: bool = False) -> Table:
    table = tomlkit.table()
    if apart:
        table.trivia.indent = "\n"
    for name, one in value.items():
        table[name] = _item(name, one, inside=True)
    return table
