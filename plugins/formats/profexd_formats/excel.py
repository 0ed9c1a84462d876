"""Excel: the rows of a sheet are one SQL text expression, deflated into the workbook's zip."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from profexd.api import (
    Check,
    Column,
    Doc,
    Format,
    FormatOptions,
    Part,
    Parts,
    Permanent,
    Rows,
    TextBlock,
    hookimpl,
    identifier,
)
from profexd_formats import excel_book as book
from profexd_formats.archives_zip import ZipMember, ZipWriter
from profexd_formats.excel_cells import MAX_TEXT, ROW_NUMBER, cells, letters, text_cell
from profexd_formats.excel_losses import Losses
from profexd_formats.values import Rules, text
from profexd_formats.xml_text import escaped_name

MAX_ROWS = 1_048_576
"""Rows of a sheet, with its header."""
MAX_COLUMNS = 16_384
_PIECE = 8 * 2**20
LIMIT_EXCEEDED = "limit_exceeded"
_FORBIDDEN = "*/:?[\\]"
_WIDTHS = {
    "date": 11.0,
    "bigint": 17.0,
    "ubigint": 17.0,
    "hugeint": 17.0,
    "timestamp": 24.0,
    "timestamp_s": 20.0,
    "timestamp_ms": 24.0,
    "timestamp_ns": 24.0,
    "timestamp with time zone": 24.0,
    "timestamptz_ns": 24.0,
    "time": 13.0,
    "time_ns": 13.0,
}
"""Where the usual width would show ####### for a value."""


def _sheet(value: str) -> str:
    units = len(value.encode("utf-16-le")) // 2
    if not 1 <= units <= book.MAX_NAME:
        raise ValueError(f"must have 1 to {book.MAX_NAME} characters (UTF-16 units), not {units}")
    wrong = [sign for sign in value if sign in _FORBIDDEN]
    if wrong:
        raise ValueError(f"must not hold {wrong[0]}: Excel forbids * / : ? [ \\ ]")
    if any(ord(sign) < 32 or sign in "\x7f\ufffe\uffff" for sign in value):
        raise ValueError("must hold no control characters")
    if value.startswith("'") or value.endswith("'"):
        raise ValueError("must neither begin nor end with '")
    if value.casefold() == "history":
        raise ValueError("must not be History: Excel keeps that name for itself")
    return value


@dataclass(frozen=True, kw_only=True)
class ExcelOptions(FormatOptions):
    sheet: Annotated[str, Doc("The name of the sheet."), Check(_sheet)]
    on_limit: Annotated[
        Literal["fail", "split-sheets", "split-files"],
        Doc("More rows than a sheet holds: fail, or go on in further sheets or files."),
    ] = "fail"

    @property
    def rows_per_file(self) -> int | None:
        return Excel.max_rows - 1 if self.on_limit == "split-files" else None


class Excel(Format):
    """Office Open XML; a text is never a formula, and no number is rounded."""

    name = "excel"
    extension = ".xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    Options = ExcelOptions

    splits = True

    max_rows = MAX_ROWS

    def write(self, rows: Rows, parts: Parts) -> None:
        options: ExcelOptions = self.options
        columns = rows.columns
        if len(columns) > MAX_COLUMNS:
            raise Permanent(
                f"sheet {options.sheet}: {len(columns)} columns, and a sheet holds {MAX_COLUMNS}",
                hint="export fewer columns, or another format",
                code=LIMIT_EXCEEDED,
            )
        losses = Losses()
        for of_part in parts.ranges(rows, self._book):
            losses.add(of_part)
        for sentence in losses.told(columns):
            self.context.warn(sentence)

    def _book(self, rows: Rows, part: Part) -> Losses:
        """Write ``rows`` as one workbook; return what it could not carry."""
        options: ExcelOptions = self.options
        styles = book.Styles()
        sql = cells(
            rows.columns,
            Rules(ts_format=options.ts_format),
            styles,
            as_text=options.as_string,
        )
        room = self.max_rows - 1
        number = f"CAST((row_number() OVER () - 1) % {room} + 2 AS VARCHAR)"
        numbered = rows.project([*sql.values, (number, ROW_NUMBER)])
        numbered = numbered.project([*sql.tails, (ROW_NUMBER, ROW_NUMBER)])
        losses = Losses(sql.long)
        archive = ZipWriter(part.write, threads=self.context.threads)
        archive.store("_rels/.rels", book.ROOT_RELATIONS.encode())
        archive.store("xl/styles.xml", styles.xml().encode())
        with _Sheets(archive, options, rows.columns, room, losses) as sheets:
            for block in numbered.text(*sql.row):
                sheets.write(block)
                part.count(block.rows)
        names = sheets.names
        archive.store("xl/workbook.xml", book.workbook(names).encode())
        archive.store("xl/_rels/workbook.xml.rels", book.workbook_relations(len(names)).encode())
        archive.store("[Content_Types].xml", book.content_types(len(names)).encode())
        archive.close()
        return losses

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        rules = Rules(ts_format=self.options.ts_format)
        return [
            f"to_json(CAST({text(identifier(column.name), column.type, rules)} AS VARCHAR))"
            for column in columns
        ]


class _Sheets:
    """The sheets of one workbook; a row that has no room begins the next, or fails."""

    def __init__(
        self,
        archive: ZipWriter,
        options: ExcelOptions,
        columns: Sequence[Column],
        room: int,
        losses: Losses,
    ) -> None:
        self.names: list[str] = []
        self._losses = losses
        self._archive = archive
        self._options = options
        self._room = room
        self._free_names = book.sheet_names(options.sheet)
        widths = [None if options.as_string else _WIDTHS.get(c.type.id) for c in columns]
        self._start = (book.sheet_start(widths) + _header(columns)).encode()
        self._member = self._open()

    def __enter__(self) -> _Sheets:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._close()
            return
        with suppress(Exception):
            # The codec's threads must end; the bytes no longer matter.
            self._member.close()

    def write(self, block: TextBlock) -> None:
        """Append the text of rows."""
        while block.rows:
            free = self._room - self._rows
            if free == 0:
                self._next()
                continue
            # Rows may be wide: a block is cleaned, and so copied, a piece at a time.
            rows = min(free, max(1, block.within(_PIECE)))
            taken = block.first(rows)
            self._member.write(self._losses.clean(taken.data))
            self._rows += taken.rows
            block = block.after(taken.rows)

    def _next(self) -> None:
        if self._options.on_limit == "fail":
            raise Permanent(
                f"sheet {self._options.sheet}: a sheet holds {self._room:,} rows below its header,"
                " and there are more",
                hint='set on_limit = "split-sheets" or "split-files", select fewer rows, or export'
                " another format",
                code=LIMIT_EXCEEDED,
            )
        self._close()
        self._member = self._open()

    def _open(self) -> ZipMember:
        self._rows = 0
        self.names.append(next(self._free_names))
        member = self._archive.deflate(book.sheet_path(len(self.names)))
        member.write(self._start)
        return member

    def _close(self) -> None:
        self._member.write(book.SHEET_END.encode())
        self._member.close()


def _header(columns: Sequence[Column]) -> str:
    header = "".join(
        text_cell(f"{letters(place)}1", _header_text(column.name), book.Styles.header)
        for place, column in enumerate(columns)
    )
    return f'<row r="1">{header}</row>'


def _header_text(name: str) -> str:
    cut = name.encode("utf-16-le")[: 2 * MAX_TEXT].decode("utf-16-le", errors="ignore")
    written, _ = escaped_name(cut)
    return re.sub("_(x[0-9A-Fa-f]{4})", r"_x005F_\1", written)


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Excel)
