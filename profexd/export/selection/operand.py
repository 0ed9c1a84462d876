"""The values of a filter: what each says for the type it meets, ready to be bound."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from profexd.config.readers.conditions import parse_relative
from profexd.config.shape import Relative, Value
from profexd.config.zones import instant_of

if TYPE_CHECKING:
    from profexd.api.types import DataType


T = TypeVar("T")


class Kind(StrEnum):
    """What a filter takes a type for; the words are those of its messages."""

    NUMBER = "numbers"
    TEXT = "text"
    DATE = "dates"
    TIME = "times"
    TIMESTAMP = "timestamps"
    UUID = "UUIDs"
    BOOLEAN = "booleans"
    LIST = "lists"
    MAP = "maps"
    JSON = "JSON"
    OTHER = "other types"


_INTEGERS = {
    "tinyint": (-(2**7), 2**7 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "hugeint": (-(2**127), 2**127 - 1),
    "utinyint": (0, 2**8 - 1),
    "usmallint": (0, 2**16 - 1),
    "uinteger": (0, 2**32 - 1),
    "ubigint": (0, 2**64 - 1),
    "uhugeint": (0, 2**128 - 1),
    "bignum": (None, None),
}
_KINDS = {
    **dict.fromkeys((*_INTEGERS, "decimal", "float", "double"), Kind.NUMBER),
    **dict.fromkeys(("varchar", "enum"), Kind.TEXT),
    "date": Kind.DATE,
    **dict.fromkeys(("time", "time_ns", "time with time zone"), Kind.TIME),
    **dict.fromkeys(
        (
            "timestamp",
            "timestamp_s",
            "timestamp_ms",
            "timestamp_ns",
            "timestamp with time zone",
            "timestamptz_ns",
        ),
        Kind.TIMESTAMP,
    ),
    "uuid": Kind.UUID,
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("list", "array"), Kind.LIST),
    "map": Kind.MAP,
    "json": Kind.JSON,
}
_NANOSECONDS = {"timestamp_ns": "TIMESTAMP_NS", "timestamptz_ns": "TIMESTAMPTZ_NS"}
_NANOSECONDS_REACH = (datetime(1678, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))
_ZONED = frozenset({"timestamp with time zone", "timestamptz_ns"})
_LONGEST_EXPONENT = 400
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_ZONE = r"(Z|[+-]\d\d(:?\d\d)?)?"
_WALL = re.compile(rf"{_TIME}{_ZONE}", re.ASCII)
_INSTANT = re.compile(rf"\d{{4}}-\d\d-\d\d[T ]{_TIME}\s?{_ZONE}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class Unreadable(ValueError):
    """A value that says nothing for the type it meets."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Clock:
    """The one instant of a run, and the zone in which its days begin."""

    instant: datetime
    zone: str

    def local(self, offset: timedelta = timedelta()) -> datetime:
        """Return the wall clock of the instant and ``offset``."""
        return (self.instant + offset).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Exact:
    """A number for a type that holds whole multiples of a power of ten, within bounds."""

    value: Decimal
    type: str
    scale: int
    low: Decimal | None
    high: Decimal | None

    def whole(self, rounding: str) -> Decimal:
        """Return the nearest number that the type can tell apart, rounded as told."""
        with localcontext(prec=2 * _LONGEST_EXPONENT):
            scaled = self.value.scaleb(self.scale).to_integral_value(rounding)
            return scaled.scaleb(-self.scale)


@dataclass(frozen=True, slots=True)
class Typed:
    """A value that is compared as ``type``; ``cast`` says that the property must become it."""

    type: str
    text: str
    cast: bool = False


Operand = Exact | Typed


def kind_of(type_: DataType) -> Kind:
    """Return what a filter takes ``type_`` for."""
    return _KINDS.get(type_.id, Kind.OTHER)


def read(value: Value, type_: DataType, clock: Clock) -> Operand:
    """Return what ``value`` says where it is compared with a ``type_``; raises Unreadable."""
    reader = _READERS.get(kind_of(type_))
    if reader is None:
        raise Unreadable(f"nothing compares with {type_.text}")
    if isinstance(value, str) and kind_of(type_) in (Kind.DATE, Kind.TIMESTAMP):
        # An element of a list: what is written for "contains" is text until here.
        value = parse_relative(value) or value
    try:
        return reader(value, type_, clock)
    except OverflowError:
        raise Unreadable(f"{shown(value)} is out of the range of dates") from None


def shown(value: Value) -> str:
    """Return a value as a message shows it."""
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return "true" if value else "false"
        case Relative():
            return f'"{value.text or value.base}"'
        case _:
            return str(value)


def _number(value: Value, type_: DataType, clock: Clock) -> Operand:
    number = _decimal(value)
    if type_.id in ("float", "double"):
        return _floating(value, number, type_)
    if not number.is_finite():
        raise Unreadable(f"{shown(value)} is no number that {type_.text} can be compared with")
    if number and abs(number.adjusted()) > _LONGEST_EXPONENT:
        raise Unreadable(f"{shown(value)} is out of the range of numbers")
    if type_.id == "decimal":
        high = Decimal(10**type_.precision - 1).scaleb(-type_.scale)
        return Exact(number, type_.text, type_.scale, -high, high)
    low, high_ = _INTEGERS[type_.id]
    return Exact(
        number,
        type_.text,
        0,
        None if low is None else Decimal(low),
        None if high_ is None else Decimal(high_),
    )


def _decimal(value: Value) -> Decimal:
    match value:
        case bool():
            pass
        case int() | Decimal():
            return Decimal(value)
        case float():
            return Decimal(repr(value))
        case str() if _NUMBER.fullmatch(value):
            return Decimal(value)
    raise Unreadable(f"{shown(value)} is not a number", "write a number, as in value = 3")


def _floating(value: Value, number: Decimal, type_: DataType) -> Typed:
    wide = float(number)
    if type_.id == "float":
        try:
            struct.pack("f", wide)
        except OverflowError:
            return Typed("DOUBLE", repr(wide))
        return Typed("FLOAT", str(number) if number.is_finite() else repr(wide))
    return Typed("DOUBLE", repr(wide))


def _text(value: Value, type_: DataType, clock: Clock) -> Typed:
    if isinstance(value, Relative):
        value = value.text
    if not isinstance(value, str):
        raise Unreadable(
            f"{shown(value)} is not text, and the property is", f'write it in quotes: "{value}"'
        )
    return Typed("VARCHAR", value)


def _uuid(value: Value, type_: DataType, clock: Clock) -> Typed:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Unreadable(
            f"{shown(value)} is not a UUID",
            'as in value = "b5b7a2a4-9f6c-4d3e-8f6e-0c8f4b6a1d2e"',
        )
    return Typed("UUID", str(UUID(value)))


def _boolean(value: Value, type_: DataType, clock: Clock) -> Typed:
    if not isinstance(value, bool):
        raise Unreadable(f"{shown(value)} is neither true nor false", "write value = true")
    return Typed("BOOLEAN", shown(value))


def _time(value: Value, type_: DataType, clock: Clock) -> Typed:
    wall = value
    if isinstance(value, str) and _WALL.fullmatch(value):
        wall = _iso(time.fromisoformat, value)
    zoned = type_.id == "time with time zone"
    if not isinstance(wall, time) or (wall.tzinfo is not None and not zoned):
        raise Unreadable(f"{shown(value)} is not a time", "as in value = 12:30:00")
    return Typed(type_.text, wall.isoformat())


def _day(value: Value, type_: DataType, clock: Clock) -> Typed:
    if isinstance(value, Relative):
        offset = value.offset
        day = (
            clock.local(offset).date()
            if value.base == "now"
            else (datetime.combine(clock.local().date(), time()) + offset).date()
        )
        return Typed("DATE", day.isoformat())
    moment = _moment(value)
    if not isinstance(moment, datetime):
        return Typed("DATE", moment.isoformat())
    return Typed("TIMESTAMP", _wall(moment, clock).isoformat(), cast=True)


def _timestamp(value: Value, type_: DataType, clock: Clock) -> Typed:
    if isinstance(value, Relative):
        moment: date = (
            (clock.instant + value.offset).astimezone(UTC)
            if value.base == "now"
            else datetime.combine(clock.local().date(), time()) + value.offset
        )
    else:
        moment = _moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if type_.id in _ZONED:
        moment = instant_of(moment, clock.zone)
        wide = "TIMESTAMP WITH TIME ZONE"
        instant = moment
    else:
        moment = _wall(moment, clock)
        wide = "TIMESTAMP"
        instant = moment.replace(tzinfo=UTC)
    if type_.id not in _NANOSECONDS:
        return Typed(wide, moment.isoformat())
    low, high = _NANOSECONDS_REACH
    if low <= instant <= high:
        return Typed(_NANOSECONDS[type_.id], moment.isoformat())
    # The narrow type cannot hold it, and nothing that it holds is near.
    return Typed(wide, moment.isoformat(), cast=True)


def _moment(value: Value) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        if _DATE.fullmatch(value):
            return _iso(date.fromisoformat, value)
        if _INSTANT.fullmatch(value):
            return _iso(datetime.fromisoformat, value.replace(" +", "+").replace(" Z", "Z"))
    raise Unreadable(
        f"{shown(value)} is not a date",
        'as in value = 2024-02-29, "2024-02-29T12:00:00Z", "today" or "now - 30d"',
    )


def _wall(moment: datetime, clock: Clock) -> datetime:
    """A property without a zone holds the wall clock of the run's zone."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(clock.zone)).replace(tzinfo=None)


def _iso(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as why:
        raise Unreadable(f'"{text}" does not exist: {why}') from None


_READERS: dict[Kind, Callable[[Value, DataType, Clock], Operand]] = {
    Kind.NUMBER: _number,
    Kind.TEXT: _text,
    Kind.DATE: _day,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _timestamp,
    Kind.UUID: _uuid,
    Kind.BOOLEAN: _boolean,
}
