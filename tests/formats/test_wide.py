"""Tables of many columns, which the engine writes in pieces: every row whole, and in its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from tests.formats.exporting import Export
from tests.split.splitting import parts, pipeline

COLUMNS = 450
ROWS = [i for i in range(9_000) if i % 3 == 0]
Table = Callable[[str], Export]


@pytest.fixture
def wide(table: Table) -> Export:
    """More rows than the engine works on at a time, of which a filter takes some; most are NULL."""
    columns = ", ".join(
        f"CASE WHEN i % {COLUMNS} = {n} THEN 'é,' || i END AS c{n}" for n in range(COLUMNS)
    )
    return table(f"SELECT i, {columns} FROM range(9000) r(i)")


def record(i: int) -> dict[str, Any]:
    """What is there of a row."""
    return {"i": i, f"c{i % COLUMNS}": f"é,{i}"}


KEYS = {"where": "i % 3 = 0", "order_by": "i"}


def text(export: Export, format_: str, **options: Any) -> str:
    return export.build(export.pipeline(format_, keys=KEYS, **options)).path.read_text("utf-8")


@pytest.mark.parametrize(
    "options", [{}, {"ascii": True}, {"indent": True}, {"nulls": "write", "indent": True}], ids=str
)
def test_json_is_whole(wide: Export, options: dict[str, Any]) -> None:
    written = text(wide, "json", **options)
    read = json.loads(written)["records"]
    assert [{k: v for k, v in row.items() if v is not None} for row in read] == [
        record(i) for i in ROWS
    ]
    if "nulls" in options:
        assert {len(row) for row in read} == {COLUMNS + 1}
    if "indent" in options:
        assert written == json.dumps({"records": read}, indent="\t", ensure_ascii=False) + "\n"


def test_a_wide_record_of_nulls_is_empty(table: Table) -> None:
    export = table(
        f"SELECT {', '.join(f'NULL::INTEGER AS c{n}' for n in range(COLUMNS))} FROM range(3)"
    )
    assert export.text("json", layout="lines") == "{}\n" * 3
    assert json.loads(export.text("json", indent=True)) == {"records": [{}] * 3}


def test_csv_is_whole(wide: Export) -> None:
    header, *rows = csv.reader(io.StringIO(text(wide, "csv", null="-"), newline=""))
    assert len(header) == COLUMNS + 1
    read = [{n: v for n, v in zip(header, row, strict=True) if v != "-"} for row in rows]
    assert read == [{**record(i), "i": str(i)} for i in ROWS]


def test_xml_is_whole(wide: Export) -> None:
    root = etree.fromstring(text(wide, "xml", layout="flat").encode())
    read = [{cell.tag: cell.text for cell in row if cell.text} for row in root]
    assert read == [{**record(i), "i": str(i)} for i in ROWS]


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_parts_of_wide_rows_are_cut_between_rows(wide: Export, format_: str) -> None:
    options = {"layout": "lines"} if format_ == "json" else {"header": False}
    split = {"max_size": "40kB"}
    built = parts(wide, pipeline(wide, format_, split, key=None, keys=KEYS, **options))
    assert len(built) > 2
    assert max(part.file.size for part in built) <= 44_000
    joined = b"".join(part.file.path.read_bytes() for part in built)
    assert joined.decode() == text(wide, format_, **options)
