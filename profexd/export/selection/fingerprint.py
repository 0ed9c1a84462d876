"""A 64-bit hash of the values of a row, in SQL, and how to tell that the engine changed its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from profexd.api.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from profexd.api.types import Column, DataType

_FLOATS = frozenset({"float", "double"})
_AS_TEXT = frozenset({"interval", "enum"})
"""Equal for the engine, and yet written otherwise: 1 month is 30 days; an enum is a number."""
_LISTS = frozenset({"list", "array"})
_NESTED = _LISTS | {"struct", "tuple", "map", "union", "variant"}

_PROBES = (
    "true",
    "NULL::INTEGER",
    "1::TINYINT",
    "-2::SMALLINT",
    "3::INTEGER",
    "-4::BIGINT",
    "5::HUGEINT",
    "6::UTINYINT",
    "7::USMALLINT",
    "8::UINTEGER",
    "9::UBIGINT",
    "1.5::DECIMAL(4, 1)",
    "1.5::DECIMAL(9, 1)",
    "1.5::DECIMAL(18, 1)",
    "1.5::DECIMAL(38, 1)",
    "0.5::FLOAT",
    "0.5::DOUBLE",
    "''",
    "'twelve bytes'",
    "'more than twelve bytes, which the engine keeps elsewhere'",
    "'a'::BLOB",
    "DATE '2020-02-29'",
    "TIME '12:00:01'",
    "TIMESTAMP '2020-02-29 12:00:01'",
    "TIMESTAMPTZ '2020-02-29 12:00:01Z'",
    "TIMESTAMP_NS '2020-02-29 12:00:01'",
    "UUID '00112233-4455-6677-8899-aabbccddeeff'",
    "[1, NULL, 2]",
    "['a', 'b']",
    "MAP {'a': 1, 'b': 2}",
    "{'a': 1}::VARIANT",
)


def row_hash(columns: Sequence[Column], of: str) -> str:
    """Return the SQL of a UBIGINT that differs where any of ``columns`` would be written otherwise.

    ``of`` is what a statement calls the rows that have them.

    The engine's own hash takes some values for one that a file shows as two (no list, an empty
    one, and one of NULLs; 0.0 and -0.0): what tells them apart is hashed with them.
    """
    terms = (_terms(f"{of}.{identifier(column.name)}", column.type) for column in columns)
    return f"hash({', '.join(terms)})"


def engine_mark(connection: duckdb.DuckDBPyConnection) -> str:
    """Return a text that stays the same as long as the engine hashes the same values alike."""
    hashes = ", ".join(f"hash({probe}, 1), hash(1, {probe})" for probe in _PROBES)
    [row] = connection.execute(f"SELECT {hashes}").fetchall()
    return hashlib.sha256(repr(row).encode()).hexdigest()[:32]


def header_mark(columns: Sequence[Column], *others: str) -> str:
    """Return a text that stays the same as long as names and types of ``columns`` do."""
    header = [(column.name, column.type.text) for column in columns]
    return hashlib.sha256(repr((header, others)).encode()).hexdigest()[:32]


def _terms(value: str, type_: DataType) -> str:
    """Return what is hashed of one value: expressions, joined by commas."""
    if type_.id in _FLOATS:
        return f"{value}, signbit({value})"
    if type_.id in _AS_TEXT:
        return f"CAST({value} AS VARCHAR)"
    if type_.id == "struct":
        members = (
            _terms(f"struct_extract({value}, {literal(name)})", child)
            for name, child in type_.children
        )
        return ", ".join((f"{value} IS NULL", *members))
    children = [child for _, child in type_.children]
    if type_.id in _LISTS | {"map"} and all(_plain(child) for child in children):
        size = "cardinality" if type_.id == "map" else "len"
        return f"{value}, {size}({value})"
    if type_.id in _LISTS and children[0].id in _FLOATS:
        signs = f"list_transform({value}, lambda x: signbit(x))"
        return f"{value}, len({value}), {signs}"
    if type_.id in _NESTED - {"variant"}:
        return f"to_json({value})"
    return value


def _plain(type_: DataType) -> bool:
    """Whether the engine's hash tells apart whatever a file does."""
    return type_.id not in _FLOATS | _AS_TEXT | _NESTED
