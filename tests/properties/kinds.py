"""Every flat DuckDB type: values of it, the SQL that makes them, what a file must say of them.

What must be said is worked out here in Python, from numbers and text alone; nothing of the
formats' own SQL is used.
"""

from __future__ import annotations

import base64
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy
from hypothesis import strategies as st

from tests.properties import instants
from tests.properties.readers import Number, tree_of

Values = st.SearchStrategy[Any]

TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "NULL",
            "null",
            ",",
            ";",
            '"',
            '""',
            '"quoted"',
            "'",
            "\n",
            "\r",
            "\r\n",
            "a,b",
            "line\nline",
            "=cmd()",
            "+39",
            "-5.00",
            "@x",
            "\t",
            "#x",
            "\\",
            "\\N",
            "\\u0041",
            "<a>&amp;</a>",
            "]]>",
            "{}",
            "true",
            "1e5",
            "\ufeffmark",
            "\u2028\u2029\u0085",
            "\u00e9",
            "e\u0301",
            "\u05d0\u202e",
            "\ud7ff\ue000\ufffd",
            "\U0001f600",
            "\U0001f468\u200d\U0001f469",
            "\U00020000\U000e0041\U000f0000\U0010fffd",
            "x" * 300,
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text(alphabet=',;"\r\n\t =a\u00e9\U0001f600', max_size=8),
)
"""Text of every plane; lone surrogates are not text, and SQL text has no NUL."""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """What the options of a format change in a value."""

    nulls: bool = True
    """Members that are NULL are written; else they are left out."""
    special_floats: bool = False
    quote_bigints: bool = False
    compact: bool = False
    """yyyyMMddHHmmss."""


WRITE = Spelling()


class Kind:
    """A type: ``sql`` is its name, ``values`` what it may hold, ``edges`` what it must survive."""

    sql: str
    values: Values
    edges: Sequence[Any] = ()
    bare = False
    """Whether JSON writes it without quotes."""
    nested = False
    carried = True
    """Whether Parquet has the type; else it is text there."""

    def literal(self, value: Any) -> str:
        """SQL that makes the value; NULL is made by ``expression``."""
        return f"{quoted(self.text(value))}::{self.sql}"

    def text(self, value: Any, spelling: Spelling = WRITE) -> str:
        """What CSV holds."""
        raise TypeError(f"{self.sql} has no text of its own")

    def tree(self, value: Any, spelling: Spelling = WRITE) -> Any:
        """What JSON holds."""
        text = self.text(value, spelling)
        return Number(text) if self.bare else text

    def physical(self, value: Any) -> Any:
        """What Parquet holds, as numbers, bytes and text."""
        return value

    def expression(self, value: Any) -> str:
        return f"NULL::{self.sql}" if value is None else f"({self.literal(value)})"

    def says(self, text: str, value: Any, spelling: Spelling = WRITE) -> bool:
        """Whether ``text`` is what CSV and XML hold for a value."""
        if self.nested:
            return bool(tree_of(text) == self.tree(value, replace(spelling, nulls=True)))
        return text == self.text(value, spelling)

    def json(self, value: Any, spelling: Spelling = WRITE) -> Any:
        return None if value is None else self.tree(value, spelling)

    def parquet(self, value: Any) -> Any:
        if value is None:
            return None
        if not self.carried:
            return self.tree(value) if self.nested else self.text(value)
        return self.physical(value)

    def __repr__(self) -> str:
        return self.sql


class Boolean(Kind):
    sql = "BOOLEAN"
    values = st.booleans()
    edges = (True, False)

    def text(self, value: bool, spelling: Spelling = WRITE) -> str:
        return "true" if value else "false"

    def tree(self, value: bool, spelling: Spelling = WRITE) -> bool:
        return value


class Integer(Kind):
    bare = True

    def __init__(self, sql: str, least: int, most: int) -> None:
        self.sql = sql
        self.values = st.integers(least, most)
        self.edges = (least, most, 0, 1, *([-1] if least else []))
        self.big = most > 2**32

    def text(self, value: int, spelling: Spelling = WRITE) -> str:
        return str(value)

    def tree(self, value: int, spelling: Spelling = WRITE) -> Any:
        return str(value) if self.big and spelling.quote_bigints else Number(str(value))

    def physical(self, value: int) -> Any:
        if "HUGE" not in self.sql:
            return value
        # Parquet has 38 digits; what has more is counted, and NULL.
        return Decimal(value) if abs(value) < 10**38 else None


class Bignum(Integer):
    carried = False

    def __init__(self) -> None:
        super().__init__("BIGNUM", -(10**60), 10**60)


class Decimals(Kind):
    bare = True

    def __init__(self, precision: int, scale: int) -> None:
        self.sql = f"DECIMAL({precision}, {scale})"
        most = 10**precision - 1
        self.scale = scale
        self.values = st.integers(-most, most).map(self._scaled)
        self.edges = tuple(self._scaled(number) for number in (most, -most, 0, 1, -1, 10, most - 1))

    def _scaled(self, number: int) -> Decimal:
        return Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -self.scale))

    def text(self, value: Decimal, spelling: Spelling = WRITE) -> str:
        # Zero has no sign in SQL.
        return f"{value:f}" if value else f"{abs(value):f}"


class Floating(Kind):
    bare = True

    def __init__(self, sql: str, width: int) -> None:
        self.sql = sql
        self._type: Any = numpy.float32 if width == 32 else numpy.float64
        self.values = st.floats(width=width)  # type: ignore[arg-type]  # 32 or 64
        limits: Any = numpy.finfo(self._type)
        self.edges = tuple(
            float(self._type(number))
            for number in (
                *(math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.5, 1e15, 1e16, 1e17, 1e-4),
                *(limits.max, limits.min, limits.tiny, limits.smallest_subnormal),
                *(self._type("1e-5"), self._type("0.1"), self._type("1") / self._type("3")),
                *(self._type("16777216"), self._type("9007199254740993")),
            )
        )

    def literal(self, value: float) -> str:
        return f"'{value!r}'::{self.sql}"

    def text(self, value: float, spelling: Spelling = WRITE) -> str:
        if not math.isfinite(value):
            return str(value)
        shortest = numpy.format_float_scientific(self._type(value), unique=True, trim="-")
        mantissa, exponent = shortest.split("e")
        sign = "-" if mantissa.startswith("-") else ""
        whole, _, rest = mantissa.lstrip("-").partition(".")
        return sign + _placed(whole + rest, int(exponent))

    def tree(self, value: float, spelling: Spelling = WRITE) -> Any:
        if math.isfinite(value):
            return Number(self.text(value))
        names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return Number(names[str(value)]) if spelling.special_floats else None


def _placed(digits: str, exponent: int) -> str:
    """Digits with their point: plain from 1e-4 to below 1e16, else with an exponent."""
    if -4 <= exponent < 16:
        if exponent < 0:
            return "0." + "0" * (-exponent - 1) + digits
        digits = digits.ljust(exponent + 1, "0")
        return f"{digits[: exponent + 1]}.{digits[exponent + 1 :] or '0'}"
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


class Varchar(Kind):
    sql = "VARCHAR"
    values = TEXTS
    edges = ("", " ", "NULL", '"', "\r\n", "a,b", "=cmd()", "\0", "\x01\x1f\x7f", "\U0010fffd")

    def literal(self, value: str) -> str:
        return " || chr(0) || ".join(quoted(piece) for piece in value.split("\0"))

    def text(self, value: str, spelling: Spelling = WRITE) -> str:
        return value


class Enum(Kind):
    def __init__(self, members: Sequence[str]) -> None:
        self.sql = f"ENUM({', '.join(quoted(member) for member in members)})"
        self.values = st.sampled_from(members)
        self.edges = tuple(members)

    def text(self, value: str, spelling: Spelling = WRITE) -> str:
        return value


class Uuid(Kind):
    sql = "UUID"
    values = st.uuids()
    edges = (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1))

    def text(self, value: uuid.UUID, spelling: Spelling = WRITE) -> str:
        return str(value)

    def physical(self, value: uuid.UUID) -> bytes:
        return value.bytes


class Blob(Kind):
    sql = "BLOB"
    values = st.binary(max_size=20)
    edges = (b"", b"\0", bytes(range(256)), "\u00e9".encode())

    def literal(self, value: bytes) -> str:
        return f"from_hex('{value.hex()}')"

    def text(self, value: bytes, spelling: Spelling = WRITE) -> str:
        return base64.b64encode(value).decode()


class Bit(Kind):
    sql = "BIT"
    carried = False
    values = st.text("01", min_size=1, max_size=70)
    edges = ("0", "1", "00000000", "101" * 50)

    def text(self, value: str, spelling: Spelling = WRITE) -> str:
        return value


class Date(Kind):
    sql = "DATE"
    values = st.one_of(st.integers(-719_162, 2_932_896), st.integers(-(2**31) + 2, 2**31 - 2))
    edges = (
        *(0, -719_162, 2_932_896),  # 0001-01-01 and 9999-12-31
        *(-719_163, 2_932_897),
        *(-719_529, -735_000),
        *(2**31 - 2, -(2**31) + 2, instants.INFINITE_DAYS, -instants.INFINITE_DAYS),
    )

    def text(self, value: int, spelling: Spelling = WRITE) -> str:
        return instants.date_text(value)


class Time(Kind):
    def __init__(self, sql: str, per_second: int) -> None:
        self.sql = sql
        self.per_second = per_second
        day = instants.DAY * per_second
        self.values = st.one_of(
            st.integers(0, day), st.integers(0, instants.DAY).map(lambda s: s * per_second)
        )
        self.edges = (0, 1, day - 1, day, 43_201 * per_second, 43_201 * per_second + 500)

    def text(self, value: int, spelling: Spelling = WRITE) -> str:
        return instants.time_text(value, self.per_second)


class TimeWithZone(Kind):
    sql = "TIMETZ"
    carried = False
    values = st.tuples(st.integers(0, instants.DAY * 10**6), st.integers(-57_599, 57_599))
    edges = (
        *((0, 0), (instants.DAY * 10**6 - 1, 57_599), (0, -57_599), (instants.DAY * 10**6, 3_600)),
        *((43_201_000_000, 19_800), (43_201_500_000, -1_800), (1, 60), (1, 15)),
    )

    def text(self, value: tuple[int, int], spelling: Spelling = WRITE) -> str:
        return instants.time_text(value[0], 10**6) + instants.offset_text(value[1])


class Timestamp(Kind):
    """Whole ``per_second`` ticks since 1970; ``made`` is SQL over a number of them."""

    def __init__(self, sql: str, per_second: int, made: str, *, zone: str = "") -> None:
        self.sql = sql
        self.per_second = per_second
        self._made = made
        self._zone = zone
        if per_second == 10**9:
            least, most = -9_223_286_400 * 10**9, 2**63 - 2
            first, last = least, most
        else:
            least = -9_223_372_022_400 * per_second
            most = (2**63 - 2) * per_second // 10**6
            first, last = -62_135_596_800 * per_second, 253_402_300_800 * per_second - 1
        self.usual = st.integers(first, last)
        self.values = st.one_of(
            self.usual,
            st.integers(least, most),
            st.integers(first // per_second, last // per_second).map(lambda s: s * per_second),
        )
        self.edges = (0, 1, -1, first, last, least, most, 10**9 * per_second)
        if per_second != 10**9:
            self.edges = (*self.edges, first - 1, last + 1)
        if per_second != 1 and per_second != 1_000:
            self.edges = (*self.edges, instants.INFINITE_TICKS, -instants.INFINITE_TICKS)

    def literal(self, value: int) -> str:
        if abs(value) == instants.INFINITE_TICKS:
            return f"'{'' if value > 0 else '-'}infinity'::{self.sql}"
        return f"CAST({self._made.format(value)} AS {self.sql})"

    def physical(self, value: int) -> int:
        # Parquet has no seconds.
        return value * 10**6 if self.per_second == 1 else value

    def text(self, value: int, spelling: Spelling = WRITE) -> str:
        if spelling.compact and instants.is_rfc3339(value, self.per_second):
            return instants.compact_text(value, self.per_second)
        return instants.timestamp_text(value, self.per_second, zone=self._zone)


class Interval(Kind):
    sql = "INTERVAL"
    carried = False
    values = st.tuples(
        st.integers(-30_000, 30_000), st.integers(-10_000, 10_000), st.integers(-(10**14), 10**14)
    )
    edges = (
        *((0, 0, 0), (1, 1, 1), (-1, -1, -1), (12, 0, 0), (-13, 2, 0), (14, -3, 3_600_000_000)),
        *((2**31 - 1, 2**31 - 1, 2**62), (0, 0, 500_000)),
    )

    def literal(self, value: tuple[int, int, int]) -> str:
        return "to_months({}) + to_days({}) + to_microseconds({})".format(*value)

    def text(self, value: tuple[int, int, int], spelling: Spelling = WRITE) -> str:
        return instants.interval_text(*value)


class Json(Kind):
    """A document as it was written, to the last digit."""

    sql = "JSON"
    values = st.sampled_from(
        [
            *("null", "true", "1.10", "12345678901234567890123", "1E5", '""', "[]", "{}"),
            *('{"a": 1.10, "b": [null, "\u00e9"]}', '["\\u00e9\\n", "\U0001f600"]'),
        ]
    )
    edges = ("null", "1.10", '{"a":\n1}', '"\\ud83d\\ude00"', "[1,\t2]", '{"":""}')

    def text(self, value: str, spelling: Spelling = WRITE) -> str:
        return value

    def says(self, text: str, value: str, spelling: Spelling = WRITE) -> bool:
        return text == value

    def tree(self, value: str, spelling: Spelling = WRITE) -> Any:
        return tree_of(value)


MICROS = "make_timestamp({})"
FLAT: tuple[Kind, ...] = (
    Boolean(),
    Integer("TINYINT", -(2**7), 2**7 - 1),
    Integer("SMALLINT", -(2**15), 2**15 - 1),
    Integer("INTEGER", -(2**31), 2**31 - 1),
    Integer("BIGINT", -(2**63), 2**63 - 1),
    Integer("HUGEINT", -(2**127), 2**127 - 1),
    Integer("UTINYINT", 0, 2**8 - 1),
    Integer("USMALLINT", 0, 2**16 - 1),
    Integer("UINTEGER", 0, 2**32 - 1),
    Integer("UBIGINT", 0, 2**64 - 1),
    Integer("UHUGEINT", 0, 2**128 - 1),
    Bignum(),
    Decimals(38, 10),
    Decimals(38, 0),
    Decimals(38, 38),
    Decimals(18, 3),
    Decimals(9, 9),
    Decimals(4, 1),
    Floating("FLOAT", 32),
    Floating("DOUBLE", 64),
    Varchar(),
    Enum(["a", "", "=cmd()", "it's", 'say "x", y', "\U0001f600"]),
    Uuid(),
    Blob(),
    Bit(),
    Date(),
    Time("TIME", 10**6),
    Time("TIME_NS", 10**9),
    TimeWithZone(),
    Timestamp("TIMESTAMP_S", 1, "make_timestamp(({})::BIGINT * 1000000)"),
    Timestamp("TIMESTAMP_MS", 10**3, "make_timestamp(({})::BIGINT * 1000)"),
    Timestamp("TIMESTAMP", 10**6, MICROS),
    Timestamp("TIMESTAMP_NS", 10**9, "make_timestamp_ns({})"),
    Timestamp("TIMESTAMPTZ", 10**6, f"{MICROS} AT TIME ZONE 'UTC'", zone="Z"),
    Timestamp("TIMESTAMPTZ_NS", 10**9, "make_timestamp_ns({})", zone="Z"),
    Interval(),
    Json(),
)
"""One of every type that holds no other."""


def named(sql: str) -> Kind:
    """The flat kind of that name."""
    return next(kind for kind in FLAT if kind.sql == sql)
