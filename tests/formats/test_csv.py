"""CSV as Python's csv, DuckDB and plain eyes read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export, query

Table = Callable[[str], Export]


def line(export: Export, **options: Any) -> str:
    """The one row, without header and line end."""
    return export.text("csv", header=False, **options).removesuffix("\n")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("NULL::VARCHAR", ""),
        ("''", '""'),
        ("TRUE", "true"),
        ("9223372036854775807::BIGINT", "9223372036854775807"),
        ("340282366920938463463374607431768211455::UHUGEINT", str(2**128 - 1)),
        ("12345678901234567890123::BIGNUM", "12345678901234567890123"),
        ("1.10::DECIMAL(5, 2)", "1.10"),
        ("-0.5::DECIMAL(1, 1)", "-0.5"),
        ("99999999999999999999999999999999999.123::DECIMAL(38, 3)", "9" * 35 + ".123"),
        ("0.1::FLOAT", "0.1"),
        ("0.1::DOUBLE", "0.1"),
        ("1e-7::DOUBLE", "1e-07"),
        ("DATE '2024-02-29'", "2024-02-29"),
        ("TIME '12:00:01'", "12:00:01"),
        ("TIME '12:00:01.500'", "12:00:01.5"),
        ("TIMETZ '12:00:01+02'", "12:00:01+02:00"),
        ("TIMETZ '12:00:01+05:30'", "12:00:01+05:30"),
        ("TIMESTAMP '2024-02-29 12:34:56.789012'", "2024-02-29T12:34:56.789012"),
        ("TIMESTAMP '2024-02-29 00:00:00'", "2024-02-29T00:00:00"),
        ("TIMESTAMP_S '2024-02-29 12:34:56'", "2024-02-29T12:34:56"),
        ("TIMESTAMP_MS '2024-02-29 12:34:56.7'", "2024-02-29T12:34:56.7"),
        ("TIMESTAMP_NS '2024-02-29 12:34:56.789012345'", "2024-02-29T12:34:56.789012345"),
        ("TIMESTAMPTZ '2024-02-29 12:34:56+02'", "2024-02-29T10:34:56Z"),
        ("TIMESTAMPTZ '2024-02-29 12:34:56.5+02'", "2024-02-29T10:34:56.5Z"),
        ("TIMESTAMP 'infinity'", "infinity"),
        ("TIMESTAMPTZ '-infinity'", "-infinity"),
        ("'cfcd2084-95d5-65ef-66e7-dff9f98764da'::UUID", "cfcd2084-95d5-65ef-66e7-dff9f98764da"),
        ("INTERVAL '1 day 2 seconds'", "1 day 00:00:02"),
        ("'b'::ENUM('a', 'b')", "b"),
        (r"'ab\xAA'::BLOB", "YWKq"),
        ("'0101'::BIT", "0101"),
        ("[1, NULL]", '"[1,null]"'),
        ("[1.5, 2]::DOUBLE[2]", '"[1.5,2.0]"'),
        ("{'a': 1, 'b': 'x'}", '"{""a"":1,""b"":""x""}"'),
        ("MAP {'k': 1.50}", '"{""k"":1.50}"'),
        ("""'{"a": 1.10}'::JSON""", '"{""a"": 1.10}"'),
        ("union_value(n := 2.50)", "2.50"),
        ("'text'::VARIANT", "text"),
        ("{'a': 1}::VARIANT", '"{""a"":1}"'),
        ("row(1, 'x')", '"[1,""x""]"'),
        ("NULL", ""),
        ("' lead'", " lead"),
        ("'#x'", "#x"),
        ("'a,b'", '"a,b"'),
        ("'say \"hi\"'", '"say ""hi"""'),
        ("'l1' || chr(10) || 'l2'", '"l1\nl2"'),
        ("'é😀'", "é😀"),
    ],
)
def test_a_value_is_written_as_the_reference_says(table: Table, value: str, written: str) -> None:
    assert line(table(f"SELECT {value} AS v, 1 AS one")) == f"{written},1"


def test_python_and_duckdb_read_back_every_value(table: Table) -> None:
    export = table(
        "SELECT * FROM (VALUES (1, 'a,b', 'x' || chr(13) || chr(10)), (2, '', NULL),"
        ' (3, \'say "hi"\', \' \'), (4, NULL, \'\')) v(id, "odd, ""name""", "new\nline")'
    )
    file = export.build(export.pipeline("csv"))

    rows = list(csv.reader(io.StringIO(file.path.read_bytes().decode(), newline="")))
    assert rows[0] == ["id", 'odd, "name"', "new\nline"]
    assert rows[1:4] == [["1", "a,b", "x\r\n"], ["2", "", ""], ["3", 'say "hi"', " "]]
    back = query(
        f"SELECT * FROM read_csv('{file.path}', all_varchar = true, allow_quoted_nulls = false)"
    )
    assert back == [
        ("1", "a,b", "x\r\n"),
        ("2", "", None),
        ("3", 'say "hi"', " "),
        ("4", None, ""),
    ]
    assert file.rows == 4


def test_a_table_without_rows_is_a_header(table: Table) -> None:
    export = table("SELECT 1 AS a, 'x' AS b WHERE false")
    assert export.text("csv") == "a,b\n"
    assert export.text("csv", null="-") == "a,b\n"
    assert export.text("csv", header=False) == ""


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, 'id,t,n,d\n1,x,,2024-01-01\n2,"",5,\n'),
        ({"separator": ";"}, 'id;t;n;d\n1;x;;2024-01-01\n2;"";5;\n'),
        ({"separator": "§"}, 'id§t§n§d\n1§x§§2024-01-01\n2§""§5§\n'),
        ({"crlf": True}, 'id,t,n,d\r\n1,x,,2024-01-01\r\n2,"",5,\r\n'),
        ({"header": False}, '1,x,,2024-01-01\n2,"",5,\n'),
        ({"quote": "all"}, '"id","t","n","d"\n"1","x",,"2024-01-01"\n"2","","5",\n'),
        ({"quote": "strings"}, '"id","t","n","d"\n1,"x",,2024-01-01\n2,"",5,\n'),
        ({"null": "NULL"}, 'id,t,n,d\n1,x,NULL,2024-01-01\n2,"",5,NULL\n'),
        ({"null": "x"}, 'id,t,n,d\n1,"x",x,2024-01-01\n2,"",5,x\n'),
        (
            {"null": "NULL", "quote": "all"},
            '"id","t","n","d"\n"1","x",NULL,"2024-01-01"\n"2","","5",NULL\n',
        ),
        (
            {"null": "NULL", "crlf": True, "separator": "|"},
            'id|t|n|d\r\n1|x|NULL|2024-01-01\r\n2|""|5|NULL\r\n',
        ),
        ({"bom": True}, '\ufeffid,t,n,d\n1,x,,2024-01-01\n2,"",5,\n'),
        (
            {"quote": "strings", "as_string": True},
            '"id","t","n","d"\n"1","x",,"2024-01-01"\n"2","","5",\n',
        ),
    ],
)
def test_an_option_changes_what_it_says(
    table: Table, options: dict[str, Any], written: str
) -> None:
    export = table(
        "SELECT * FROM (VALUES (1, 'x', NULL, DATE '2024-01-01'), (2, '', 5, NULL)) v(id, t, n, d)"
    )
    assert export.text("csv", **options) == written


def test_timestamps_take_the_form_of_fourteen_digits(table: Table) -> None:
    export = table(
        "SELECT TIMESTAMP '2024-02-29 12:34:56.7' AS a, TIMESTAMPTZ '2024-02-29 12:34:56+02' AS b,"
        " DATE '2024-02-29' AS c, [TIMESTAMP '2024-02-29 12:34:56'] AS d"
    )
    assert line(export, ts_format="clevertap") == (
        '20240229123456,20240229103456,2024-02-29,"[""20240229123456""]"'
    )


def test_only_texts_that_are_formulas_get_an_apostrophe(table: Table) -> None:
    values = [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-x", "'-x"),
        ("@cmd", "'@cmd"),
        ("\tx", "'\tx"),
        ("-5.00", "-5.00"),
        ("+1.5e3", "+1.5e3"),
        ("+393200000001", "+393200000001"),
        ("plain", "plain"),
        ("=", "'="),
        ("+1\n=x", "'+1\n=x"),
    ]
    rows = ", ".join(f"({n}, '{value}')" for n, (value, _) in enumerate(values))
    export = table(f"SELECT * FROM (VALUES {rows}) v(n, t) ORDER BY n")
    text = export.text("csv", header=False, escape_formulas=True)
    assert [row[1] for row in csv.reader(io.StringIO(text))] == [safe for _, safe in values]


def test_numbers_are_never_escaped(table: Table) -> None:
    assert line(table("SELECT -5 AS a, -1.5 AS b"), escape_formulas=True) == "-5,-1.5"


def test_what_an_encoding_lacks_is_replaced_and_counted(table: Table) -> None:
    export = table("SELECT 'Zoë 李 😀' AS \"näme\"")
    assert export.bytes("csv", encoding="windows-1252") == "näme\nZoë ? ?\n".encode("cp1252")
    [warning] = export.warnings
    assert warning == "2 characters that windows-1252 lacks were replaced by ?"
    file = export.build(export.pipeline("csv", encoding="windows-1252"))
    assert file.media_type == "text/csv; charset=windows-1252"
    assert export.bytes("csv", encoding="UTF8") == "näme\nZoë 李 😀\n".encode()


def test_utf_16_has_its_mark_once(table: Table) -> None:
    export = table("SELECT 'é' AS a")
    assert export.bytes("csv", encoding="utf-16", bom=True).decode("utf-16") == "a\né\n"
    assert export.bytes("csv", encoding="utf-16-le", bom=True) == "\ufeffa\né\n".encode("utf-16-le")
    assert export.warnings == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"separator": ";;"}, "exactly one character"),
        ({"separator": ""}, "exactly one character"),
        ({"separator": "\n"}, "must not be"),
        ({"separator": '"'}, "must not be"),
        ({"separator": "\ufffd"}, "must not be"),
        ({"encoding": "utf-99"}, "no encoding"),
        ({"encoding": "hex"}, "no encoding"),
        ({"encoding": "idna"}, "no encoding"),
        ({"encoding": "undefined"}, "no encoding"),
        ({"null": "a,b"}, "must hold no separator"),
        ({"bom": True, "encoding": "latin-1"}, "no byte order mark"),
        ({"quote": "some"}, "not known"),
        ({"layout": "records"}, "layout"),
    ],
)
def test_an_option_that_cannot_be_is_a_configuration_error(
    table: Table, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        table("SELECT 1 AS a").pipeline("csv", **options)
