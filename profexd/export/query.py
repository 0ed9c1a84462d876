"""The SQL of a run, built from its pipeline: source, where, order."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from profexd.api.errors import ConfigurationInvalid
from profexd.api.sql import identifier
from profexd.api.types import Column, DataType
from profexd.export.engine import failing, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from profexd.config.model import Pipeline
    from profexd.export.source import OpenSource
    from profexd.export.stop import Stop


PARTITION = "profexd_partition_"
"""Columns of this name and a number hold what a row is partitioned by; no file has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The SELECT of a run in its pieces, so that a room may put columns behind those of the file.

    All pieces are SQL over the columns of the source.
    """

    shown: str
    """What stands after SELECT: the columns of the file."""
    rest: str
    """FROM and WHERE."""
    columns: tuple[Column, ...]
    """Those of the file."""
    hidden: tuple[tuple[str, str], ...] = ()
    """(expression, name) of columns behind them that no file has."""
    order: tuple[tuple[str, bool], ...] = ()
    """(expression, descending), NULLs last; what the rows are partitioned by comes first."""
    key: str | None = None
    """The expression of the source's key."""

    def statement(self) -> str:
        """Return the ordered SELECT of the file's columns and the hidden ones."""
        hidden = (f"{expression} AS {name}" for expression, name in self.hidden)
        statement = f"SELECT {', '.join((self.shown, *hidden))} {self.rest}"
        terms = (f"{term} {'DESC' if down else 'ASC'} NULLS LAST" for term, down in self.order)
        order = ", ".join(terms)
        return f"{statement}\nORDER BY {order}" if order else statement


def select(
    source: OpenSource, pipeline: Pipeline, *, stop: Stop, folder: Path, partitioned: bool = False
) -> Selection:
    """Return the SELECT that a run reads.

    Where it is ``partitioned`` it has a hidden column PARTITION for each of ``partition_by``, and
    is ordered by them first.
    Raises ConfigurationInvalid for a ``where``, ``order_by`` or ``partition_by`` that does not fit
    the source.
    """
    rest = f"FROM {source.relation}"
    with failing(pipeline.source.name, stop=stop, folder=folder):
        columns = describe(source.connection, f"SELECT * {rest}")
    partitions: list[str] = []
    if partitioned:
        partitions = [_reference(name, columns, "partition_by") for name in pipeline.partition_by]
    if pipeline.where is not None:
        rest += f"\nWHERE {condition(source.connection, pipeline.where)}"
        try:
            source.connection.sql(f"SELECT * {rest}")
        except duckdb.Error as error:
            stop.check()
            raise ConfigurationInvalid(
                f"where: {first_line(error)}",
                hint="where must be one condition over the columns of the source",
            ) from error
    key = pipeline.source.key
    return Selection(
        shown="*",
        rest=rest,
        columns=columns,
        hidden=tuple((name, f"{PARTITION}{place}") for place, name in enumerate(partitions)),
        order=(*((name, False) for name in partitions), *_order(pipeline, columns)),
        key=None if key is None else _reference(key, columns, "profiles.key"),
    )


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
            if name != "size" and not (kind == "union" and name == "")
        )
        return DataType(kind, text, children)
    if kind == "decimal":
        digits = dict(type_.children)
        return DataType(kind, text, (), int(digits["precision"]), int(digits["scale"]))
    return DataType(kind, text)


def condition(connection: duckdb.DuckDBPyConnection, where: str) -> str:
    """Return ``where`` in parentheses if it is one expression by itself.

    It is parsed both bare and in parentheses: what means the same both ways can neither close
    the parentheses nor add a clause, a statement or a second expression.
    """
    hint = 'write one DuckDB expression, as in "visits > 3"'
    if "\0" in where:
        raise ConfigurationInvalid("where: it holds a NUL character", hint=hint)
    bare = _expression(connection, f"SELECT {where}\n", hint)
    inside = f"({where}\n)"
    if bare is None or bare != _expression(connection, f"SELECT {inside}", hint):
        raise ConfigurationInvalid("where: it is not one expression by itself", hint=hint)
    return inside


def _expression(connection: duckdb.DuckDBPyConnection, statement: str, hint: str) -> Any:
    """Return the tree of a SELECT of exactly one expression and nothing else; else None."""
    [(serialized,)] = connection.execute(
        "SELECT json_serialize_sql(?::VARCHAR)", [statement]
    ).fetchall()
    tree = json.loads(serialized)
    if tree["error"]:
        said = str(tree.get("error_message", "it cannot be read")).splitlines()[0]
        if tree.get("error_type") != "parser":
            # The engine speaks of serializing, which is our way of looking, not the user's mistake.
            said = "it is not one expression by itself"
        raise ConfigurationInvalid(f"where: {said}", hint=hint)
    statements = tree["statements"]
    if len(statements) != 1:
        return None
    expressions: list[Any] = statements[0]["node"].get("select_list", [])
    if len(expressions) != 1 or expressions[0]["class"] == "STAR":
        return None
    return _without_places(tree)


def _without_places(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            key: _without_places(value)
            for key, value in tree.items()
            if not key.startswith("query_location")
        }
    if isinstance(tree, list):
        return [_without_places(value) for value in tree]
    return tree


def _order(pipeline: Pipeline, columns: Sequence[Column]) -> list[tuple[str, bool]]:
    wanted = [(name, descending, "order_by") for name, descending in pipeline.order_by]
    if pipeline.source.key is not None:
        wanted.append((pipeline.source.key, False, "profiles.key"))
    terms: dict[str, tuple[str, bool]] = {}
    for name, descending, key in wanted:
        reference = _reference(name, columns, key)
        # A column named twice is ordered by its first mention.
        terms.setdefault(reference.lower(), (reference, descending))
    return list(terms.values())


def _reference(name: str, columns: Sequence[Column], key: str) -> str:
    """Return the SQL for a column, or for a member of a struct column (``address.city``)."""
    by_name = {column.name.lower(): column for column in columns}
    whole = by_name.get(name.lower())
    if whole is not None:
        return identifier(whole.name)
    pieces = name.split(".")
    for count in range(len(pieces) - 1, 0, -1):
        column = by_name.get(".".join(pieces[:count]).lower())
        if column is None:
            continue
        member = _member(column.type, pieces[count:])
        if member is not None:
            return ".".join(identifier(part) for part in (column.name, *member))
    known = [column.name for column in columns]
    known += [
        f"{column.name}.{child}"
        for column in columns
        if column.type.id == "struct"
        for child, _ in column.type.children
    ]
    near = difflib.get_close_matches(name, known, n=1)
    raise ConfigurationInvalid(
        f'{key}: the source has no column "{name}"',
        hint=f'did you mean "{near[0]}"?' if near else "it has " + ", ".join(known[:20]),
    )


def _member(type_: DataType, pieces: Sequence[str]) -> list[str] | None:
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
    return path
