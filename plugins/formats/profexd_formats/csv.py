"""CSV: values cast by the engine, written by DuckDB's own COPY wherever it can."""

from __future__ import annotations

import codecs
import itertools
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from profexd.api import (
    Check,
    Column,
    Doc,
    Encode,
    Format,
    FormatOptions,
    Part,
    Parts,
    Rows,
    TextBlock,
    hookimpl,
    identifier,
    literal,
    series,
)
from profexd_formats.csv_layout import flattened
from profexd_formats.csv_objects import quoted_object
from profexd_formats.layouts import Layouts
from profexd_formats.values import BARE, TIMESTAMPS, Rules, text
from profexd_formats.xml_recipes import Step, applied

_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"
"""Plain numbers; E.164 telephone numbers are among them."""
_TEXTS = frozenset({"varchar", "enum", "union", "variant"})
_NOT_STRINGS = BARE | TIMESTAMPS | {"date", "time", "time_ns", "time with time zone"}
_NOT_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})
_PLAIN = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "hugeint"}
    | {"utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"}
    | {"decimal", "float", "double", "date", "uuid"}
    | TIMESTAMPS
)
_PLAIN_SIGNS = frozenset(f"+-.: (){string.digits}{string.ascii_letters}")
"""All that values of these types are made of, BC dates and infinities too."""
_MANY_COLUMNS = 200
_handlers = itertools.count()


def _separator(value: str) -> str:
    if len(value) != 1:
        raise ValueError("must be exactly one character")
    if value in '\r\n"\0\ufffd':
        raise ValueError("must not be CR, LF, NUL, the quote or U+FFFD")
    return value


def _encoding(value: str) -> str:
    try:
        "".encode(value)
    except (LookupError, UnicodeError):
        known = False
    else:
        known = codecs.lookup(value).name not in _NOT_CHARSETS
    if not known:
        raise ValueError(f'there is no encoding "{value}"; try utf-8 or windows-1252')
    return value


@dataclass(frozen=True, kw_only=True)
class CsvOptions(FormatOptions):
    layout: Annotated[
        Literal["flat", "clevertap"], Doc("Columns as they are, or those of CleverTap's files.")
    ] = "flat"
    separator: Annotated[str, Doc("Stands between two values."), Check(_separator)] = ","
    crlf: Annotated[bool, Doc("End lines with CR LF, not LF.")] = False
    header: Annotated[bool, Doc("Begin with a line of column names.")] = True
    quote: Annotated[
        Literal["minimal", "all", "strings"],
        Doc("Quote what must be, all but NULL, or all that is neither number, boolean nor time."),
    ] = "minimal"
    null: Annotated[str, Doc("Stands for NULL, never quoted.")] = ""
    bom: Annotated[bool, Doc("Begin with a byte order mark, for spreadsheets.")] = False
    escape_formulas: Annotated[
        bool,
        Doc("Put ' before a text that a spreadsheet would take for a formula."),
    ] = False
    encoding: Annotated[
        str, Doc("Character encoding; what it lacks becomes ?, and is counted."), Check(_encoding)
    ] = "utf-8"

    def problems(self) -> Sequence[tuple[str, str]]:
        found = []
        if any(sign in self.null for sign in f'{self.separator}"\r\n\0'):
            found.append(("null", "must hold no separator, quote, CR, LF or NUL"))
        if self.bom and not codecs.lookup(self.encoding).name.startswith("utf"):
            found.append(("bom", f"encoding {self.encoding} has no byte order mark"))
        return found


class Csv(Layouts):
    """RFC 4180; NULL is bare and the empty string is ``""``."""

    name = "csv"
    extension = ".csv"
    media_type = "text/csv; charset=UTF-8"
    Options = CsvOptions
    splits = True

    def __init__(self, options: CsvOptions, context: Any) -> None:
        super().__init__(options, context)
        self._charset = codecs.lookup(options.encoding).name
        if self._charset != "utf-8":
            self.media_type = f"text/csv; charset={options.encoding}"

    def write(self, rows: Rows, parts: Parts) -> None:
        options: CsvOptions = self.options
        line_end = "\r\n" if options.crlf else "\n"
        if options.layout == "clevertap":
            rows = flattened(rows, options.ts_format)
        lost = 0
        # COPY quotes the empty string only where it stands for NULL, and writes but one file. One
        # text per row takes less time, unless its SQL is so long that planning it takes more.
        if parts.several or (
            options.quote == "minimal" and (options.null or len(rows.columns) <= _MANY_COLUMNS)
        ):
            names = [f"c{place}" for place in range(len(rows.columns))]
            values = [self._field(column) for column in rows.columns]
            texts = rows.project(list(zip(values, names, strict=True)))
            texts, line = self._line(texts, rows.columns, line_end)
            for part, blocks in series(parts, texts.text(*line), self._encode):
                with part:
                    out = self._begun(part, rows, line_end)
                    for block in blocks:
                        out.write(block.data)
                        out.count(block.rows)
                    lost += _ended(out)
        else:
            with parts.open() as part:
                out = self._begun(part, rows, line_end)
                self._copy(rows, out, line_end)
                lost = _ended(out)
        if lost:
            self.context.warn(f"{lost} characters that {options.encoding} lacks were replaced by ?")

    def _begun(self, part: Part, rows: Rows, line_end: str) -> Part:
        """Write what stands before the rows; return what takes them."""
        out = part if self._charset == "utf-8" else _Recoded(part, self._charset)
        if self.options.bom and self._charset not in _MARKED:
            out.write("\ufeff".encode())
        if self.options.header:
            out.write((self._header(rows.columns) + line_end).encode())
        return out

    def _encode(self, text: memoryview) -> bytes:
        """Return the text as it will be written, to tell its size."""
        if self._charset == "utf-8":
            return bytes(text)
        return bytes(text).decode().encode(self._charset, "replace")

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        return [f"to_json(CAST({self._value(column)} AS VARCHAR))" for column in columns]

    def _copy(self, rows: Rows, out: Part, line_end: str) -> None:
        options: CsvOptions = self.options
        names = [f"c{place}" for place in range(len(rows.columns))]
        copying: dict[str, object] = {
            "FORMAT": "csv",
            "HEADER": False,
            "DELIMITER": options.separator,
            "NULLSTR": options.null,
            "NEW_LINE": line_end,
            # Without it, DuckDB quotes every # as well.
            "COMMENT": "",
        }
        quoted = tuple(
            name
            for name, column in zip(names, rows.columns, strict=True)
            if options.quote != "minimal" and self._quoted(column)
        )
        if quoted:
            copying["FORCE_QUOTE"] = quoted
        values = [self._value(column) for column in rows.columns]
        rows.project(list(zip(values, names, strict=True))).copy(out, copying)

    def _line(
        self, texts: Rows, columns: Sequence[Column], line_end: str
    ) -> tuple[Rows, list[str]]:
        """Return what to read, and one row of it as SQL text, in pieces.

        ``texts`` has the text of each of ``columns``.
        """
        names = [column.name for column in texts.columns]
        if len(columns) <= _MANY_COLUMNS:
            values = [
                self._between(name, column) for name, column in zip(names, columns, strict=True)
            ]
        else:
            steps = [
                Step(name, self._between("", column), partial(self._between, column=column))
                for name, column in zip(names, columns, strict=True)
            ]
            projections, values = applied(steps)
            texts = texts.project(projections)
        # One concat copies each piece once; a chain of || does not, and has a depth limit.
        separator, pieces = literal(self.options.separator), []
        for start in range(0, len(values), _MANY_COLUMNS):
            some = f", {separator}, ".join(values[start : start + _MANY_COLUMNS])
            last = start + _MANY_COLUMNS >= len(values)
            pieces.append(f"concat({some}, {literal(line_end) if last else separator})")
        return texts, pieces

    def _between(self, value: str, column: Column) -> str:
        """Return SQL for what stands between two separators, where NULL is not the empty string.

        ``value`` is SQL for the text of a value of ``column``.
        """
        options: CsvOptions = self.options
        null = literal(options.null)
        if column.type.id != "struct" and options.quote != "minimal" and self._quoted(column):
            must = ["true"]
        elif self._plain(column) or column.type.id == "struct":
            # concat takes NULL for nothing.
            return f"coalesce({value}, {null})" if options.null else value
        else:
            # One sign after another is faster than a regular expression. What is decided is not
            # looked at again, and JSON nearly always has quotes.
            signs = [literal(options.separator), "'\"'", "chr(10)", "chr(13)"]
            must = [f"contains({value}, {sign})" for sign in signs]
            if column.type.id not in _TEXTS:
                must.sort(key=lambda test: "'\"'" not in test)
            must += [f"{value} = {empty}" for empty in dict.fromkeys(("''", null))]
        # Where NULL is nothing, it passes the tests as what it is, and concat leaves it out.
        tests_null = options.null or must == ["true"]
        absent = f"WHEN {value} IS NULL THEN {null} " if tests_null else ""
        return (
            f"CASE {absent}WHEN {' OR '.join(must)}"
            f" THEN concat('\"', replace({value}, '\"', '\"\"'), '\"') ELSE {value} END"
        )

    def _plain(self, column: Column) -> bool:
        """Whether no value of ``column`` can need quotes."""
        options: CsvOptions = self.options
        return (
            column.type.id in _PLAIN
            and options.separator not in _PLAIN_SIGNS
            and not (options.null and _PLAIN_SIGNS.issuperset(options.null))
        )

    def _value(self, column: Column) -> str:
        options: CsvOptions = self.options
        value = text(identifier(column.name), column.type, Rules(ts_format=options.ts_format))
        if options.escape_formulas and column.type.id in _TEXTS:
            value = (
                f"CASE WHEN regexp_matches({value}, {literal(_FORMULA)})"
                f" AND NOT regexp_full_match({value}, {literal(_NUMBER)})"
                f" THEN '''' || {value} ELSE CAST({value} AS VARCHAR) END"
            )
        return value

    def _field(self, column: Column) -> str:
        """Return the text of a value: with its quotes where it always has some."""
        if column.type.id == "struct":
            rules = Rules(ts_format=self.options.ts_format)
            return quoted_object(identifier(column.name), column.type, rules)
        return f"CAST({self._value(column)} AS VARCHAR)"

    def _quoted(self, column: Column) -> bool:
        options: CsvOptions = self.options
        return options.quote == "all" or options.as_string or column.type.id not in _NOT_STRINGS

    def _header(self, columns: Sequence[Column]) -> str:
        options: CsvOptions = self.options
        special = f'{options.separator}"\r\n'
        always = options.quote != "minimal"
        return options.separator.join(
            '"' + column.name.replace('"', '""') + '"'
            if always or column.name in ("", options.null) or any(s in column.name for s in special)
            else column.name
            for column in columns
        )


_MARKED = frozenset({"utf-8-sig", "utf-16", "utf-32"})
"""Encodings that begin with a byte order mark by themselves."""


def _ended(out: Part) -> int:
    """Write what is left; return how many characters were replaced."""
    return out.finish() if isinstance(out, _Recoded) else 0


class _Recoded:
    """A part that takes UTF-8 and passes on another encoding, whole buffers at a time."""

    def __init__(self, part: Part, encoding: str) -> None:
        self._part = part
        self._lost = 0
        handler = f"profexd-{next(_handlers)}"
        codecs.register_error(handler, self._replace)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._encoder = codecs.getincrementalencoder(encoding)(handler)

    def write(self, data: bytes | memoryview) -> int:
        self._part.write(self._encoder.encode(self._decoder.decode(bytes(data))))
        return len(data)

    def count(self, rows: int) -> None:
        self._part.count(rows)

    def finish(self) -> int:
        """Write what is left; return how many characters were replaced."""
        self._part.write(self._encoder.encode(self._decoder.decode(b"", final=True), final=True))
        return self._lost

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        return self._part.room(block, encode)

    def __enter__(self) -> _Recoded:
        return self

    def __exit__(self, *_: object) -> None: ...

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        self._lost += error.end - error.start
        return "?" * (error.end - error.start), error.end


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Csv)
