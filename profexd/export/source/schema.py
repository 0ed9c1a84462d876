"""The columns of a source, and what a name in the configuration leads to among them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from profexd.api.sql import identifier
from profexd.api.types import Column, DataType

if TYPE_CHECKING:
    import duckdb

SOURCE = "profexd_source"
"""How a statement calls the rows of the source: no header can then be taken for a column."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A column, or a member of a STRUCT column, as SQL and as a type."""

    name: str
    """As the source writes it; a member behind dots."""
    sql: str
    type: DataType
    column: str
    """The column itself."""


@dataclass(frozen=True)
class Schema:
    """The columns of a source. Names are found whatever their case, as SQL finds them."""

    columns: tuple[Column, ...]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name.lower(): column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column and every member of a STRUCT column."""
        members = [
            f"{column.name}.{child}"
            for column in self.columns
            if column.type.id == "struct"
            for child, _ in column.type.children
        ]
        return (*(column.name for column in self.columns), *members)

    def column(self, name: str) -> Reference | None:
        """Return the column ``name``; dots belong to it."""
        column = self._by_name.get(name.lower())
        if column is None:
            return None
        return Reference(column.name, _sql(column.name), column.type, column.name)

    def find(self, name: str) -> Reference | None:
        """Return the column ``name``, or the member of a STRUCT that it leads to by dots."""
        whole = self.column(name)
        if whole is not None:
            return whole
        pieces = name.split(".")
        for count in range(len(pieces) - 1, 0, -1):
            column = self._by_name.get(".".join(pieces[:count]).lower())
            member = column and _member(column.type, pieces[count:])
            if column and member:
                path, type_ = member
                shown = ".".join((column.name, *path))
                return Reference(shown, _sql(column.name, *path), type_, column.name)
        return None

    def hint(self, name: str) -> str:
        """Return what is near a name that is not there, or else what there is."""
        near = nearest(name, self.names)
        if near is not None:
            return f'did you mean "{near}"?'
        shown = ", ".join(column.name for column in self.columns[:20])
        return f"it has {shown}" + (", …" if len(self.columns) > 20 else "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that ``name`` was likely meant to be."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def describe(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Column, ...]:
    """Return the columns that ``statement`` would give, without running it."""
    relation = connection.sql(statement)
    return tuple(
        Column(name, data_type(type_))
        for name, type_ in zip(relation.columns, relation.types, strict=True)
    )


def data_type(type_: Any) -> DataType:
    """Return DuckDB's Python type as the plugin API has it."""
    text = str(type_)
    kind = "json" if text == "JSON" else str(type_.id)
    if kind in ("list", "array", "struct", "map", "union", "tuple"):
        children = tuple(
            (name, data_type(child))
            for name, child in type_.children
            if (kind, name) not in (("array", "size"), ("union", ""))
        )
        return DataType(kind, text, children)
    if kind == "decimal":
        digits = dict(type_.children)
        return DataType(kind, text, (), int(digits["precision"]), int(digits["scale"]))
    return DataType(kind, text)


def _sql(*names: str) -> str:
    return ".".join(identifier(name) for name in (SOURCE, *names))


def _member(type_: DataType, pieces: Sequence[str]) -> tuple[list[str], DataType] | None:
    path: list[str] = []
    for piece in pieces:
        found = [
            (name, child)
            for name, child in type_.children
            if type_.id == "struct" and name.lower() == piece.lower()
        ]
        if not found:
            return None
        name, type_ = found[0]
        path.append(name)
    return path, type_
