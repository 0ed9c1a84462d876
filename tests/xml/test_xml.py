"""XML as lxml and xmllint read it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export
from tests.xml.counting import python_calls

Table = Callable[[str], Export]


def parsed(data: bytes) -> Any:
    """The root element, once xmllint has accepted the file as well."""
    accepted = subprocess.run(["xmllint", "--noout", "-"], input=data, capture_output=True)
    assert accepted.returncode == 0, accepted.stderr
    return etree.fromstring(data, etree.XMLParser(huge_tree=True))


def properties(row: Any) -> dict[str, str | None]:
    """The entries of one row: an empty element is None."""
    return {entry.findtext("key"): entry.find("value").text for entry in row[0]}


def test_a_row_is_a_list_of_entries(table: Table) -> None:
    export = table("SELECT 7 AS id, NULL::DATE AS born, 'Zoë & <co>' AS \"Full Name\"")
    assert export.text("xml") == (
        '<?xml version="1.0" encoding="UTF-8"?><root><Profile><profileProps>'
        "<entry><key>id</key><value>7</value></entry>"
        "<entry><key>born</key><value/></entry>"
        "<entry><key>Full Name</key><value>Zoë &amp; &lt;co&gt;</value></entry>"
        "</profileProps></Profile>\n</root>\n"
    )


def test_flat_is_one_element_per_column(table: Table) -> None:
    export = table('SELECT 1 AS id, NULL AS n, \'\' AS e, 2 AS "Full Name", 3 AS "2nd", 4 AS "a:ä"')
    assert export.text("xml", layout="flat") == (
        '<?xml version="1.0" encoding="UTF-8"?><root><Profile>'
        "<id>1</id><n/><e></e><Full_Name>2</Full_Name><_2nd>3</_2nd><a_ä>4</a_ä>"
        "</Profile>\n</root>\n"
    )


@pytest.mark.parametrize("layout", ["flat", "clevertap"])
def test_indent_is_tabs_and_changes_no_value(table: Table, layout: str) -> None:
    export = table("SELECT 'x' || chr(10) || ' y' AS a, NULL AS n FROM range(2)")
    indented = export.text("xml", layout=layout, indent=True)
    assert "\n\t<Profile>\n\t\t<" in indented
    values = [
        [element.text for element in parsed(data).iter("a", "n", "value")]
        for data in (indented.encode(), export.bytes("xml", layout=layout))
    ]
    assert values == [["x\n y", None] * 2] * 2


def test_root_and_row_are_named_by_options(table: Table) -> None:
    root = parsed(table("SELECT 1 AS a").bytes("xml", root="customers", row="c", layout="flat"))
    assert (root.tag, root[0].tag) == ("customers", "c")


def test_events_are_events(table: Table) -> None:
    export = table("SELECT 1 AS a")
    source = {"table": "t", "kind": "events"}
    built = export.build(export.pipeline("xml", source=source)).path.read_bytes()
    assert b"<root><Event><eventProps><entry>" in built
    named = export.build(export.pipeline("xml", source=source, row="Happening")).path.read_bytes()
    assert b"<root><Happening><eventProps>" in named


@pytest.mark.parametrize("layout", ["flat", "clevertap"])
def test_no_rows_are_a_valid_document(table: Table, layout: str) -> None:
    root = parsed(table("SELECT 1 AS a WHERE false").bytes("xml", layout=layout))
    assert len(root) == 0


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("TRUE", "true"),
        ("170141183460469231731687303715884105727::HUGEINT", str(2**127 - 1)),
        ("1.10::DECIMAL(38, 10)", "1.1000000000"),
        ("0.1::FLOAT", "0.1"),
        ("DATE '0001-01-01'", "0001-01-01"),
        ("DATE '9999-12-31'", "9999-12-31"),
        ("TIME '12:00:01.5'", "12:00:01.5"),
        ("TIMESTAMP '2024-02-29 12:34:56.789012'", "2024-02-29T12:34:56.789012"),
        ("TIMESTAMPTZ '2024-02-29 12:34:56+02'", "2024-02-29T10:34:56Z"),
        ("uuid '123e4567-e89b-12d3-a456-426614174000'", "123e4567-e89b-12d3-a456-426614174000"),
        ("INTERVAL '1 day 2 seconds'", "1 day 00:00:02"),
        ("'<b>'::ENUM('a', '<b>')", "<b>"),
        ("'abc'::BLOB", "YWJj"),
        ("[1, NULL, 2]", "[1,null,2]"),
        ("{'a': '<&>', 'b': [TIME '01:02:03']}", '{"a":"<&>","b":["01:02:03"]}'),
        ("MAP {'<k>': 1}", '{"<k>":1}'),
        ("""'{"a": "&"}'::JSON""", '{"a": "&"}'),
        ("union_value(s := '<')", "<"),
        ("{'a': ['&']}::VARIANT", '{"a":["&"]}'),
        ("'  kept  '", "  kept  "),
        ("'a' || chr(13) || chr(10) || chr(9) || 'b' || chr(13)", "a\r\n\tb\r"),
        ("']]>'", "]]>"),
        ("'&amp;'", "&amp;"),
        ("'😀李\u0301'", "😀李\u0301"),
        ("'=cmd()'", "=cmd()"),
    ],
)
@pytest.mark.parametrize("layout", ["flat", "clevertap"])
def test_a_value_is_read_back_as_the_reference_says(
    table: Table, value: str, written: str, layout: str
) -> None:
    root = parsed(table(f"SELECT {value} AS v").bytes("xml", layout=layout))
    assert root.xpath("//v | //value")[0].text == written


def test_timestamps_follow_ts_format(table: Table) -> None:
    export = table("SELECT TIMESTAMPTZ '2024-02-29 12:34:56+02' AS t")
    assert "<t>20240229103456</t>" in export.text("xml", layout="flat", ts_format="clevertap")


@pytest.mark.parametrize("layout", ["flat", "clevertap"])
def test_what_xml_cannot_carry_becomes_a_question_mark_and_is_counted(
    table: Table, layout: str
) -> None:
    export = table(
        "SELECT 'a' || chr(0) || chr(31) || 'é' AS x, 'fine' AS y, i,"
        " CASE WHEN i % 2 = 0 THEN chr(65534) || '�' || chr(65535) || chr(11) END AS \"z <1>\","
        " [chr(65535), chr(1)] AS l FROM range(30000) r(i)"
    )
    root = parsed(export.bytes("xml", layout=layout))
    first = [element.text for element in root[0].iter() if element.text][-5:]
    if layout == "flat":
        assert first == ["a??é", "fine", "0", "?�??", '["?","\\u0001"]']
    else:
        assert list(properties(root[0]).values()) == [
            "a??é", "fine", "0", "?�??", '["?","\\u0001"]'
        ]  # fmt: skip
    assert sorted(export.warnings) == [
        "column l: 30000 characters that XML cannot carry became ?",
        "column x: 60000 characters that XML cannot carry became ?",
        "column z <1>: 45000 characters that XML cannot carry became ?",
    ]


def test_one_lost_character_is_one(table: Table) -> None:
    export = table("SELECT chr(1) AS a FROM range(1)")
    export.bytes("xml")
    assert export.warnings == ["column a: 1 character that XML cannot carry became ?"]


def test_clean_data_gives_no_warning(table: Table) -> None:
    export = table("SELECT '\t\n\r ￼ �' AS a")
    parsed(export.bytes("xml"))
    assert export.warnings == []


def test_odd_column_names_are_keys_as_they_are(table: Table) -> None:
    names = ['say "hi"', "two\nlines", "=cmd()", "a&b<c>", "tab\there", "'", "😀"]
    columns = ", ".join(
        f'{place} AS "{name.replace(chr(34), chr(34) * 2)}"' for place, name in enumerate(names)
    )
    export = table(f'SELECT {columns}, 9 AS "bad\x01name"')
    [row] = parsed(export.bytes("xml"))
    assert list(properties(row)) == [*names, "bad?name"]
    assert export.warnings == [
        "the name of column bad?name: 1 character that XML cannot carry became ?"
    ]
    parsed(export.bytes("xml", layout="flat"))


def test_a_wide_table_and_a_long_value(table: Table) -> None:
    columns = ", ".join(f"'v{place}' AS c{place}" for place in range(1600))
    [row] = parsed(table(f"SELECT {columns}").bytes("xml", layout="flat"))
    assert [element.text for element in row] == [f"v{place}" for place in range(1600)]


def test_a_value_of_10_mb_is_whole(table: Table) -> None:
    [row] = parsed(table("SELECT repeat('0123456789', 1000000) AS a").bytes("xml"))
    assert len(properties(row)["a"] or "") == 10_000_000


def test_the_same_rows_give_the_same_bytes(table: Table) -> None:
    export = table("SELECT i, 'x' || chr((1 + i % 40)::INT) AS a FROM range(40000) r(i)")
    made = {
        export.build(export.pipeline("xml", limits=limits)).sha256
        for limits in ({}, {"threads": 1}, {"threads": 3, "memory": "100MB"}, {})
    }
    assert len(made) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"root": "two words"}, "must be a name that an XML element may have"),
        ({"root": ""}, "must be a name"),
        ({"row": "a:b"}, "without a colon"),
        ({"row": "1st"}, "must be a name"),
        ({"layout": "deep"}, "not known here"),
        ({"indent": "yes"}, "indent"),
    ],
)
def test_a_bad_option_is_a_configuration_error(
    table: Table, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=complaint):
        table("SELECT 1 AS a").pipeline("xml", **options)


@pytest.mark.parametrize("dirt", ["", " || chr(1)"])
def test_python_touches_no_row(tmp_path: Path, dirt: str) -> None:
    made = []
    for rows in (1_000, 50_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        export = Export(folder, f"SELECT i, 'x'{dirt} AS a FROM range({rows}) r(i)")
        made.append(python_calls(export, export.pipeline("xml")))
    assert made[1] - made[0] < 1_500
