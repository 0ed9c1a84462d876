"""CSV, Parquet and XML in the layout clevertap, as csv, pyarrow, DuckDB and lxml read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from lxml import etree

from tests.formats.exporting import query
from tests.layouts.shaping import Shaped

Make = Callable[..., Shaped]
MEMBERS = [
    ("{'a': 'x', 'b': NULL}", {"a": "x", "b": None}),
    ("MAP {'a': 'x', 'b': NULL}", {"a": "x", "b": None}),
    ("""'{"a": "x", "b": null}'::JSON""", {"a": "x", "b": None}),
    ("MAP {'<k>': '&'}", {"<k>": "&"}),
]


def rows_of_csv(shaped: Shaped, **options: Any) -> list[list[str]]:
    text = shaped.text("csv", layout="clevertap", **options)
    return list(csv.reader(io.StringIO(text, newline="")))


def table_of_parquet(shaped: Shaped, **options: Any) -> Any:
    [data] = shaped.files("parquet", layout="clevertap", **options)
    return pq.read_table(io.BytesIO(data))


def union(value: object) -> object:
    """What a value is as a union: a text, or a list of texts."""
    if value is None:
        return None
    listed = isinstance(value, list)
    return {"member0": None if listed else value, "member1": value if listed else None}


def as_text(element: Any) -> dict[str, Any]:
    """Elements and entries by their names."""
    found = {}
    for child in element:
        if child.tag == "entry":
            found[child.findtext("key")] = child.find("value").text
        else:
            found[child.tag] = as_text(child) if len(child) else child.text
    return found


def rows_of_xml(shaped: Shaped, **options: Any) -> list[dict[str, Any]]:
    return [as_text(row) for row in etree.fromstring(shaped.text("xml", **options).encode())]


def test_csv_has_a_column_for_each_field_and_json_for_what_is_nested(profiles: Shaped) -> None:
    assert rows_of_csv(profiles) == [
        [
            *("identity", "all_identities", "clevertapId", "clevertapIds", "device", "MSG-push"),
            *("subscriptionGroups", "Name", "visits", "balance", "tags", "seen"),
        ],
        [
            *("user_1", '["user_1","a@x.it"]', "ct-1", '["ct-1","ct-0"]', '{"token":"t1"}'),
            *("true", '{"news":"in","offers":"out"}', "Zoë", "7", "1.50", '["a","b"]'),
            "2024-02-29T10:34:56Z",
        ],
        ["", "[]", "ct-2", *[""] * 9],
    ]


def test_csv_has_one_event_per_row(events: Shaped) -> None:
    assert rows_of_csv(events, ts_format="clevertap") == [
        ["ts", "eventName", "identity", "platform", "deviceInfo", "Amount", "Items"],
        ["20240229103456", "Charged", "user_1", "Web", '{"browser":"Firefox"}', "12.50", '["x"]'],
        ["20240229103457", "Charged", "", "", "", "", ""],
    ]


def test_csv_joins_columns_of_a_device_in_one_object(shaped: Make) -> None:
    made = shaped("SELECT 't' AS token, NULL AS model, 1 AS a", token="device", model="device")
    assert rows_of_csv(made)[1] == ['{"token":"t","model":null}', "1"]
    made = shaped("SELECT NULL AS token, NULL AS model, 1 AS a", token="device", model="device")
    assert rows_of_csv(made)[1] == ["", "1"]


def test_of_two_columns_of_one_name_the_last_is_written(shaped: Make) -> None:
    made = shaped("SELECT 'x' AS who, 1 AS \"clevertapId\", 2 AS b", who="id")
    assert rows_of_csv(made) == [["clevertapId", "b"], ["1", "2"]]


def test_parquet_has_maps_of_texts_or_lists(profiles: Shaped) -> None:
    table = table_of_parquet(profiles)
    assert table.column_names == [
        "identity",
        "profileIdentities",
        "device",
        "commPrefs",
        "profileProps",
    ]
    first, second = table.to_pylist()
    assert first["identity"] == "user_1"
    assert dict(first["profileIdentities"]) == {
        "all_identities": union(["user_1", "a@x.it"]),
        "clevertapId": union("ct-1"),
        "clevertapIds": union(["ct-1", "ct-0"]),
    }
    assert first["device"] == [("token", union("t1"))]
    assert first["commPrefs"] == [
        ("MSG-push", union("true")),
        ("subscriptionGroups", union('{"news":"in","offers":"out"}')),
    ]
    assert dict(first["profileProps"]) == {
        "Name": union("Zoë"),
        "visits": union("7"),
        "balance": union("1.50"),
        "tags": union(["a", "b"]),
        "seen": union("2024-02-29T10:34:56Z"),
    }
    assert second["identity"] is None
    assert second["device"] == [("token", None)]
    assert set(dict(second["profileProps"]).values()) == {None}


def test_duckdb_reads_parquet_of_the_layout(profiles: Shaped) -> None:
    [data] = profiles.files("parquet", layout="clevertap")
    file = profiles.folder / "x.parquet"
    file.write_bytes(data)
    found = query(
        "SELECT profileProps['tags'].member1, profileProps['Name'].member0"
        f" FROM read_parquet('{file}') WHERE identity = 'user_1'"
    )
    assert found == [(["a", "b"], "Zoë")]


def test_parquet_events_have_time_name_and_maps(events: Shaped) -> None:
    table = table_of_parquet(events)
    assert str(table.schema.field("ts").type) == "timestamp[us, tz=UTC]"
    first, _ = table.to_pylist()
    assert first == {
        "ts": datetime(2024, 2, 29, 10, 34, 56, tzinfo=UTC),
        "eventName": "Charged",
        "profile": [("identity", union("user_1")), ("platform", union("Web"))],
        "deviceInfo": [("browser", union("Firefox"))],
        "eventProps": [("Amount", union("12.50")), ("Items", union(["x"]))],
    }
    first, _ = table_of_parquet(events, as_string=True, ts_format="clevertap").to_pylist()
    assert first["ts"] == "20240229103456"
    assert dict(first["eventProps"])["Items"] == union('["x"]')


def test_parquet_of_no_rows_has_its_schema(profiles: Shaped) -> None:
    profiles.sql += " WHERE false"
    assert table_of_parquet(profiles).num_rows == 0


@pytest.mark.parametrize(("value", "members"), MEMBERS)
def test_parquet_has_the_members_of_one_object_column(
    shaped: Make, value: str, members: dict[str, Any]
) -> None:
    made = shaped(f"SELECT {value} AS device, 1 AS a", device="device")
    [row] = table_of_parquet(made).to_pylist()
    assert dict(row["device"]) == {key: union(value) for key, value in members.items()}


def test_parquet_keeps_lists_within_json(shaped: Make) -> None:
    made = shaped(
        """SELECT 'me' AS who, '{"l": ["x", 1, null], "o": {"k": 1}, "n": null}'::JSON AS p""",
        "events",
        who="identity",
        p="profile",
    )
    [row] = table_of_parquet(made).to_pylist()
    assert dict(row["profile"]) == {
        "identity": union("me"),
        "l": union(["x", "1", None]),
        "o": union('{"k":1}'),
        "n": None,
    }


def test_xml_has_lists_of_entries(profiles: Shaped) -> None:
    text = profiles.text("xml")
    assert text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?><root><Profile><identity>user_1</identity>'
        "<profileIdentities><entry><key>all_identities</key>"
        '<value>["user_1","a@x.it"]</value></entry><entry>'
    )
    assert rows_of_xml(profiles) == [
        {
            "identity": "user_1",
            "profileIdentities": {
                "all_identities": '["user_1","a@x.it"]',
                "clevertapId": "ct-1",
                "clevertapIds": '["ct-1","ct-0"]',
            },
            "device": {"token": "t1"},
            "commPrefs": {
                "MSG-push": "true",
                "subscriptionGroups": '{"news":"in","offers":"out"}',
            },
            "profileProps": {
                "Name": "Zoë",
                "visits": "7",
                "balance": "1.50",
                "tags": '["a","b"]',
                "seen": "2024-02-29T10:34:56Z",
            },
        },
        {
            "identity": None,
            "profileIdentities": {
                "all_identities": "[]",
                "clevertapId": "ct-2",
                "clevertapIds": None,
            },
            "device": {"token": None},
            "commPrefs": {"MSG-push": None, "subscriptionGroups": None},
            "profileProps": dict.fromkeys(("Name", "visits", "balance", "tags", "seen")),
        },
    ]


@pytest.mark.parametrize("indent", [False, True])
def test_xml_events_have_time_name_profile_device_and_entries(events: Shaped, indent: bool) -> None:
    first, _ = rows_of_xml(events, ts_format="clevertap", indent=indent)
    assert list(first) == ["ts", "eventName", "profile", "deviceInfo", "eventProps"]
    assert first == {
        "ts": "20240229103456",
        "eventName": "Charged",
        "profile": {"identity": "user_1", "platform": "Web"},
        "deviceInfo": {"browser": "Firefox"},
        "eventProps": {"Amount": "12.50", "Items": '["x"]'},
    }
    assert "<profile><identity>" in events.text("xml")


@pytest.mark.parametrize(("value", "members"), MEMBERS)
@pytest.mark.parametrize("kind", ["profiles", "events"])
def test_xml_has_the_members_of_one_object_column(
    shaped: Make, value: str, members: dict[str, Any], kind: str
) -> None:
    made = shaped(f"SELECT {value} AS device, 1 AS a", kind, device="device")
    [row] = rows_of_xml(made)
    found = row["device" if kind == "profiles" else "deviceInfo"]
    assert found == members


def test_xml_says_where_it_lost_characters(shaped: Make) -> None:
    made = shaped(
        "SELECT 'i' || chr(1) AS who, MAP {'k': chr(2) || chr(3)} AS device, chr(4) AS p,"
        " 'fine' AS q FROM range(2)",
        who="identity",
        device="device",
    )
    assert [row["identity"] for row in rows_of_xml(made)] == ["i?", "i?"]
    assert made.warnings == [
        "column identity: 2 characters that XML cannot carry became ?",
        "column p: 2 characters that XML cannot carry became ?",
        "members of objects: 4 characters that XML cannot carry became ?",
    ]
