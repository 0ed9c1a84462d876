"""Ten rows with every type a filter knows, and what each operator selects of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

INSTANT = "2026-01-01T00:00:00Z"

COLUMNS = {
    "tiny": (
        "TINYINT",
        "-128, -1, 0, 1, 2, 3, 127, NULL, NULL, 5",
    ),
    "whole": (
        "INTEGER",
        "-5, 0, 1, 2, 3, 10, 2147483647, NULL, 10, NULL",
    ),
    "big": (
        "BIGINT",
        "9007199254740993, 9007199254740992, -9223372036854775808, 0, 1, 2, 3, NULL, "
        "9223372036854775807, NULL",
    ),
    "huge": (
        "HUGEINT",
        "170141183460469231731687303715884105727, 0, 1, -1, NULL, 5, 6, 7, 8, NULL",
    ),
    "unsigned": (
        "UBIGINT",
        "18446744073709551615, 0, 1, 2, NULL, 5, 6, 7, 8, NULL",
    ),
    "money": (
        "DECIMAL(9,2)",
        "0.10, 0.20, -1.00, 9999999.99, NULL, 1.00, 1.01, 0.00, NULL, 100.00",
    ),
    "exact": (
        "DECIMAL(38,10)",
        "0.1, 1234567890123456789012345678.0123456789, -1, 0, NULL, 1, 2, 3, 4, NULL",
    ),
    "small": (
        "FLOAT",
        "0.1, 0.2, 1.5, -1.5, NULL, 16777216, 0, 1e30, 2, NULL",
    ),
    "wide": (
        "DOUBLE",
        "0.1, 0.2, 0.30000000000000004, -1.5, NULL, 1e300, 0, 'inf', 'nan', NULL",
    ),
    "name": (
        "VARCHAR",
        "'Ada', 'ada', '', ' Ada', NULL, 'Zoë', 'a%b', 'a_b', 'O''Hara', '10'",
    ),
    "mood": (
        "ENUM('sad', 'ok', 'happy')",
        "'ok', 'sad', 'happy', NULL, 'ok', 'ok', NULL, 'sad', 'happy', 'ok'",
    ),
    "born": (
        "DATE",
        "'2024-02-28', '2024-02-29', '2024-03-01', '1899-12-31', NULL, '2025-12-31', "
        "'2026-01-01', '2025-12-02', '9999-12-31', NULL",
    ),
    "alarm": (
        "TIME",
        "'00:00:00', '07:30:00', '07:30:00.5', '12:00:00', NULL, '23:59:59.999999', "
        "NULL, '07:29:59', '18:00', '07:30:00'",
    ),
    "logged": (
        "TIMESTAMP",
        "'2024-02-29 00:00:00', '2024-02-29 12:34:56.789', '2024-03-01', '1900-01-01', "
        "NULL, '2025-12-31 23:59:59', '2026-01-01', '2025-12-02', "
        "'2025-12-01 23:59:59', NULL",
    ),
    "seen": (
        "TIMESTAMPTZ",
        "'2024-02-29 00:00:00Z', '2024-02-29 01:00:00+01', '2024-03-01 00:00:00Z', "
        "'1900-01-01 00:00:00Z', NULL, '2025-12-31 23:59:59Z', '2026-01-01 00:00:00Z', "
        "'2025-12-02 00:00:00Z', '2025-12-01 23:59:59Z', NULL",
    ),
    "nano": (
        "TIMESTAMP_NS",
        "'2024-02-29 00:00:00', '2024-02-29 00:00:00.000000001', '2024-03-01', NULL, "
        "'1990-01-01', NULL, '2026-01-01', '2200-01-01', NULL, NULL",
    ),
    "token": (
        "UUID",
        "'00000000-0000-0000-0000-000000000001', "
        "'b5b7a2a4-9f6c-4d3e-8f6e-0c8f4b6a1d2e', "
        "'ffffffff-ffff-ffff-ffff-ffffffffffff', NULL, NULL, NULL, NULL, NULL, NULL, "
        "NULL",
    ),
    "active": (
        "BOOLEAN",
        "true, false, NULL, true, false, true, NULL, false, true, true",
    ),
    "tags": (
        "VARCHAR[]",
        "['a', 'b'], ['A'], [], [NULL], NULL, ['a', NULL], ['ab'], [''], ['b', 'c'], ['%']",
    ),
    "scores": (
        "INTEGER[]",
        "[1, 2], [3], [], [NULL], NULL, [1, NULL], [-1], [2147483647], [2, 2], [0]",
    ),
    "ratios": (
        "FLOAT[]",
        "[0.1], [0.2, 0.1], [], [NULL], NULL, [1], [1e30], [0], [2.5], [-0.1]",
    ),
    "prices": (
        "DECIMAL(9,2)[]",
        "[0.10], [0.20], [], [NULL], NULL, [1], [1.01], [0], [2.5, 0.1], [9]",
    ),
    "days": (
        "DATE[]",
        "['2026-01-01'], ['2025-12-02'], [], [NULL], NULL, ['2024-02-29'], "
        "['2024-02-29'], ['2024-02-29'], ['2024-02-29'], ['2024-02-29']",
    ),
    "flags": (
        "BOOLEAN[]",
        "[true], [false], [], [NULL], NULL, [true, false], [true], [true], [true], [true]",
    ),
    "trio": (
        "INTEGER[3]",
        "[1, 2, 3], [4, 5, 6], NULL, [7, 8, NULL], [0, 0, 0], [0, 0, 0], [0, 0, 0], "
        "[0, 0, 0], [0, 0, 0], [0, 0, 0]",
    ),
    "groups": (
        "MAP(VARCHAR, INTEGER)",
        "MAP {'a': 1}, MAP {}, NULL, MAP {'b': NULL}, MAP {'b': NULL}, "
        "MAP {'b': NULL}, MAP {'b': NULL}, MAP {'b': NULL}, MAP {'b': NULL}, "
        "MAP {'b': NULL}",
    ),
    "extra": (
        "JSON",
        "'{}', '[]', '\"\"', 'null', NULL, ' { } ', '{\"a\":null}', '[null]', '0', '\"x\"'",
    ),
    "address": (
        "STRUCT(city VARCHAR, geo STRUCT(lat INTEGER, size DOUBLE))",
        "{'city': 'Roma', 'geo': {'lat': 41, 'size': 1.5}}, "
        "{'city': 'Lyon', 'geo': {'lat': 45, 'size': NULL}}, "
        "{'city': NULL, 'geo': {'lat': NULL, 'size': 2}}, "
        "{'city': 'Rom', 'geo': NULL}, NULL, "
        "{'city': '', 'geo': {'lat': 0, 'size': 0}}, "
        "{'city': '', 'geo': {'lat': 0, 'size': 0}}, "
        "{'city': '', 'geo': {'lat': 0, 'size': 0}}, "
        "{'city': '', 'geo': {'lat': 0, 'size': 0}}, "
        "{'city': '', 'geo': {'lat': 0, 'size': 0}}",
    ),
    "data": (
        "BLOB",
        "'a'::BLOB, ''::BLOB, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    ),
    "span": (
        "INTERVAL",
        "INTERVAL 1 DAY, INTERVAL 1 DAY, INTERVAL 1 DAY, INTERVAL 1 DAY, "
        "INTERVAL 1 DAY, NULL, NULL, NULL, NULL, NULL",
    ),
}
"""The type of each column, and its values in the ten rows."""

ALL = range(1, 11)


def table() -> str:
    """The SELECT that gives the ten rows; the column id counts them."""
    made = ", ".join(
        f'unnest(CAST([{values}] AS {type_}[])) AS "{name}"'
        for name, (type_, values) in COLUMNS.items()
    )
    return f"SELECT unnest(range(1, 11))::INTEGER AS id, {made}"


def but(*ids: int) -> list[int]:
    """Every row but these."""
    return [one for one in ALL if one not in ids]


Case = tuple[str, str, list[Any], list[int]]

CASES: list[Case] = [
    # Numbers
    ("tiny", "is", [1], [4]),
    ("tiny", "is", [1.0], [4]),
    ("tiny", "is", [1.5], []),
    ("tiny", "is", [1000], []),
    ("tiny", "is", ["3"], [6]),
    ("tiny", "is not", [1], but(4, 8, 9)),
    ("tiny", "is not", [1.5], but(8, 9)),
    ("tiny", "is not", [1000], but(8, 9)),
    ("tiny", "is less than", [1], [1, 2, 3]),
    ("tiny", "is less than", [1.5], [1, 2, 3, 4]),
    ("tiny", "is less than", [1000], but(8, 9)),
    ("tiny", "is less than", [-1000], []),
    ("tiny", "is less than", [-128], []),
    ("tiny", "is less than or equal to", [1], [1, 2, 3, 4]),
    ("tiny", "is less than or equal to", [1.5], [1, 2, 3, 4]),
    ("tiny", "is less than or equal to", [127], but(8, 9)),
    ("tiny", "is greater than", [1], [5, 6, 7, 10]),
    ("tiny", "is greater than", [1.5], [5, 6, 7, 10]),
    ("tiny", "is greater than", [-0.5], [3, 4, 5, 6, 7, 10]),
    ("tiny", "is greater than", [1e300], []),
    ("tiny", "is greater than or equal to", [1], [4, 5, 6, 7, 10]),
    ("tiny", "is greater than or equal to", [-1000], but(8, 9)),
    ("tiny", "is between", [0, 2], [3, 4, 5]),
    ("tiny", "is between", [0.5, 2.5], [4, 5]),
    ("tiny", "is between", [2, 0], []),
    ("tiny", "is between", [-1000, 1000], but(8, 9)),
    ("tiny", "is not between", [0, 2], [1, 2, 6, 7, 10]),
    ("tiny", "is not between", [-1000, 1000], []),
    ("tiny", "is not between", [2, 0], but(8, 9)),
    ("tiny", "is one of", [1, 2, 1000, 2.5], [4, 5]),
    ("tiny", "is one of", [1000], []),
    ("tiny", "is not one of", [1, 2, 1000], but(4, 5, 8, 9)),
    ("tiny", "is not one of", [1000], but(8, 9)),
    ("tiny", "is null", [], [8, 9]),
    ("tiny", "is not null", [], but(8, 9)),
    ("tiny", "exists", [], but(8, 9)),
    ("tiny", "does not exist", [], [8, 9]),
    ("whole", "is between", [3, 10], [5, 6, 9]),
    ("whole", "is not", [10], but(6, 8, 9, 10)),
    ("whole", "is one of", [3], [5]),
    ("big", "is", [9007199254740993], [1]),
    ("big", "is", ["9007199254740993"], [1]),
    ("big", "is greater than", [9007199254740992], [1, 9]),
    ("big", "is greater than or equal to", [-9223372036854775808], but(8, 10)),
    ("big", "is less than", [1e19], but(8, 10)),
    ("huge", "is", ["170141183460469231731687303715884105727"], [1]),
    ("huge", "is less than", ["170141183460469231731687303715884105727"], but(1, 5, 10)),
    ("huge", "is greater than", [0.5], [1, 3, 6, 7, 8, 9]),
    ("unsigned", "is greater than", [-1], but(5, 10)),
    ("unsigned", "is less than", [-1], []),
    ("unsigned", "is", ["18446744073709551615"], [1]),
    ("money", "is", [0.1], [1]),
    ("money", "is", ["0.10"], [1]),
    ("money", "is", [0.105], []),
    ("money", "is not", [0.105], but(5, 9)),
    ("money", "is less than", [0.105], [1, 3, 8]),
    ("money", "is greater than", [1], [4, 7, 10]),
    ("money", "is greater than", [0.999], [4, 6, 7, 10]),
    ("money", "is less than", [10**12], but(5, 9)),
    ("money", "is between", [0.1, 1], [1, 2, 6]),
    ("money", "is one of", [0.2, 100, 0.201], [2, 10]),
    ("exact", "is", ["1234567890123456789012345678.0123456789"], [2]),
    ("exact", "is greater than", ["1234567890123456789012345678.01234567889"], [2]),
    ("small", "is", [0.1], [1]),
    ("small", "is one of", [0.1, 0.2, 1e300], [1, 2]),
    ("small", "is not", [0.1], but(1, 5, 10)),
    ("small", "is less than", [0.1], [4, 7]),
    ("small", "is less than or equal to", [0.1], [1, 4, 7]),
    ("small", "is less than", [1e300], but(5, 10)),
    ("small", "is", [1e300], []),
    ("small", "is between", [0.1, 0.2], [1, 2]),
    ("wide", "is", [0.1], [1]),
    ("wide", "is", [0.3], []),
    ("wide", "is less than", [1], [1, 2, 3, 4, 7]),
    ("wide", "is greater than", [1e299], [6, 8, 9]),
    ("wide", "is", [float("inf")], [8]),
    # Text
    ("name", "is", ["Ada"], [1]),
    ("name", "is", [""], [3]),
    ("name", "is", ["10"], [10]),
    ("name", "is", ["today"], []),
    ("name", "is not", ["Ada"], but(1, 5)),
    ("name", "is less than", ["Z"], [1, 3, 4, 9, 10]),
    ("name", "is greater than", ["a"], [2, 7, 8]),
    ("name", "is greater than or equal to", ["Zoë"], [2, 6, 7, 8]),
    ("name", "is less than or equal to", ["Ada"], [1, 3, 4, 10]),
    ("name", "is between", ["A", "Z"], [1, 9]),
    ("name", "is not between", ["A", "Z"], [2, 3, 4, 6, 7, 8, 10]),
    ("name", "is one of", ["Ada", "", "nobody"], [1, 3]),
    ("name", "is not one of", ["Ada", ""], but(1, 3, 5)),
    ("name", "contains", ["da"], [1, 2, 4]),
    ("name", "contains", ["%"], [7]),
    ("name", "contains", ["_"], [8]),
    ("name", "contains", ["'"], [9]),
    ("name", "contains", [""], but(5)),
    ("name", "does not contain", ["a"], [3, 6, 10]),
    ("name", "starts with", ["A"], [1]),
    ("name", "starts with", ["a_"], [8]),
    ("name", "starts with", ["O'"], [9]),
    ("name", "ends with", ["da"], [1, 2, 4]),
    ("name", "ends with", ["ë"], [6]),
    ("name", "ends with", [" "], []),
    ("name", "is empty", [], [3, 5]),
    ("name", "is not empty", [], but(3, 5)),
    ("name", "exists", [], but(5)),
    ("name", "is null", [], [5]),
    ("mood", "is", ["ok"], [1, 5, 6, 10]),
    ("mood", "is", ["nope"], []),
    ("mood", "is not", ["ok"], [2, 3, 8, 9]),
    ("mood", "is less than", ["ok"], [3, 9]),
    ("mood", "is one of", ["sad", "nope"], [2, 8]),
    ("mood", "contains", ["a"], [2, 3, 8, 9]),
    ("mood", "is empty", [], [4, 7]),
    # Dates and times
    ("born", "is", [date(2024, 2, 29)], [2]),
    ("born", "is", ["2024-02-29"], [2]),
    ("born", "is", [datetime(2024, 2, 29)], [2]),
    ("born", "is", ["2024-02-29T12:00:00"], []),
    ("born", "is not", ["2024-02-29"], but(2, 5, 10)),
    ("born", "is before", ["2024-02-29"], [1, 4]),
    ("born", "is before", ["2024-02-29T12:00:00"], [1, 2, 4]),
    ("born", "is on or before", ["2024-02-29"], [1, 2, 4]),
    ("born", "is after", ["2024-02-29"], [3, 6, 7, 8, 9]),
    ("born", "is on or after", ["2024-02-29"], [2, 3, 6, 7, 8, 9]),
    ("born", "is between", ["2024-02-28", "2024-02-29"], [1, 2]),
    ("born", "is not between", ["2024-02-28", "2024-02-29"], [3, 4, 6, 7, 8, 9]),
    ("born", "is one of", ["2024-02-29", date(2024, 3, 1), "today"], [2, 3, 7]),
    ("born", "is not one of", ["2024-02-29", "today"], but(2, 5, 7, 10)),
    ("born", "is", ["today"], [7]),
    ("born", "is", ["now"], [7]),
    ("born", "is", ["today - 1d"], [6]),
    ("born", "is on or after", ["now - 30d"], [6, 7, 8, 9]),
    ("born", "is after", ["now - 30d"], [6, 7, 9]),
    ("alarm", "is", [time(7, 30)], [2, 10]),
    ("alarm", "is", ["07:30:00.5"], [3]),
    ("alarm", "is not", ["07:30"], but(2, 5, 7, 10)),
    ("alarm", "is before", ["07:30"], [1, 8]),
    ("alarm", "is on or before", ["07:30:00"], [1, 2, 8, 10]),
    ("alarm", "is after", ["12:00"], [6, 9]),
    ("alarm", "is on or after", ["12:00"], [4, 6, 9]),
    ("alarm", "is between", ["07:30", "12:00"], [2, 3, 4, 10]),
    ("alarm", "is not between", ["07:30", "12:00"], [1, 6, 8, 9]),
    ("alarm", "is one of", ["12:00", "18:00"], [4, 9]),
    ("alarm", "is not one of", ["12:00", "18:00"], [1, 2, 3, 6, 8, 10]),
    ("logged", "is", ["2024-02-29"], [1]),
    ("logged", "is", ["2024-02-29 12:34:56.789"], [2]),
    ("logged", "is", [datetime(2024, 2, 29, 1, tzinfo=timezone(timedelta(hours=1)))], [1]),
    ("logged", "is before", [datetime(2024, 2, 29, 12)], [1, 4]),
    ("logged", "is on or before", ["2024-02-29T00:00:00"], [1, 4]),
    ("logged", "is after", ["now - 30d"], [6, 7]),
    ("logged", "is on or after", ["now - 30d"], [6, 7, 8]),
    ("logged", "is on or after", ["today"], [7]),
    ("logged", "is before", ["today + 1s"], but(5, 10)),
    ("logged", "is between", ["2024-02-29", "2024-03-01"], [1, 2, 3]),
    ("logged", "is not between", ["2024-02-29", "2024-03-01"], [4, 6, 7, 8, 9]),
    ("logged", "is one of", ["2024-02-29", "2026-01-01T00:00:00Z"], [1, 7]),
    ("logged", "is not", ["2024-02-29"], but(1, 5, 10)),
    ("seen", "is", ["2024-02-29T00:00:00Z"], [1, 2]),
    ("seen", "is", ["2024-02-29"], [1, 2]),
    ("seen", "is", [datetime(2024, 2, 29, tzinfo=UTC)], [1, 2]),
    ("seen", "is not", ["2024-02-29T01:00:00+01:00"], but(1, 2, 5, 10)),
    ("seen", "is before", ["1900-01-01T00:00:01Z"], [4]),
    ("seen", "is after", ["now - 30d"], [6, 7]),
    ("seen", "is on or after", ["now - 30d"], [6, 7, 8]),
    ("seen", "is between", ["now - 31d", "now - 1s"], [6, 8, 9]),
    ("seen", "is one of", ["now", "2024-03-01"], [3, 7]),
    ("nano", "is", ["2024-02-29"], [1]),
    ("nano", "is after", ["2024-02-29"], [2, 3, 7, 8]),
    ("nano", "is before", ["9999-01-01"], [1, 2, 3, 5, 7, 8]),
    ("nano", "is", ["9999-01-01"], []),
    ("nano", "is before", ["0001-01-01"], []),
    # UUID, boolean
    ("token", "is", ["B5B7A2A4-9F6C-4D3E-8F6E-0C8F4B6A1D2E"], [2]),
    ("token", "is", ["b5b7a2a49f6c4d3e8f6e0c8f4b6a1d2e"], [2]),
    ("token", "is not", ["b5b7a2a4-9f6c-4d3e-8f6e-0c8f4b6a1d2e"], [1, 3]),
    ("token", "is one of", ["00000000-0000-0000-0000-000000000001"], [1]),
    ("token", "is not one of", ["00000000-0000-0000-0000-000000000001"], [2, 3]),
    ("active", "is true", [], [1, 4, 6, 9, 10]),
    ("active", "is false", [], [2, 5, 8]),
    ("active", "exists", [], but(3, 7)),
    # Lists, maps, JSON, structs, the rest
    ("tags", "contains", ["a"], [1, 6]),
    ("tags", "contains", [""], [8]),
    ("tags", "contains", ["%"], [10]),
    ("tags", "does not contain", ["a"], but(1, 5, 6)),
    ("tags", "is empty", [], [3, 5]),
    ("tags", "is not empty", [], but(3, 5)),
    ("scores", "contains", [1], [1, 6]),
    ("scores", "contains", [1.5], []),
    ("scores", "contains", [10**12], []),
    ("scores", "does not contain", [1], but(1, 5, 6)),
    ("scores", "does not contain", [1.5], but(5)),
    ("ratios", "contains", [0.1], [1, 2]),
    ("ratios", "contains", [1e300], []),
    ("ratios", "does not contain", [0.1], but(1, 2, 5)),
    ("prices", "contains", [0.1], [1, 9]),
    ("prices", "contains", [0.101], []),
    ("days", "contains", ["today"], [1]),
    ("days", "contains", ["2025-12-02"], [2]),
    ("days", "contains", ["2025-12-02T00:00:00"], [2]),
    ("flags", "contains", [True], [1, 6, 7, 8, 9, 10]),
    ("flags", "does not contain", [False], [1, 3, 4, 7, 8, 9, 10]),
    ("trio", "contains", [2], [1]),
    ("trio", "does not contain", [0], [1, 2, 4]),
    ("trio", "is empty", [], [3]),
    ("groups", "is empty", [], [2, 3]),
    ("groups", "is not empty", [], but(2, 3)),
    ("extra", "is empty", [], [1, 2, 3, 4, 5, 6]),
    ("extra", "is not empty", [], [7, 8, 9, 10]),
    ("extra", "exists", [], but(5)),
    ("address", "exists", [], but(5)),
    ("address.city", "is", ["Roma"], [1]),
    ("ADDRESS.City", "starts with", ["Ro"], [1, 4]),
    ("address.city", "is not", ["Roma"], but(1, 3, 5)),
    ("address.city", "does not exist", [], [3, 5]),
    ("address.city", "is empty", [], but(1, 2, 4)),
    ("address.geo.lat", "is greater than", [40], [1, 2]),
    ("address.geo.lat", "is null", [], [3, 4, 5]),
    ("address.geo.size", "is greater than", [1], [1, 3]),
    ("data", "exists", [], [1, 2]),
    ("span", "is null", [], [6, 7, 8, 9, 10]),
]
