"""Each odd table, in each format: readers open the file and find every value."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.properties import (
    reading_csv,
    reading_excel,
    reading_json,
    reading_parquet,
    reading_xml,
)
from tests.properties.exports import exporting
from tests.properties.kinds import named
from tests.properties.nested import List, Map, Struct, Tuple, Union
from tests.properties.tables import Table, edges

pytestmark = pytest.mark.timeout(600)

TEXT = named("VARCHAR")
NUMBER = named("INTEGER")
DOUBLE = named("DOUBLE")
DECIMAL = named("DECIMAL(38, 10)")
NAMES = (
    *("=cmd()", '"; DROP TABLE t; --', 'say "hi"', "a\r\nb", "a\nb", "\r", "a,b", ";", "\t", " "),
    *("'", "<a>&", "]]>", "\\", "{}", "$${x}", "\u00e9", "\U0001f600", "\ufeff", "x" * 200),
)
VALUES = (
    *("", " ", "=cmd()", "+1", "-1", "@x", '"', '""', "\r", "\n", "\r\n", ",", ";", "'", "\\N"),
    *("NULL", "null", "true", "1", "<a>&amp;</a>", "]]>", "_x0041_", "\u2028", "\u0085", "\x7f"),
)
# Names that the SQL of a format may use within its own expressions.
WITHIN = ("e", "e0", "e1", "e2", "c", "c0", "c1", "n", "t", "key", "value", "entries", "v")
DEEP = List(Struct([("e0", List(Map(TEXT, Struct([("key", DECIMAL), ("value", TEXT)]))))]))
NESTED = (
    DEEP,
    Map(NUMBER, Map(TEXT, List(DOUBLE))),
    Tuple([TEXT, List(NUMBER)]),
    Union([("e0", NUMBER), ("key", TEXT)]),
    List(List(List(NUMBER))),
    List(NUMBER, 2),
)
DEEP_VALUES = (
    [([[("k", (None, "v")), ('"', None)], [], None],), (None,), None],
    [(1, [("a", [1.5, None]), ("b", None)]), (2, [])],
    ("\r\n", [1, None]),
    ("key", "text"),
    [[[1, None], []], [], None],
    [1, None],
)


def planes() -> Table:
    """Every character there is, in rows of 16 planes; XML and Excel lack a few."""
    return Table(
        (("n", NUMBER), ("text", TEXT)),
        tuple(
            (
                plane,
                "".join(
                    map(
                        chr,
                        (
                            code
                            for code in range(plane << 16, (plane + 1) << 16, 7)
                            if code and not 0xD800 <= code < 0xE000
                        ),
                    )
                ),
            )
            for plane in range(17)
        ),
    )


TABLES: dict[str, Callable[[], Table]] = {
    "no rows": lambda: Table((("a", NUMBER), ("b", TEXT), ("c", List(NUMBER))), ()),
    "one row": lambda: Table((("a", NUMBER),), ((1,),)),
    "one NULL": lambda: Table((("a", TEXT),), ((None,),)),
    "one empty text": lambda: Table((("a", TEXT),), (("",),)),
    "NULLs alone": lambda: Table((("a", TEXT), ("b", DEEP)), ((None, None), (None, None))),
    "1,600 columns": lambda: Table(
        tuple((f"column {n}", (NUMBER, TEXT)[n % 2]) for n in range(1_600)),
        (tuple((n, f"v{n}")[n % 2] for n in range(1_600)), (None,) * 1_600),
    ),
    "every plane": planes,
    "odd names": lambda: Table(
        tuple((name, TEXT) for name in NAMES), (NAMES, (None,) * len(NAMES))
    ),
    "odd values": lambda: Table(
        (("v", TEXT), ("l", List(TEXT))), tuple((value, [value, None]) for value in VALUES)
    ),
    "numbers and days at their ends": lambda: edges(
        [
            *(named(sql) for sql in ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "FLOAT")),
            *(DOUBLE, DECIMAL, named("DATE"), named("TIMESTAMP"), named("TIMESTAMPTZ")),
        ]
    ),
    "empty and nested lists": lambda: Table(
        tuple((f"v{n}", kind) for n, kind in enumerate(NESTED)),
        (DEEP_VALUES, tuple(None for _ in NESTED), ([], [], None, None, [], None)),
    ),
    "names used within": lambda: Table(
        (
            *((name, TEXT) for name in WITHIN),
            *((f"v{n}", kind) for n, kind in enumerate(NESTED)),
        ),
        ((*WITHIN, *DEEP_VALUES), (None,) * (len(WITHIN) + len(NESTED))),
    ),
}
FORMATS: list[tuple[str, dict[str, Any], Callable[[Table, Path, dict[str, Any]], None]]] = [
    ("csv", {}, reading_csv.check),
    ("csv", {"null": "NULL", "crlf": True}, reading_csv.check),
    ("json", {}, reading_json.check),
    ("json", {"ascii": True, "indent": True, "nulls": "write"}, reading_json.check),
    ("parquet", {}, reading_parquet.check),
    ("xml", {}, reading_xml.check),
    ("xml", {"layout": "flat"}, reading_xml.check),
    ("excel", {"sheet": "S"}, reading_excel.check),
]


def _named(value: object) -> str | None:
    if isinstance(value, dict):
        return "-".join(value) or "default"
    return None if isinstance(value, str) else ""


@pytest.mark.parametrize(("format_", "options", "check"), FORMATS, ids=_named)
@pytest.mark.parametrize("table", TABLES)
def test_an_odd_table_reads_back(
    table: str,
    format_: str,
    options: dict[str, Any],
    check: Callable[[Table, Path, dict[str, Any]], None],
) -> None:
    made = TABLES[table]()
    with exporting(made) as export:
        check(made, export.build(export.pipeline(format_, **options)).path, options)


@pytest.mark.parametrize(("format_", "options", "check"), FORMATS[:-1], ids=_named)
def test_a_value_of_ten_megabytes_reads_back(
    format_: str,
    options: dict[str, Any],
    check: Callable[[Table, Path, dict[str, Any]], None],
) -> None:
    made = Table((("id", NUMBER), ("text", TEXT)), ((1, 'a "\u00e9\r\n' * 1_500_000), (2, "x")))
    with exporting(
        "SELECT 1 AS id, repeat('a \"\u00e9' || chr(13) || chr(10), 1500000) AS text"
        " UNION ALL SELECT 2, 'x'"
    ) as export:
        check(made, export.build(export.pipeline(format_, **options)).path, options)


@pytest.mark.parametrize("options", [{}, {"ascii": True, "indent": True}])
@pytest.mark.parametrize("table", TABLES)
def test_jq_reads_the_json_of_an_odd_table(table: str, options: dict[str, Any]) -> None:
    made = TABLES[table]()
    with exporting(made) as export:
        file = export.build(export.pipeline("json", **options)).path
        read = subprocess.run(
            ["jq", "--compact-output", ".", file], capture_output=True, check=True
        )
        wanted = json.loads(file.read_bytes())
    # jq holds numbers as doubles, cuts those that are larger, and knows no negative zero.
    assert _rounded(json.loads(read.stdout)) == _rounded(wanted)


@pytest.mark.parametrize("table", TABLES)
def test_jq_reads_every_line_by_itself(table: str) -> None:
    made = TABLES[table]()
    with exporting(made) as export:
        file = export.build(export.pipeline("json", layout="lines")).path
        read = subprocess.run(
            ["jq", "--compact-output", ".", file], capture_output=True, check=True
        )
    assert read.stdout.count(b"\n") == len(made.rows)


def _rounded(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _rounded(item) for name, item in tree.items()}
    if isinstance(tree, list):
        return [_rounded(item) for item in tree]
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return f"{tree or 0:.15e}"
    return tree
