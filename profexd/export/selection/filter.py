"""``[filter]`` as SQL over the source's columns; every value is bound, none is pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profexd.api.types import DataType
from profexd.config.shape import Condition, Conditions, Path
from profexd.export.judging.finding import Findings
from profexd.export.selection.comparison import Bind, Sign, compared, holds, one_of, text
from profexd.export.selection.operand import Clock, Kind, Operand, Typed, Unreadable, kind_of, read
from profexd.export.source.schema import Reference, Schema

if TYPE_CHECKING:
    import duckdb

_SIMPLE = frozenset({Kind.NUMBER, Kind.TEXT, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.UUID})
_RANGED = _SIMPLE - {Kind.UUID}
_ORDERED = frozenset({Kind.NUMBER, Kind.TEXT})
_TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})
_SIZED = frozenset({Kind.TEXT, Kind.LIST, Kind.MAP, Kind.JSON})
_ELEMENTS = _SIMPLE | {Kind.BOOLEAN}

Build = Callable[[str, DataType, Sequence[Operand], Bind], str]


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator goes with (None: anything), and its SQL."""

    kinds: frozenset[Kind] | None
    build: Build


@dataclass(slots=True)
class Parameters:
    """Values that a statement refers to: each is a variable of the connection.

    A variable is a constant when the statement is planned, so a scan still skips by it.
    """

    _names: dict[tuple[str, str | tuple[str, ...]], str] = field(default_factory=dict)

    def bind(self, type_: str, value: str | tuple[str, ...]) -> str:
        """Return the SQL that stands for ``value``, or a list of values, as ``type_``."""
        name = self._names.setdefault((type_, value), f"profexd_{len(self._names)}")
        return f"getvariable('{name}')"

    def set(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give every variable its value; the type is always one of the engine's own words."""
        for (type_, value), name in self._names.items():
            given = value if isinstance(value, str) else list(value)
            connection.execute(f"SET VARIABLE {name} = CAST($1 AS {type_})", [given])


def filter_sql(
    filter_: Conditions, schema: Schema, clock: Clock, bind: Bind, findings: Findings
) -> str:
    """Return the condition that ``filter_`` says; what is wrong with it goes into ``findings``.

    With an error among the findings, what is returned means nothing.
    """
    pieces = [
        filter_sql(member, schema, clock, bind, findings)
        if isinstance(member, Conditions)
        else condition_sql(member, schema, clock, bind, findings)
        for member in filter_.members
    ]
    joint = " AND " if filter_.match == "all" else " OR "
    return joint.join(f"({piece})" for piece in pieces)


def condition_sql(
    condition: Condition, schema: Schema, clock: Clock, bind: Bind, findings: Findings
) -> str:
    """Return one condition as SQL."""
    property_ = schema.find(condition.property)
    if property_ is None:
        findings.error(
            (*condition.path, "property"),
            f'the source has no column "{condition.property}"',
            schema.hint(condition.property),
        )
        return "NULL"
    operator = OPERATORS[condition.operator]
    kind = kind_of(property_.type)
    if operator.kinds is not None and kind not in operator.kinds:
        findings.error(
            (*condition.path, "operator"),
            f'"{condition.operator}" does not go with {property_.name}, which is'
            f" {property_.type.text}",
            _instead(condition.operator, kind),
        )
        return "NULL"
    operands = _operands(condition, property_, clock, findings)
    if operands is None:
        return "NULL"
    return operator.build(property_.sql, property_.type, operands, bind)


def _operands(
    condition: Condition, property_: Reference, clock: Clock, findings: Findings
) -> list[Operand] | None:
    type_ = property_.type
    if kind_of(type_) is Kind.LIST:
        type_ = _element(type_)
        if condition.values and kind_of(type_) not in _ELEMENTS:
            findings.error(
                (*condition.path, "operator"),
                f'"{condition.operator}" does not go with {property_.name}, whose elements are'
                f" {type_.text}",
                "it looks for a number, a text, a date, a time, a UUID, true or false",
            )
            return None
    operands: list[Operand] = []
    for number, value in enumerate(condition.values):
        try:
            operands.append(read(value, type_, clock))
        except Unreadable as why:
            findings.error(
                _value_path(condition, number),
                f"{why.message}: {property_.name} is {property_.type.text}",
                why.hint,
            )
    return operands if len(operands) == len(condition.values) else None


def _value_path(condition: Condition, number: int) -> Path:
    if len(condition.values) == 1 and condition.operator not in ("is one of", "is not one of"):
        return (*condition.path, "value")
    return (*condition.path, "values", number)


def _element(type_: DataType) -> DataType:
    return dict(type_.children)["child"]


def _instead(operator: str, kind: Kind) -> str:
    """Return what goes with the kind: of the operators that order, the one that means the same."""
    same = {
        "is less than": "is before",
        "is less than or equal to": "is on or before",
        "is greater than": "is after",
        "is greater than or equal to": "is on or after",
    }
    if kind not in _TIMES:
        same = {there: here for here, there in same.items()}
    if kind is Kind.BOOLEAN:
        same = {"is": "is true", "is not": "is false"}
    likely = same.get(operator)
    if likely is not None and kind in (OPERATORS[likely].kinds or ()):
        return f'write "{likely}"'
    fitting = [name for name, one in OPERATORS.items() if one.kinds is None or kind in one.kinds]
    return f"with {kind} go " + ", ".join(f'"{name}"' for name in fitting)


def _sign(sign: Sign) -> Build:
    return lambda sql, type_, values, bind: compared(sql, type_, sign, values[0], bind)


def _between(sql: str, type_: DataType, values: Sequence[Operand], bind: Bind) -> str:
    low, high = values
    return f"{compared(sql, type_, '>=', low, bind)} AND {compared(sql, type_, '<=', high, bind)}"


def _contains(sql: str, type_: DataType, values: Sequence[Operand], bind: Bind) -> str:
    if kind_of(type_) is Kind.LIST:
        return holds(sql, _element(type_), values[0], bind)
    return _text_function("contains")(sql, type_, values, bind)


def _text_function(name: str) -> Build:
    def build(sql: str, type_: DataType, values: Sequence[Operand], bind: Bind) -> str:
        [value] = values
        assert isinstance(value, Typed)  # as whatever is compared with text
        return f"{name}({text(sql, type_)}, {bind('VARCHAR', value.text)})"

    return build


def _empty(sql: str, type_: DataType, values: Sequence[Operand], bind: Bind) -> str:
    match kind_of(type_):
        case Kind.TEXT:
            is_empty = f"{text(sql, type_)} = ''"
        case Kind.LIST:
            is_empty = f"len({sql}) = 0"
        case Kind.MAP:
            is_empty = f"cardinality({sql}) = 0"
        case _:
            is_empty = (
                f"CASE json_type({sql}) WHEN 'NULL' THEN true"
                f" WHEN 'ARRAY' THEN json_array_length({sql}) = 0"
                f" WHEN 'OBJECT' THEN len(json_keys({sql})) = 0"
                f" WHEN 'VARCHAR' THEN {sql} ->> '$' = '' ELSE {sql} IS NULL END"
            )
    return f"coalesce({is_empty}, true)"


def _not(build: Build) -> Build:
    return lambda sql, type_, values, bind: f"NOT ({build(sql, type_, values, bind)})"


def _plain(test: str) -> Build:
    return lambda sql, type_, values, bind: f"{sql} {test}"


OPERATORS = {
    "is": Operator(_SIMPLE, _sign("=")),
    "is not": Operator(_SIMPLE, _not(_sign("="))),
    "is less than": Operator(_ORDERED, _sign("<")),
    "is less than or equal to": Operator(_ORDERED, _sign("<=")),
    "is greater than": Operator(_ORDERED, _sign(">")),
    "is greater than or equal to": Operator(_ORDERED, _sign(">=")),
    "is between": Operator(_RANGED, _between),
    "is not between": Operator(_RANGED, _not(_between)),
    "is one of": Operator(_SIMPLE, one_of),
    "is not one of": Operator(_SIMPLE, _not(one_of)),
    "contains": Operator(frozenset({Kind.TEXT, Kind.LIST}), _contains),
    "does not contain": Operator(frozenset({Kind.TEXT, Kind.LIST}), _not(_contains)),
    "starts with": Operator(frozenset({Kind.TEXT}), _text_function("starts_with")),
    "ends with": Operator(frozenset({Kind.TEXT}), _text_function("ends_with")),
    "is before": Operator(_TIMES, _sign("<")),
    "is on or before": Operator(_TIMES, _sign("<=")),
    "is after": Operator(_TIMES, _sign(">")),
    "is on or after": Operator(_TIMES, _sign(">=")),
    "is true": Operator(frozenset({Kind.BOOLEAN}), _plain("= true")),
    "is false": Operator(frozenset({Kind.BOOLEAN}), _plain("= false")),
    "is empty": Operator(_SIZED, _empty),
    "is not empty": Operator(_SIZED, _not(_empty)),
    "is null": Operator(None, _plain("IS NULL")),
    "is not null": Operator(None, _plain("IS NOT NULL")),
    "exists": Operator(None, _plain("IS NOT NULL")),
    "does not exist": Operator(None, _plain("IS NULL")),
}
"""Every operator of a filter."""
