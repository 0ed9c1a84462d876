"""JSON as Python's json, DuckDB and plain eyes read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export

Table = Callable[[str], Export]


def record(export: Export, **options: Any) -> str:
    """The one record."""
    return export.text("json", layout="lines", **options).removesuffix("\n")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("TRUE", "true"),
        ("9223372036854775807::BIGINT", "9223372036854775807"),
        ("170141183460469231731687303715884105727::HUGEINT", str(2**127 - 1)),
        ("12345678901234567890123::BIGNUM", "12345678901234567890123"),
        ("1.10::DECIMAL(5, 2)", "1.10"),
        ("-0.5::DECIMAL(1, 1)", "-0.5"),
        ("0::DECIMAL(38, 38)", "0." + "0" * 38),
        ("0.1::FLOAT", "0.1"),
        ("16777216::FLOAT", "16777216.0"),
        ("1e300::DOUBLE", "1e+300"),
        ("'nan'::FLOAT", "null"),
        ("'-inf'::DOUBLE", "null"),
        ("DATE '2024-02-29'", '"2024-02-29"'),
        ("TIME '12:00:01.500'", '"12:00:01.5"'),
        ("TIMESTAMP '2024-02-29 12:34:56.789012'", '"2024-02-29T12:34:56.789012"'),
        ("TIMESTAMPTZ '2024-02-29 12:34:56+02'", '"2024-02-29T10:34:56Z"'),
        ("INTERVAL '1 day 2 seconds'", '"1 day 00:00:02"'),
        ("'b'::ENUM('a', 'b')", '"b"'),
        (r"'ab\xAA'::BLOB", '"YWKq"'),
        ("'0101'::BIT", '"0101"'),
        ("'q\"\\/' || chr(1) || chr(10) || 'é😀'", '"q\\"\\\\/\\u0001\\né😀"'),
        ("[1, NULL, 2]", "[1,null,2]"),
        ("[]::INTEGER[]", "[]"),
        ("[0.1, 'nan'::FLOAT]::FLOAT[2]", "[0.1,null]"),
        ("[[1.50::DECIMAL(5, 2)], NULL, []]", "[[1.50],null,[]]"),
        (
            "{'a': 1.50, 'n': NULL, 't': TIMESTAMP '2024-01-01'}",
            '{"a":1.50,"t":"2024-01-01T00:00:00"}',
        ),
        ("{'n': NULL::INTEGER}", "{}"),
        ("[{'a': 'x', 'n': NULL::INTEGER}, NULL]", '[{"a":"x"},null]'),
        ("MAP {'k': 1.50, 'n': NULL}", '{"k":1.50}'),
        ("MAP {TIMESTAMP '2024-01-01': [0.1::FLOAT]}", '{"2024-01-01T00:00:00":[0.1]}'),
        (
            """'{"a": 1.10,\n "b": 12345678901234567890}'::JSON""",
            '{"a": 1.10,  "b": 12345678901234567890}',
        ),
        ("'null'::JSON", "null"),
        ("union_value(n := 2.50)", "2.50"),
        ("{'a': [1]}::VARIANT", '{"a":[1]}'),
        ("row(1, TIMESTAMP '2024-01-01')", '[1,"2024-01-01T00:00:00"]'),
    ],
)
def test_a_value_is_written_as_the_reference_says(table: Table, value: str, written: str) -> None:
    assert record(table(f"SELECT {value} AS v")) == f'{{"v":{written}}}'


def test_null_members_are_left_out_or_written_at_every_depth(table: Table) -> None:
    export = table(
        "SELECT 1 AS id, NULL::VARCHAR AS t, {'a': NULL::INTEGER, 'b': {'c': NULL::DATE}} AS s,"
        " MAP {'k': NULL::INTEGER} AS m, [NULL::INTEGER] AS l"
    )
    assert record(export) == '{"id":1,"s":{"b":{}},"m":{},"l":[null]}'
    assert record(export, nulls="write") == (
        '{"id":1,"t":null,"s":{"a":null,"b":{"c":null}},"m":{"k":null},"l":[null]}'
    )


def test_a_record_of_nulls_alone_is_empty(table: Table) -> None:
    assert record(table("SELECT NULL AS a, NULL::INTEGER AS b")) == "{}"


def test_special_floats_are_bare_where_asked_for(table: Table) -> None:
    export = table("SELECT 'nan'::FLOAT a, 'inf'::DOUBLE b, [-'inf'::DOUBLE] c, 1.5::DOUBLE d")
    assert record(export, special_floats=True) == '{"a":NaN,"b":Infinity,"c":[-Infinity],"d":1.5}'


def test_big_integers_are_strings_where_asked_for(table: Table) -> None:
    export = table("SELECT 1::BIGINT a, 2::INTEGER b, 3::HUGEINT c, [4::UBIGINT] d, 5.50 e")
    assert record(export, bigints="string") == '{"a":"1","b":2,"c":"3","d":["4"],"e":5.50}'


def test_all_values_are_texts_where_asked_for(table: Table) -> None:
    export = table("SELECT 1 a, TRUE b, 1.50 c, [1, 2] d, NULL e, 'x' f, DATE '2024-01-01' g")
    assert json.loads(record(export, as_string=True)) == {
        "a": "1",
        "b": "true",
        "c": "1.50",
        "d": "[1,2]",
        "f": "x",
        "g": "2024-01-01",
    }


def test_timestamps_take_the_form_of_fourteen_digits(table: Table) -> None:
    export = table("SELECT TIMESTAMPTZ '2024-02-29 12:34:56.5+02' a, [TIMESTAMP '2024-01-01'] b")
    assert record(export, ts_format="clevertap") == '{"a":"20240229103456","b":["20240101000000"]}'


def test_ascii_escapes_everything_else_with_surrogate_pairs(table: Table) -> None:
    export = table(
        "SELECT 'é😀' AS \"schlüssel😀\", ['ö'] AS l, MAP {'ä': 1} AS m, {'ß': 2} AS s,"
        " '{\"ü\": \"李\"}'::JSON AS j, 'plain' AS p"
    )
    text = record(export, ascii=True)
    assert text.isascii()
    assert "\\ud83d\\ude00" in text
    assert json.loads(text) == json.loads(record(export))
    assert json.loads(text)["schlüssel😀"] == "é😀"


def test_names_are_escaped(table: Table) -> None:
    export = table('SELECT 1 AS "a ""b"" \\ \n", {\'x "y"\': 2} AS "it\'s"')
    assert json.loads(record(export)) == {'a "b" \\ \n': 1, "it's": {'x "y"': 2}}


def test_a_column_named_as_a_lambda_is_still_the_column(table: Table) -> None:
    export = table("SELECT 1 AS e0, 2 AS e1, 3 AS e, 4 AS c, [[1.5]] AS l, 'é' AS t")
    assert record(export, ascii=True) == ('{"e0":1,"e1":2,"e":3,"c":4,"l":[[1.5]],"t":"\\u00e9"}')


@pytest.mark.parametrize("rows", [0, 1, 3])
@pytest.mark.parametrize("indent", [False, True])
def test_each_layout_is_one_document(table: Table, rows: int, indent: bool) -> None:
    export = table(f"SELECT i AS id, {{'a': [i]}} AS s FROM range({rows}) r(i)")
    expected = [{"id": i, "s": {"a": [i]}} for i in range(rows)]
    assert json.loads(export.text("json", indent=indent)) == {"records": expected}
    assert json.loads(export.text("json", layout="array", indent=indent)) == expected
    lines = export.text("json", layout="lines")
    assert [json.loads(line) for line in lines.splitlines()] == expected
    assert lines == "" or lines.endswith("}\n")


def test_indent_uses_tabs_all_the_way_down(table: Table) -> None:
    export = table("SELECT 1 AS a, {'b': [1, 2], 'c': []::INTEGER[], 'd': MAP {'k': 1}} AS s")
    expected = {"records": [{"a": 1, "s": {"b": [1, 2], "c": [], "d": {"k": 1}}}]}
    assert export.text("json", indent=True) == json.dumps(expected, indent="\t") + "\n"
    assert (
        export.text("json", indent=True, layout="array")
        == json.dumps(expected["records"], indent="\t") + "\n"
    )


def test_digits_survive_both_readers(table: Table) -> None:
    export = table(
        "SELECT i::BIGINT * 9007199254740993 AS big, (i * 1.1)::DECIMAL(38, 20) AS exact,"
        " random()::FLOAT AS small, random() AS large FROM range(1, 500) r(i)"
    )
    file = export.build(export.pipeline("json", layout="lines"))
    with duckdb.connect(str(export.database), read_only=True) as connection:
        source = connection.execute("FROM t").fetchall()
        columns = "{big: 'BIGINT', small: 'FLOAT', large: 'DOUBLE'}"
        back = connection.execute(f"FROM read_json('{file.path}', columns = {columns})").fetchall()
    assert back == [(big, small, large) for big, _, small, large in source]
    lines = file.path.read_text(encoding="utf-8").splitlines()
    read = [json.loads(line, parse_float=Decimal) for line in lines]
    assert [(row["big"], row["exact"]) for row in read] == [row[:2] for row in source]
    assert [float(row["large"]) for row in read] == [row[3] for row in source]


def test_a_line_cannot_be_indented(table: Table) -> None:
    with pytest.raises(ConfigurationInvalid, match="one line"):
        table("SELECT 1 AS a").pipeline("json", layout="lines", indent=True)
