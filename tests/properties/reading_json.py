"""What must stand in a JSON file of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.properties.kinds import Spelling
from tests.properties.readers import Members, tree_of
from tests.properties.tables import Table


def check(table: Table, file: Path, options: dict[str, Any]) -> None:
    """Find every value of every record, in order, and no other."""
    spelling = Spelling(
        nulls=options.get("nulls", "omit") == "write",
        special_floats=options.get("special_floats", False),
        quote_bigints=options.get("bigints") == "string",
    )
    records = _records(file.read_bytes().decode(), options)
    assert len(records) == len(table.rows)
    for record, row in zip(records, table.rows, strict=True):
        assert isinstance(record, Members)
        expected = [
            (name, kind, value)
            for (name, kind), value in zip(table.columns, row, strict=True)
            if value is not None or spelling.nulls
        ]
        assert [name for name, _ in record] == [name for name, _, _ in expected]
        for (_, found), (_, kind, value) in zip(record, expected, strict=True):
            if options.get("as_string") and value is not None:
                assert isinstance(found, str)
                assert kind.says(found, value, spelling), (found, kind, value)
            else:
                assert found == kind.json(value, spelling), (found, kind, value)


def _records(text: str, options: dict[str, Any]) -> list[Any]:
    if options.get("ascii"):
        assert text.isascii()
    if options.get("layout") == "lines":
        assert text == "" or text.endswith("\n")
        return [tree_of(line) for line in text.split("\n")[:-1]]
    document = tree_of(text)
    if options.get("layout") == "array":
        return list(document)
    [(name, records)] = document
    assert name == "records"
    return list(records)
