"""One comparison of a property with values as SQL: exact, and NULL where the property is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from profexd.api.types import DataType
from profexd.export.selection.operand import Exact, Kind, Operand, Typed, kind_of

Sign = Literal["=", "<", "<=", ">", ">="]
Bind = Callable[[str, str | tuple[str, ...]], str]
"""Takes SQL type and text of a value, or texts of a list; returns the SQL that stands for it."""
_FEW = 50
"""So many values are compared one by one; more are looked up."""


def compared(sql: str, type_: DataType, sign: Sign, operand: Operand, bind: Bind) -> str:
    """Return ``sql sign operand``; ``type_`` is that of ``sql``."""
    match operand:
        case Exact():
            return _exact(sql, sign, operand, bind)
        case Typed():
            return f"{_left(sql, type_, operand)} {sign} {bind(operand.type, operand.text)}"


def one_of(sql: str, type_: DataType, operands: Sequence[Operand], bind: Bind) -> str:
    """Return whether ``sql`` equals any of ``operands``."""
    alike: dict[tuple[str, str], list[str]] = {}
    for operand in operands:
        match operand:
            case Exact():
                value = operand.whole(ROUND_FLOOR)
                if value == operand.value and _within(value, operand):
                    alike.setdefault((sql, operand.type), []).append(_digits(value))
            case Typed():
                left = _left(sql, type_, operand)
                alike.setdefault((left, operand.type), []).append(operand.text)
    if not alike:
        return never(sql)
    return " OR ".join(
        f"{left} IN ({_values(kind, texts, bind)})" for (left, kind), texts in alike.items()
    )


def holds(sql: str, element: DataType, operand: Operand, bind: Bind) -> str:
    """Return whether the list ``sql`` of ``element`` has ``operand`` among its elements."""
    match operand:
        case Exact():
            value = operand.whole(ROUND_FLOOR)
            if value != operand.value or not _within(value, operand):
                return never(sql)
            return f"list_contains({sql}, {bind(operand.type, _digits(value))})"
        case Typed(cast=True):
            return f"list_contains(CAST({sql} AS {operand.type}[]), {_bound(operand, bind)})"
        case Typed():
            listed = f"CAST({sql} AS VARCHAR[])" if element.id == "enum" else sql
            return f"list_contains({listed}, {_bound(operand, bind)})"


def text(sql: str, type_: DataType) -> str:
    """Return a text as it is compared byte by byte, whatever the column's collation."""
    return f"CAST({sql} AS VARCHAR)" if type_.id == "enum" else f"({sql} COLLATE C)"


def never(sql: str) -> str:
    """Return what no value of ``sql`` satisfies, NULL where it is NULL."""
    return f"({sql} IS NULL AND NULL)"


def always(sql: str) -> str:
    """Return what every value of ``sql`` satisfies, NULL where it is NULL."""
    return f"({sql} IS NOT NULL OR NULL)"


def _exact(sql: str, sign: Sign, operand: Exact, bind: Bind) -> str:
    """Compare with the nearest number that the type holds: so nothing is ever rounded."""
    value = operand.whole(ROUND_FLOOR if sign in ("<=", ">", "=") else ROUND_CEILING)
    if sign == "=" and value != operand.value:
        return never(sql)
    below = operand.low is not None and value < operand.low
    above = operand.high is not None and value > operand.high
    if below or above:
        return always(sql) if (above, sign[0]) in ((True, "<"), (False, ">")) else never(sql)
    return f"{sql} {sign} {bind(operand.type, _digits(value))}"


def _within(value: Decimal, operand: Exact) -> bool:
    return (operand.low is None or value >= operand.low) and (
        operand.high is None or value <= operand.high
    )


def _left(sql: str, type_: DataType, operand: Typed) -> str:
    if operand.cast:
        return f"CAST({sql} AS {operand.type})"
    return text(sql, type_) if kind_of(type_) is Kind.TEXT else sql


def _values(type_: str, texts: list[str], bind: Bind) -> str:
    if len(texts) > _FEW:
        return f"SELECT unnest({bind(f'{type_}[]', tuple(texts))})"
    return ", ".join(bind(type_, text) for text in texts)


def _bound(operand: Typed, bind: Bind) -> str:
    return bind(operand.type, operand.text)


def _digits(value: Decimal) -> str:
    return format(value, "f")
