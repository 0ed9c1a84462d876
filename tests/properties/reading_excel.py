"""What must stand in a workbook of a table; openpyxl and calamine read it."""

from __future__ import annotations

import io
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine

from tests.properties.instants import DAY, INFINITE_TICKS
from tests.properties.kinds import Date, Decimals, Floating, Integer, Kind, Time, Timestamp
from tests.properties.reading_xml import carried, says
from tests.properties.tables import Table

DIGITS = 15
LONGEST = 32_767
_FIRST = (date(1900, 1, 1) - date(1970, 1, 1)).days
_LAST = (date(9999, 12, 31) - date(1970, 1, 1)).days
_NEAR = timedelta(milliseconds=1)
"""Readers round instants to milliseconds."""


def check(table: Table, file: Path, options: dict[str, Any]) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(file.read_bytes()))
    [sheet] = workbook.worksheets
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    header, *records = (list(row) for row in sheet.iter_rows(values_only=True))
    assert header == [carried(name) for name in table.names]
    # A row of NULLs alone at the end of a sheet is no row to a reader.
    records += [[None] * len(header)] * (len(table.rows) - len(records))
    assert len(records) == len(table.rows)
    for record, row in zip(records, table.rows, strict=True):
        for cell, kind, value in zip(record, table.kinds, row, strict=True):
            assert _holds(cell, kind, value), (kind, cell, value)
    _check_with_calamine(table, file)


def _check_with_calamine(table: Table, file: Path) -> None:
    with python_calamine.CalamineWorkbook.from_path(str(file)) as workbook:
        read = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    header, *records = read
    assert header == [carried(name) for name in table.names]
    for record, row in zip(records, table.rows, strict=False):
        for cell, kind, value in zip(record, table.kinds, row, strict=True):
            if value is None:
                assert cell == ""
            elif isinstance(cell, str):
                assert _holds(cell, kind, value), (kind, cell, value)


def _holds(cell: Any, kind: Kind, value: Any) -> bool:
    if value is None:
        return cell is None
    match kind:
        case Integer() | Decimals():
            digits = str(abs(value)) if isinstance(value, int) else value.as_tuple().digits
            if len(digits) > DIGITS:
                return bool(cell == kind.text(value))
            return not isinstance(cell, str) and abs(Decimal(repr(cell)) - value) == 0
        case Floating():
            if not math.isfinite(value):
                return bool(
                    cell == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
                )
            return not isinstance(cell, str) and float(cell) == float(kind.text(value))
        case Date() if _FIRST <= value <= _LAST:
            return bool(cell == datetime(1970, 1, 1) + timedelta(value))
        case Time() if value < kind.per_second * DAY - kind.per_second // 1_000:
            return isinstance(cell, time) and _is_near(
                datetime.combine(date(2000, 1, 1), cell) - datetime(2000, 1, 1),
                value,
                kind.per_second,
            )
        case Timestamp() if _is_typed(value, kind.per_second):
            return isinstance(cell, datetime) and _is_near(
                cell - datetime(1970, 1, 1), value, kind.per_second
            )
        case _ if kind.sql == "BOOLEAN":
            return cell is value
        case _:
            return _is_text(cell, kind, value)


def _is_typed(ticks: int, per_second: int) -> bool:
    """Whether a workbook can hold the instant: from 1900 until the last second of 9999."""
    seconds = ticks // per_second
    return abs(ticks) != INFINITE_TICKS and _FIRST * DAY <= seconds < (_LAST + 1) * DAY - 1


def _is_near(found: timedelta, ticks: int, per_second: int) -> bool:
    return abs(found - timedelta(microseconds=ticks * 10**6 // per_second)) <= _NEAR


def _is_text(cell: Any, kind: Kind, value: Any) -> bool:
    # openpyxl leaves the escape of what would read as an escape.
    text = "" if cell is None else cell.replace("_x005F_", "_") if isinstance(cell, str) else cell
    if isinstance(text, datetime | time):
        # The last second of 9999 and the last millisecond of a day may stand as either.
        return True
    return isinstance(text, str) and says(kind, text, value)
