"""What must stand in a Parquet file of a table."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.properties.kinds import Kind
from tests.properties.nested import List, Map, Struct
from tests.properties.readers import Members, tree_of
from tests.properties.tables import Table


def found(kind: Kind, value: Any) -> Any:
    """An Arrow scalar as numbers, bytes and text, in the shape of ``Kind.parquet``."""
    if not value.is_valid:
        return None
    if not kind.carried:
        text = value.as_py()
        assert isinstance(text, str)
        return tree_of(text) if kind.nested else text
    if isinstance(kind, List):
        return [found(kind.child, item) for item in value]
    if isinstance(kind, Struct):
        return Members((name, found(child, value[name])) for name, child in kind.members)
    if isinstance(kind, Map):
        return [(found(kind.key, key), found(kind.child, item)) for key, item in _entries(value)]
    if hasattr(value, "value") and not isinstance(value, pa.ExtensionScalar):
        return value.value
    plain = value.as_py()
    return plain.bytes if isinstance(plain, uuid.UUID) else plain


def _entries(value: Any) -> Any:
    entries = value.values
    return zip(entries.field(0), entries.field(1), strict=True)


def same(one: Any, other: Any) -> bool:
    """Equal, where NaN is NaN and minus zero is not zero."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("d", one) == struct.pack("d", other) or (one != one and other != other)
    if isinstance(one, Members) and isinstance(other, Members):
        return same(list(one), list(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def check(table: Table, file: Path, options: dict[str, Any]) -> None:
    read = pq.read_table(file)
    assert read.column_names == table.names
    assert read.num_rows == len(table.rows)
    for place, kind in enumerate(table.kinds):
        for scalar, row in zip(read.column(place), table.rows, strict=True):
            assert same(found(kind, scalar), kind.parquet(row[place])), (kind, row[place], scalar)
