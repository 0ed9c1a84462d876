"""Tools that take one row after another from Python: openpyxl, xlsxwriter, lxml."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.cases import Case
from benchmarks.inputs import CELLS, Inputs

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Writer = Callable[[Path], None]


def way(case: Case, inputs: Inputs) -> Writer:
    """Return what writes the file of ``case`` into a folder."""
    return {"openpyxl": _openpyxl, "xlsxwriter": _xlsxwriter, "lxml": _lxml}[case.way](case, inputs)


def _rows(select: str, case: Case, inputs: Inputs) -> Iterator[tuple[Any, ...]]:
    """Yield the column names, then rows."""
    with duckdb.connect(str(inputs.database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"{select} FROM profiles LIMIT {case.rows}")
        yield tuple(column[0] for column in found.description or ())
        while rows := found.fetchmany(4_096):
            yield from rows


def _openpyxl(case: Case, inputs: Inputs) -> Writer:
    import openpyxl

    def write(folder: Path) -> None:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("profiles")
        for row in _rows(CELLS, case, inputs):
            sheet.append(row)
        book.save(folder / "out")

    return write


def _xlsxwriter(case: Case, inputs: Inputs) -> Writer:
    import xlsxwriter  # type: ignore[import-untyped]

    options = {
        "constant_memory": True,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
        "strings_to_urls": False,
        "strings_to_formulas": False,
    }

    def write(folder: Path) -> None:
        options["tmpdir"] = str(folder)
        with xlsxwriter.Workbook(str(folder / "out"), options) as book:
            sheet = book.add_worksheet("profiles")
            for place, row in enumerate(_rows(CELLS, case, inputs)):
                sheet.write_row(place, 0, row)

    return write


def _lxml(case: Case, inputs: Inputs) -> Writer:
    from lxml import etree

    def write(folder: Path) -> None:
        rows = _rows(CELLS, case, inputs)
        names = next(rows)
        with (
            _open(folder / "out", case.compression) as out,
            etree.xmlfile(out, encoding="utf-8") as file,
            file.element("root"),
        ):
            for row in rows:
                profile = etree.Element("Profile")
                for name, value in zip(names, row, strict=True):
                    cell = etree.SubElement(profile, name)
                    if value is not None:
                        cell.text = str(value)
                file.write(profile)

    return write


def _open(path: Path, compression: str) -> Any:
    if compression == "gzip":
        return gzip.open(path, "wb", compresslevel=1)
    return zstd.open(path, "wb") if compression == "zstd" else path.open("wb")
