"""``where``: one expression of DuckDB, and nothing but that."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import duckdb

from profexd.api.errors import ConfigurationInvalid
from profexd.export.source.engine import first_line

if TYPE_CHECKING:
    from profexd.export.stop import Stop

_NEAR = re.compile(r'^(?:Candidate bindings: |Did you mean )("[^"\n]+")', re.MULTILINE)
"""How the engine names what is near a name that it does not know."""


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


def refuse_unfit(connection: duckdb.DuckDBPyConnection, statement: str, stop: Stop) -> None:
    """Raise ConfigurationInvalid if the engine cannot plan ``statement``, which has the where."""
    try:
        connection.sql(statement)
    except duckdb.Error as error:
        stop.check()
        near = _NEAR.search(str(error))
        raise ConfigurationInvalid(
            f"where: {first_line(error)}",
            hint=f"did you mean {near[1]}?"
            if near
            else "where must be one condition over the columns of the source",
        ) from error
