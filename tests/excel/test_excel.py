"""Workbooks as openpyxl, calamine and LibreOffice read them."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from profexd.api import ConfigurationInvalid, Permanent
from profexd.export.build import build
from profexd.export.stop import Stop
from profexd_formats.excel import Excel
from profexd_formats.excel_book import sheet_names
from tests.formats.exporting import PLAN, Export, catalog
from tests.xml.counting import python_calls

Table = Callable[[str], Export]


def workbook(export: Export, **options: Any) -> Any:
    """What openpyxl reads, once all members have passed an XML parser."""
    data = export.bytes("excel", **{"sheet": "data", **options})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            etree.fromstring(archive.read(name), etree.XMLParser(huge_tree=True))
    return openpyxl.load_workbook(io.BytesIO(data))


def cell(export: Export, **options: Any) -> Any:
    """The one cell below the header."""
    return workbook(export, **options).active["A2"]


@pytest.mark.parametrize(
    ("value", "read", "kind", "shown"),
    [
        ("TRUE", True, "b", "General"),
        ("FALSE", False, "b", "General"),
        ("42", 42, "n", "General"),
        ("-7::TINYINT", -7, "n", "General"),
        ("999999999999999::BIGINT", 999999999999999, "n", "0"),
        ("-999999999999999::BIGINT", -999999999999999, "n", "0"),
        ("1000000000000000::BIGINT", "1000000000000000", "s", "General"),
        ("(-9223372036854775807 - 1)::BIGINT", "-9223372036854775808", "s", "General"),
        ("12::UHUGEINT", 12, "n", "0"),
        ("170141183460469231731687303715884105727::HUGEINT", str(2**127 - 1), "s", "General"),
        ("12345678901234567890123::BIGNUM", "12345678901234567890123", "s", "General"),
        ("1.10::DECIMAL(5, 2)", 1.1, "n", "0.00"),
        ("-0.5::DECIMAL(1, 1)", -0.5, "n", "0.0"),
        ("99999.9999999999::DECIMAL(38, 10)", 99999.9999999999, "n", "0.0000000000"),
        ("-100000::DECIMAL(38, 10)", "-100000.0000000000", "s", "General"),
        ("1e-20::DECIMAL(38, 20)", 1e-20, "n", "0.00000000000000000000"),
        ("0.1::FLOAT", 0.1, "n", "General"),
        ("1e300::DOUBLE", 1e300, "n", "General"),
        ("'nan'::DOUBLE", "NaN", "s", "General"),
        ("'inf'::FLOAT", "Infinity", "s", "General"),
        ("'-inf'::DOUBLE", "-Infinity", "s", "General"),
        ("DATE '2024-02-29'", datetime(2024, 2, 29), "d", "yyyy-mm-dd"),
        ("DATE '1900-01-01'", datetime(1900, 1, 1), "d", "yyyy-mm-dd"),
        ("DATE '1900-02-28'", datetime(1900, 2, 28), "d", "yyyy-mm-dd"),
        ("DATE '1900-03-01'", datetime(1900, 3, 1), "d", "yyyy-mm-dd"),
        ("DATE '9999-12-31'", datetime(9999, 12, 31), "d", "yyyy-mm-dd"),
        ("DATE '1899-12-31'", "1899-12-31", "s", "General"),
        ("DATE '0001-01-01'", "0001-01-01", "s", "General"),
        ("'5000-01-01 (BC)'::DATE", "5000-01-01 (BC)", "s", "General"),
        ("'infinity'::DATE", "infinity", "s", "General"),
        ("TIME '12:00:01'", time(12, 0, 1), "d", "hh:mm:ss"),
        ("TIME '12:00:01.5'", time(12, 0, 1, 500_000), "d", "hh:mm:ss.000"),
        ("TIME '00:00:00'", time(0), "d", "hh:mm:ss"),
        ("TIME '24:00:00'", "24:00:00", "s", "General"),
        ("TIME '23:59:59.999999'", "23:59:59.999999", "s", "General"),
        (
            "TIMESTAMP '2024-02-29 12:34:56.789'",
            datetime(2024, 2, 29, 12, 34, 56, 789_000),
            "d",
            "yyyy-mm-dd hh:mm:ss.000",
        ),
        (
            "'2024-02-29 12:34:56'::TIMESTAMP_S",
            datetime(2024, 2, 29, 12, 34, 56),
            "d",
            "yyyy-mm-dd hh:mm:ss",
        ),
        (
            "'2024-02-29 12:34:56.123456789'::TIMESTAMP_NS",
            datetime(2024, 2, 29, 12, 34, 56, 123_000),
            "d",
            "yyyy-mm-dd hh:mm:ss.000",
        ),
        (
            "TIMESTAMPTZ '2024-02-29 12:34:56+02'",
            datetime(2024, 2, 29, 10, 34, 56),
            "d",
            "yyyy-mm-dd hh:mm:ss",
        ),
        (
            "TIMESTAMP '1900-01-15 06:00:00'",
            datetime(1900, 1, 15, 6),
            "d",
            "yyyy-mm-dd hh:mm:ss",
        ),
        (
            "TIMESTAMP '9999-12-31 23:59:59'",
            datetime(9999, 12, 31, 23, 59, 59),
            "d",
            "yyyy-mm-dd hh:mm:ss",
        ),
        ("TIMESTAMP '9999-12-31 23:59:59.999999'", "9999-12-31T23:59:59.999999", "s", "General"),
        ("TIMESTAMP '0001-01-01 00:00:00'", "0001-01-01T00:00:00", "s", "General"),
        ("'infinity'::TIMESTAMPTZ", "infinity", "s", "General"),
        ("TIMETZ '12:00:00+02'", "12:00:00+02:00", "s", "General"),
        ("INTERVAL '1 day 2 seconds'", "1 day 00:00:02", "s", "General"),
        (
            "uuid '123e4567-e89b-12d3-a456-426614174000'",
            "123e4567-e89b-12d3-a456-426614174000",
            "s",
            "General",
        ),
        ("'<b>'::ENUM('a', '<b>')", "<b>", "s", "General"),
        ("'abc'::BLOB", "YWJj", "s", "General"),
        ("'0101'::BIT", "0101", "s", "General"),
        ("[1, NULL, 2]", "[1,null,2]", "s", "General"),
        ("{'a': 1.50, 'b': '<&>'}", '{"a":1.50,"b":"<&>"}', "s", "General"),
        ("MAP {'k': DATE '2024-01-01'}", '{"k":"2024-01-01"}', "s", "General"),
        ("""'{"a": 1}'::JSON""", '{"a": 1}', "s", "General"),
        ("union_value(n := 2.5)", "2.5", "s", "General"),
        ("{'a': [1]}::VARIANT", '{"a":[1]}', "s", "General"),
        ("'  kept  '", "  kept  ", "s", "General"),
        ("'00123'", "00123", "s", "General"),
        ("'=1+1'", "=1+1", "s", "General"),
        ("'=cmd()'", "=cmd()", "s", "General"),
        ("'+39 123'", "+39 123", "s", "General"),
        ("'#N/A'", "#N/A", "s", "General"),
        ("'a' || chr(13) || chr(10) || chr(9) || 'b'", "a\r\n\tb", "s", "General"),
        ("'😀李\u0301 <&>\"'", "😀李\u0301 <&>\"", "s", "General"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_the_reference_says(
    table: Table, value: str, read: Any, kind: str, shown: str
) -> None:
    found = cell(table(f"SELECT {value} AS v"))
    assert (found.value, found.data_type, found.number_format) == (read, kind, shown)


def test_numbers_written_as_text_for_their_length_are_counted(table: Table) -> None:
    export = table(
        "SELECT 9007199254740993 + i AS id,"
        " CASE WHEN i < 3 THEN 123456789012345678901::HUGEINT ELSE 1 END AS h,"
        " i AS short, 'x' || chr(13) AS t, 100000.5::DECIMAL(38, 10) AS d FROM range(20000) r(i)"
    )
    data = export.bytes("excel", sheet="data")
    assert b"\r" not in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    row = openpyxl.load_workbook(io.BytesIO(data)).active[20001]
    assert [found.value for found in row] == [
        str(9007199254740993 + 19999), 1, 19999, "x\r", "100000.5000000000"
    ]  # fmt: skip
    assert export.warnings == [
        f"column {name}: {count} numbers of more than 15 digits, which Excel would round,"
        " written as text"
        for name, count in (("id", 20000), ("h", 3), ("d", 20000))
    ]


def test_null_is_no_cell_and_the_empty_string_is_one(table: Table) -> None:
    export = table("SELECT NULL::VARCHAR AS a, NULL::BIGINT AS b, '' AS c, NULL::DATE AS d, 1 AS e")
    data = export.bytes("excel", sheet="data")
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    row = sheet[sheet.index('<row r="2">') :]
    assert [part.split('"')[0] for part in row.split('<c r="')[1:]] == ["C2", "E2"]


def test_as_string_writes_all_values_as_text(table: Table) -> None:
    export = table("SELECT 1 AS a, TRUE AS b, DATE '2024-02-29' AS c, 0.5 AS d")
    row = list(workbook(export, as_string=True).active.iter_rows(min_row=2, values_only=True))
    assert row == [("1", "true", "2024-02-29", "0.5")]


def test_timestamps_follow_ts_format(table: Table) -> None:
    export = table("SELECT TIMESTAMPTZ '2024-02-29 12:34:56+02' AS t")
    assert cell(export, ts_format="clevertap").value == "20240229103456"


def test_the_header_holds_the_names_as_text(table: Table) -> None:
    names = ['say "hi"', "two\nlines", "=cmd()", "a&b<c>", "'", "😀", "1"]
    columns = ", ".join(
        f'{place} AS "{name.replace(chr(34), chr(34) * 2)}"' for place, name in enumerate(names)
    )
    export = table(f'SELECT {columns}, 9 AS "bad\x01name"')
    sheet = workbook(export).active
    assert [found.value for found in sheet[1]] == [*names, "bad?name"]
    assert {found.data_type for found in sheet[1]} == {"s"}
    assert export.warnings == [
        "the name of column bad?name: 1 character that Excel cannot carry became ?"
    ]


def test_no_rows_are_a_sheet_with_a_header(table: Table) -> None:
    book = workbook(table("SELECT 1 AS a, 'x' AS b WHERE false"))
    assert book.sheetnames == ["data"]
    assert list(book.active.iter_rows(values_only=True)) == [("a", "b")]


def test_what_excel_cannot_carry_becomes_a_question_mark_and_is_counted(table: Table) -> None:
    export = table(
        "SELECT i, 'a' || chr(0) || chr(27) || 'é' AS x,"
        " CASE WHEN i % 2 = 0 THEN chr(65534) || chr(65535) || chr(11) END AS y"
        " FROM range(20000) r(i)"
    )
    sheet = workbook(export).active
    assert [found.value for found in sheet[2]] == [0, "a??é", "???"]
    assert export.warnings == [
        "column x: 40000 characters that Excel cannot carry became ?",
        "column y: 30000 characters that Excel cannot carry became ?",
    ]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("repeat('x', 32767)", "x" * 32767),
        ("'x' || repeat('😀', 16383)", "x" + "😀" * 16383),
        ("repeat('é', 32767)", "é" * 32767),
        ("repeat('&', 32767)", "&" * 32767),
    ],
)
def test_a_text_that_just_fits_is_whole(table: Table, value: str, read: str) -> None:
    export = table(f"SELECT {value} AS a")
    assert cell(export).value == read
    assert export.warnings == []


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("repeat('x', 32768)", "x" * 32767),
        ("repeat('😀', 20000)", "😀" * 16383),
        ("repeat('&', 32768)", "&" * 32767),
        ("repeat('x', 10000000)", "x" * 32767),
        ("'<' || chr(2) || '/>' || repeat('x', 32767)", "<?/>" + "x" * 32763),
    ],
)
def test_a_text_is_cut_to_what_a_cell_holds_and_that_is_reported(
    table: Table, value: str, read: str
) -> None:
    export = table(f"SELECT {value} AS a FROM range(3)")
    assert cell(export).value == read
    assert "column a: 3 cells cut to the 32767 characters that Excel holds" in export.warnings


def test_an_escape_of_excel_in_a_text_stays_what_it_is(table: Table, tmp_path: Path) -> None:
    export = table("SELECT '_x0041_x0042_ _x000D_ _x_ x0041_' AS a")
    file = tmp_path / "x.xlsx"
    file.write_bytes(export.bytes("excel", sheet="data"))
    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert rows[1] == ["_x0041_x0042_ _x000D_ _x_ x0041_"]


@pytest.fixture
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet holds 1,000 rows below its header."""
    monkeypatch.setattr(Excel, "max_rows", 1001)


@pytest.mark.usefixtures("small_sheets")
def test_as_many_rows_as_a_sheet_holds_are_one_sheet(table: Table) -> None:
    assert workbook(table("SELECT i FROM range(1000) r(i)")).active.max_row == 1001


@pytest.mark.usefixtures("small_sheets")
def test_more_rows_than_a_sheet_holds_fail_by_default(table: Table) -> None:
    export = table("SELECT i FROM range(1001) r(i)")
    folder = export.spool()
    with pytest.raises(Permanent, match="a sheet holds 1,000 rows below its header") as caught:
        export.build(export.pipeline("excel", sheet="data"), folder=folder)
    assert caught.value.error_code == "limit_exceeded"
    assert "split-sheets" in caught.value.hint
    assert list(folder.glob("part-*")) == []


@pytest.mark.usefixtures("small_sheets")
@pytest.mark.parametrize("rows", [1000, 1001, 2000, 40_500])
def test_split_sheets_goes_on_in_the_next_sheet(table: Table, rows: int) -> None:
    export = table(f"SELECT i, 'x' || i AS t FROM range({rows}) r(i)")
    book = workbook(export, on_limit="split-sheets")
    assert book.sheetnames[:2] == ["data", "data (2)"][: -(-rows // 1000)]
    read: list[tuple[Any, ...]] = []
    for sheet in book:
        header, *below = sheet.iter_rows(values_only=True)
        assert header == ("i", "t")
        assert len(below) <= 1000
        read += below
    assert read == [(i, f"x{i}") for i in range(rows)]


@pytest.mark.parametrize(
    ("split", "most"), [({"max_rows": 7_000}, 7_000), ({"max_size": "200KB"}, 20_000)]
)
def test_each_part_of_a_split_run_is_a_workbook_by_itself(
    table: Table, split: dict[str, Any], most: int
) -> None:
    export = table("SELECT i, hash(i) AS h, chr(1) AS c FROM range(20000) r(i)")
    source = {"table": "t", "profiles": {"key": "i"}}
    pipeline = export.pipeline("excel", sheet="a", source=source, keys={"split": split})
    parts = build(
        pipeline,
        replace(PLAN, render=lambda number, _: f"out-{number}"),
        catalog=catalog(),
        folder=export.spool(),
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=export.warnings.append,
    ).parts
    read: list[int] = []
    for part in parts:
        book = openpyxl.load_workbook(io.BytesIO(part.file.path.read_bytes()))
        header, *rows = book.active.iter_rows(values_only=True)
        assert header == ("i", "h", "c")
        assert 0 < len(rows) <= most
        assert len(rows) == part.file.rows
        assert part.file.size <= 200_000 or "max_size" not in split
        read += [row[0] for row in rows]
    assert len(parts) > 2
    assert read == list(range(20000))
    assert "column c: 20000 characters that Excel cannot carry became ?" in export.warnings


def test_the_limit_is_that_of_excel() -> None:
    assert Excel.max_rows == 1_048_576


def test_more_columns_than_a_sheet_holds_fail(table: Table) -> None:
    export = table("SELECT " + ", ".join(f"1 AS c{place}" for place in range(16_385)))
    with pytest.raises(Permanent, match="16385 columns, and a sheet holds 16384"):
        export.bytes("excel", sheet="data", on_limit="split-sheets")


@pytest.mark.parametrize(
    "name", ["a" * 31, "😀" * 15 + "a", "a" * 27 + " (2)", "x", "it's", "a" * 26 + "😀😀"]
)
def test_names_of_further_sheets_fit_and_differ(name: str) -> None:
    names = [sheet for sheet, _ in zip(sheet_names(name), range(1200), strict=False)]
    assert names[0] == name
    assert len({sheet.casefold() for sheet in names}) == 1200
    assert all(len(sheet.encode("utf-16-le")) <= 62 for sheet in names)


@pytest.mark.parametrize(
    ("sheet", "complaint"),
    [
        ("", "1 to 31"),
        ("a" * 32, "1 to 31"),
        ("😀" * 16, "1 to 31"),
        *((f"a{sign}b", "must not hold") for sign in "*/:?[\\]"),
        ("a\0b", "control"),
        ("'a", "neither begin nor end"),
        ("a'", "neither begin nor end"),
        ("HISTORY", "History"),
    ],
)
def test_a_bad_sheet_name_is_a_configuration_error(
    table: Table, sheet: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=complaint):
        table("SELECT 1 AS a").pipeline("excel", sheet=sheet)


def test_the_sheet_is_required_and_on_limit_is_known(table: Table) -> None:
    export = table("SELECT 1 AS a")
    with pytest.raises(ConfigurationInvalid, match="sheet"):
        export.pipeline("excel")
    with pytest.raises(ConfigurationInvalid, match="on_limit"):
        export.pipeline("excel", sheet="a", on_limit="truncate")


def test_a_sheet_may_have_any_other_name(table: Table) -> None:
    name = 'Q1 & "<2>" it\'s 😀'
    assert workbook(table("SELECT 1 AS a"), sheet=name).sheetnames == [name]


def test_a_wide_table_is_whole(table: Table) -> None:
    columns = ", ".join(
        f"'v{place}' AS a{place}, {place} AS b{place}, DATE '2024-01-01' + {place} AS d{place}"
        for place in range(534)
    )
    header, row = workbook(table(f"SELECT {columns}")).active.iter_rows(values_only=True)
    assert len(header) == 1602
    assert row[:2] == ("v0", 0)
    assert row[-3:-1] == ("v533", 533)


def test_calamine_reads_the_same(table: Table, tmp_path: Path) -> None:
    export = table(
        "SELECT i, 'text ' || i AS t, DATE '2020-01-01' + i::INT AS d, i % 2 = 0 AS b,"
        " CASE WHEN i % 3 = 0 THEN i / 4 END AS f FROM range(20000) r(i)"
    )
    file = tmp_path / "x.xlsx"
    file.write_bytes(export.bytes("excel", sheet="data"))
    header, *rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_name("data").to_python()
    assert header == ["i", "t", "d", "b", "f"]
    assert rows[0] == [0, "text 0", date(2020, 1, 1), True, 0]
    assert rows[-1] == [19999, "text 19999", date(2074, 10, 3), False, ""]
    assert [row[0] for row in rows] == list(range(20000))


def test_libreoffice_opens_it(table: Table, tmp_path: Path) -> None:
    export = table(
        "SELECT * FROM (VALUES (1, 'Zoë', DATE '2024-02-29', 12345678901234567890::HUGEINT,"
        " '=1+1'), (2, 'a\"b,c', NULL, 7, '00123')) v(n, t, d, h, f)"
    )
    (tmp_path / "x.xlsx").write_bytes(export.bytes("excel", sheet="data"))
    separated = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    subprocess.run(
        [
            "soffice",
            "--headless",
            "--norestore",
            f"-env:UserInstallation=file://{tmp_path}/home",
            "--convert-to",
            separated,
            "--outdir",
            str(tmp_path),
            str(tmp_path / "x.xlsx"),
        ],
        check=True,
        capture_output=True,
    )
    with (tmp_path / "x-data.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["n", "t", "d", "h", "f"],
            ["1", "Zoë", "2024-02-29", "12345678901234567890", "=1+1"],
            ["2", 'a"b,c', "", "7", "00123"],
        ]


def test_the_same_rows_give_the_same_bytes(table: Table) -> None:
    export = table(
        "SELECT i, 'x' || chr((1 + i % 90)::INT) AS a, TIMESTAMP '2024-01-01' + to_seconds(i) AS t"
        " FROM range(40000) r(i)"
    )
    source = {"table": "t", "profiles": {"key": "i"}}
    made = {
        export.build(export.pipeline("excel", sheet="a", limits=limits, source=source)).sha256
        for limits in ({}, {"threads": 1}, {"threads": 3, "memory": "100MB"}, {})
    }
    assert len(made) == 1


def test_rows_keep_the_order_of_the_pipeline(table: Table) -> None:
    export = table("SELECT i, hash(i) AS h FROM range(30000) r(i)")
    built = export.build(export.pipeline("excel", sheet="a", keys={"order_by": ["-i"]}))
    book = openpyxl.load_workbook(io.BytesIO(built.path.read_bytes()), read_only=True)
    read = [row[0] for row in book.active.iter_rows(min_row=2, max_col=1, values_only=True)]
    assert read == list(range(29999, -1, -1))


def test_no_member_holds_a_time(table: Table) -> None:
    data = table("SELECT 1 AS a").bytes("excel", sheet="a")
    members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert members[0].filename == "_rels/.rels"


@pytest.mark.parametrize("dirt", ["", " || chr(1)"])
def test_python_touches_no_row(tmp_path: Path, dirt: str) -> None:
    made = []
    for rows in (1_000, 50_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        export = Export(folder, f"SELECT i, 'x'{dirt} AS a FROM range({rows}) r(i)")
        made.append(python_calls(export, export.pipeline("excel", sheet="a")))
    assert made[1] - made[0] < 1_500
