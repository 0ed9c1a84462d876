"""The cells of a sheet as SQL: what is typed, what is text, and what is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from profexd.api import Column, DataType, identifier, literal
from profexd_formats.excel_book import Styles
from profexd_formats.values import Rules, text
from profexd_formats.xml_recipes import Step, applied
from profexd_formats.xml_text import escaped, is_safe

MAX_TEXT = 32_767
"""UTF-16 units in a cell."""
CUT = "<\x01/>"
"""Stands in a cell that was cut: no value can hold it, as ``<`` is escaped there."""
ROW_NUMBER = "n"
_PIECE = 200
"""How many cells the engine puts together at a time: of wide rows it would hold too much."""
MAX_DIGITS = 15
"""Digits of a number that Excel keeps."""
LONG_SIGN = b"\r"
LONG = '"\r'
"""Stands after the reference of a number with more; no text holds a bare CR."""
_SHORT_INTEGERS = frozenset({"tinyint", "utinyint", "smallint", "usmallint", "integer", "uinteger"})
_INTEGERS = _SHORT_INTEGERS | {"bigint", "ubigint", "hugeint", "uhugeint", "bignum"}
_TYPED = frozenset({"boolean", "decimal", "float", "double", "date", "time", "time_ns"})
_CLOCKS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})
_INSTANTS = frozenset({"timestamp with time zone", "timestamptz_ns"})
_DAY = 86_400_000_000
_EPOCH = 25_569
"""1970-01-01 as Excel counts days."""
_TEXT_OPENS = '" t="inlineStr"><is><t>'
_KEPT_OPENS = '" t="inlineStr"><is><t xml:space="preserve">'
_LONG_OPENS = LONG + 't="inlineStr"><is><t>'
_TEXT_CLOSES = "</t></is></c>"
_ASTRAL = "[\\x{10000}-\\x{10FFFF}]"


@dataclass(frozen=True, slots=True)
class Cells:
    """SQL for the rows of a sheet, in three steps so that nothing is computed twice."""

    values: list[tuple[str, str]]
    """What to project first, ``(SQL, name)``: typed values and texts."""
    tails: list[tuple[str, str]]
    """What to project then: all of a cell that follows its reference."""
    row: list[str]
    """The text of one row over that, in pieces."""
    long: list[int]
    """The places of columns whose numbers may have too many digits."""


def cells(columns: Sequence[Column], rules: Rules, styles: Styles, *, as_text: bool) -> Cells:
    """Return the SQL of rows whose number is in the column ``n``."""
    values: list[tuple[str, str]] = []
    steps: list[Step] = []
    for place, column in enumerate(columns):
        name, value, type_ = f"c{place}", identifier(column.name), column.type
        if as_text or not _is_typed(type_, rules):
            values.append((f"CAST({text(value, type_, rules)} AS VARCHAR)", name))
            safe = is_safe(type_)
            steps.append(Step(name, f"text {safe}", _plain_cell if safe else _text_cell))
        else:
            values.append((value, name))
            recipe = partial(_typed, type_=type_, rules=rules, styles=styles)
            steps.append(Step(name, type_.text, recipe))
    tails, references = applied(steps)
    pieces = ["'<row r=\"'", ROW_NUMBER, "'\">'"]
    for place, tail in enumerate(references):
        opening = literal(f'<c r="{letters(place)}')
        # concat leaves NULLs out: they have no cell.
        pieces.append(
            f"CASE WHEN {tail} IS NOT NULL THEN concat({opening}, {ROW_NUMBER}, {tail}) END"
        )
    pieces.append("'</row>'")
    long = [
        place for place, column in enumerate(columns) if not as_text and _may_be_long(column.type)
    ]
    row = [
        f"concat({', '.join(pieces[start : start + _PIECE])})"
        for start in range(0, len(pieces), _PIECE)
    ]
    return Cells(values, tails, row, long)


def letters(place: int) -> str:
    """Return the name of a column of a sheet, counted from 0: ``A``, …, ``XFD``."""
    name = ""
    place += 1
    while place:
        place, digit = divmod(place - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def text_cell(reference: str, escaped_text: str, style: int) -> str:
    """Return the markup of a cell that holds text."""
    return f'<c r="{reference}" s="{style}{_KEPT_OPENS}{escaped_text}{_TEXT_CLOSES}'


def _is_typed(type_: DataType, rules: Rules) -> bool:
    if type_.id in _CLOCKS or type_.id in _INSTANTS:
        return rules.ts_format == "rfc3339"
    return type_.id in _INTEGERS or type_.id in _TYPED


def _may_be_long(type_: DataType) -> bool:
    if type_.id == "decimal":
        return type_.precision > MAX_DIGITS
    return type_.id in _INTEGERS and type_.id not in _SHORT_INTEGERS


def _typed(value: str, *, type_: DataType, rules: Rules, styles: Styles) -> str:
    """Return SQL for what follows the reference in the cell of a typed value."""
    written = text(value, type_, rules)
    as_text = _around(_TEXT_OPENS, f"CAST({written} AS VARCHAR)", _TEXT_CLOSES)
    as_digits = _around(_LONG_OPENS, f"CAST({written} AS VARCHAR)", _TEXT_CLOSES)
    match type_.id:
        case "boolean":
            true, false = (literal(f'" t="b"><v>{bit}</v></c>') for bit in (1, 0))
            return f"CASE WHEN {value} THEN {true} WHEN NOT {value} THEN {false} END"
        case kind if kind in _INTEGERS:
            number = _number(value, 0 if kind in _SHORT_INTEGERS else styles.integer)
            if kind in _SHORT_INTEGERS:
                return f"CASE WHEN {value} IS NOT NULL THEN {number} END"
            if kind == "bigint":
                most = 10**MAX_DIGITS - 1
                short = f"{value} BETWEEN -{most} AND {most}"
            else:
                # Compared as text: some of these types do not compare with the others.
                short = f"strlen(ltrim(CAST({value} AS VARCHAR), '-')) <= {MAX_DIGITS}"
            return _either(value, short, number, as_digits)
        case "decimal":
            number = _number(value, styles.decimal(type_.scale), written)
            if type_.precision <= MAX_DIGITS:
                return f"CASE WHEN {value} IS NOT NULL THEN {number} END"
            # In plain digits: the engine does not read a small 1e-23 as a decimal.
            limit = f"{Decimal(1).scaleb(MAX_DIGITS - type_.scale):f}"
            bound = f"CAST('{limit}' AS {type_.text})"
            short = f"{value} < {bound} AND {value} > -{bound}"
            return _either(value, short, number, as_digits)
        case "float" | "double":
            name = (
                f"CASE WHEN isnan({value}) THEN 'NaN' WHEN {value} > 0 THEN 'Infinity'"
                " ELSE '-Infinity' END"
            )
            special = _around(_TEXT_OPENS, name, _TEXT_CLOSES)
            return _either(value, f"isfinite({value})", _number(value, 0), special)
        case "date":
            return _date(value, styles, as_text)
        case "time" | "time_ns":
            micros = f"epoch_us({value})" if type_.id == "time" else f"epoch_ns({value}) / 1000"
            serial = f"{micros} / {_DAY}.0"
            whole = f"({micros}) % 1000000 = 0"
            number = _choice(whole, serial, styles.time, styles.time_fraction)
            # Readers round to milliseconds; what is nearer to midnight would become it.
            return _either(value, f"{micros} < {_DAY - 500}", number, as_text)
        case kind:
            clock = f"({value} AT TIME ZONE 'UTC')" if kind in _INSTANTS else value
            return _timestamp(value, f"CAST({clock} AS TIMESTAMP)", styles, as_text)


def _date(value: str, styles: Styles, as_text: str) -> str:
    # Excel counts a 29 February 1900 that never was: days before it are one less.
    number = _number(
        f"({value} - CASE WHEN {value} < DATE '1900-03-01' THEN DATE '1899-12-31'"
        " ELSE DATE '1899-12-30' END)",
        styles.date,
    )
    held = f"{value} BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'"
    return _either(value, held, number, as_text)


def _timestamp(value: str, clock: str, styles: Styles, as_text: str) -> str:
    micros = f"(epoch_us({clock}) + {_EPOCH * _DAY})"
    phantom = f"CASE WHEN {clock} < TIMESTAMP '1900-03-01' THEN 1 ELSE 0 END"
    serial = f"(({micros} // {_DAY} - {phantom}) + ({micros} % {_DAY}) / {_DAY}.0)"
    number = _choice(f"{micros} % 1000000 = 0", serial, styles.timestamp, styles.timestamp_fraction)
    # A double that late would round to the year 10000.
    held = f"{clock} >= TIMESTAMP '1900-01-01' AND {clock} < TIMESTAMP '9999-12-31 23:59:59.9995'"
    return _either(value, held, number, as_text)


def _number(value: str, style: int, written: str | None = None) -> str:
    opening = f'" s="{style}"><v>' if style else '"><v>'
    return _around(opening, written or value, "</v></c>")


def _choice(condition: str, serial: str, style: int, other: int) -> str:
    usual, special = literal(f'" s="{style}"><v>'), literal(f'" s="{other}"><v>')
    opening = f"CASE WHEN {condition} THEN {usual} ELSE {special} END"
    return f"concat({opening}, CAST({serial} AS DOUBLE), '</v></c>')"


def _around(before: str, value: str, after: str) -> str:
    return f"concat({literal(before)}, {value}, {literal(after)})"


def _either(value: str, condition: str, number: str, other: str) -> str:
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {condition} THEN {number} ELSE {other} END"


def _plain_cell(value: str) -> str:
    """Return SQL for the rest of the cell of a text without any sign that markup knows."""
    return f"CASE WHEN {value} IS NOT NULL THEN {_around(_TEXT_OPENS, value, _TEXT_CLOSES)} END"


def _text_cell(value: str) -> str:
    """Return SQL for the rest of the cell of a text, cut to what a cell holds."""
    astral = _ASTRAL[1:-1]
    units = f"(length({value}) + length(regexp_replace({value}, '[^{astral}]+', '', 'g')))"
    # A NUL before each character of two units makes every unit a character.
    doubled = (
        f"regexp_replace(replace(left({value}, {MAX_TEXT}), chr(0), chr(1)),"
        f" '({_ASTRAL})', chr(0) || '\\1', 'g')"
    )
    cut = f"replace(left({doubled}, {MAX_TEXT}), chr(0), '')"
    content = (
        f"CASE WHEN strlen({value}) > {MAX_TEXT} AND {units} > {MAX_TEXT}"
        f" THEN concat({literal(CUT)}, {_markup(cut)}) ELSE {_markup(value)} END"
    )
    # Excel trims other texts. What begins with a space, or less, sorts before the next sign.
    spaced = f"{value} < '!' OR " + " OR ".join(
        f"ends_with({value}, {literal(space)})" for space in " \t\n\r"
    )
    opens = f"CASE WHEN {spaced} THEN {literal(_KEPT_OPENS)} ELSE {literal(_TEXT_OPENS)} END"
    return (
        f"CASE WHEN {value} IS NOT NULL"
        f" THEN concat({opens}, {content}, {literal(_TEXT_CLOSES)}) END"
    )


def _markup(value: str) -> str:
    """Return SQL for ``value`` as markup, where ``_x0041_`` does not mean A."""
    markup = escaped(value)
    unread = f"regexp_replace({markup}, '_(x[0-9A-Fa-f]{{4}})', '_x005F_\\1', 'g')"
    return f"CASE WHEN contains({value}, '_x') THEN {unread} ELSE {markup} END"
