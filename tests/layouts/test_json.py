"""JSON in the layout clevertap, as Python's json and plain eyes read it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from tests.layouts.shaping import Shaped

Make = Callable[..., Shaped]


def lines(shaped: Shaped, **options: Any) -> list[str]:
    return shaped.text("json", layout="clevertap", **options).splitlines()


def sections(text: str) -> list[tuple[str, list[int]]]:
    """The names in a file of events, each with the ``i`` of its events."""
    found: list[tuple[str, list[int]]] = []
    for line in text.split("\n")[:-1]:
        if line.startswith("{"):
            found[-1][1].append(json.loads(line)["eventProps"]["i"])
        else:
            found.append((line, []))
    return found


def test_a_profile_is_one_line_with_its_keys_in_order_and_its_nulls(profiles: Shaped) -> None:
    assert lines(profiles) == [
        '{"identity":"user_1","all_identities":["user_1","a@x.it"],"clevertapId":"ct-1",'
        '"clevertapIds":"[ct-1,ct-0]","device":{"token":"t1"},"MSG-push":true,'
        '"subscriptionGroups":{"news":"in","offers":"out"},"Name":"Zoë","visits":7,"balance":1.50,'
        '"tags":["a","b"],"seen":"2024-02-29T10:34:56Z"}',
        '{"identity":null,"all_identities":[],"clevertapId":"ct-2","clevertapIds":null,'
        '"device":{"token":null},"MSG-push":null,"subscriptionGroups":null,"Name":null,'
        '"visits":null,"balance":null,"tags":null,"seen":null}',
    ]


def test_roles_decide_the_order_and_not_the_place_in_the_source(shaped: Make) -> None:
    made = shaped(
        "SELECT 1 AS p, true AS email, 'i' AS who, 't' AS token, 'm' AS model, 2 AS q",
        email="preference",
        who="identity",
        token="device",
        model="device",
    )
    [line] = lines(made)
    assert line == ('{"identity":"i","device":{"token":"t","model":"m"},"email":true,"p":1,"q":2}')


def test_a_column_without_a_role_is_no_part_of_an_event(shaped: Make) -> None:
    made = shaped(
        "SELECT 'n' AS n, 1 AS raw, 2 AS p, {'x': 1} AS q",
        "events",
        n="name",
        raw="",
        q="property/q",
    )
    assert lines(made)[1] == '{"eventProps":{"p":2,"q":{"x":1}}}'
    alone = shaped("SELECT 'n' AS n, {'x': 1} AS q", "events", n="name", q="property/q")
    assert lines(alone)[1] == '{"eventProps":{"q":{"x":1}}}'


def test_what_identity_says_goes_before_what_the_source_says(shaped: Make) -> None:
    made = shaped(
        "SELECT 'n' AS n, 'source' AS a, 'Web' AS b, 'chosen' AS c",
        "events",
        n="name",
        a="profile/identity",
        b="profile/platform",
        c="identity",
    )
    assert lines(made)[1] == ('{"profile":{"identity":"chosen","platform":"Web"},"eventProps":{}}')


def test_an_event_stands_below_its_name(events: Shaped) -> None:
    assert lines(events) == [
        "Charged",
        '{"profile":{"identity":"user_1","platform":"Web"},"ts":20240229103456,'
        '"deviceInfo":{"browser":"Firefox"},"eventProps":{"Amount":12.50,"Items":["x"]}}',
        '{"profile":{"identity":null,"platform":null},"ts":20240229103457,'
        '"deviceInfo":{"browser":null},"eventProps":{"Amount":null,"Items":null}}',
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("TIMESTAMP '0001-01-01 00:00:00'", 10101000000),
        ("TIMESTAMP '12024-01-01 00:00:00'", 120240101000000),
        ("DATE '2024-02-29'", 20240229000000),
        ("TIMESTAMP 'infinity'", "infinity"),
        ("NULL::TIMESTAMP", None),
        ("1709203200", 1709203200),
    ],
)
def test_a_time_is_an_integer_wherever_there_is_one(
    shaped: Make, value: str, written: object
) -> None:
    made = shaped(f"SELECT 'n' AS name, {value} AS t", "events", name="name", t="time")
    assert json.loads(lines(made)[1])["ts"] == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("MAP {'a': 1.50, 'b': NULL}", '{"a":1.50,"b":null}'),
        ("{'a': 1.50, 'b': NULL}", '{"a":1.50,"b":null}'),
        ("""'{"a": 1.50, "b": null}'::JSON""", '{"a": 1.50, "b": null}'),
        ("NULL::MAP(VARCHAR, INTEGER)", "{}"),
        ("NULL::JSON", "{}"),
    ],
)
def test_one_object_column_is_the_properties(shaped: Make, value: str, written: str) -> None:
    made = shaped(f"SELECT 'n' AS name, {value} AS props", "events", name="name")
    assert lines(made)[1] == f'{{"eventProps":{written}}}'


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("MAP {'a': 'x', 'b': NULL}", {"a": "x", "b": None}),
        ("""'{"a": {"c": [1]}, "b": null}'::JSON""", {"a": {"c": [1]}, "b": None}),
        ("MAP {}::MAP(VARCHAR, VARCHAR)", {}),
        ("NULL::JSON", {}),
        ("'null'::JSON", {}),
        ("""'{"k": 1, "k": 2}'::JSON""", {"p": {"k": 2}}),
        ("'[1]'::JSON", {"p": [1]}),
    ],
)
def test_identifiers_stand_beside_the_members_of_a_profile_object(
    shaped: Make, value: str, members: dict[str, Any]
) -> None:
    made = shaped(
        f"SELECT 'n' AS name, 'me' AS who, {value} AS p",
        "events",
        name="name",
        who="identity",
        p="profile",
    )
    assert json.loads(lines(made)[1])["profile"] == {"identity": "me", **members}


def test_all_values_are_texts_where_asked_for(profiles: Shaped, shaped: Make) -> None:
    first = json.loads(lines(profiles, as_string=True)[0])
    assert first["device"] == {"token": "t1"}
    assert (first["MSG-push"], first["visits"], first["tags"]) == ("true", "7", '["a","b"]')
    made = shaped(
        "SELECT 'n' AS name, TIMESTAMP '2024-02-29' AS t, MAP {'a': [1]} AS m",
        "events",
        name="name",
        t="time",
    )
    assert json.loads(lines(made, as_string=True)[1]) == {
        "ts": "20240229000000",
        "eventProps": {"a": "[1]"},
    }


def test_ascii_and_ts_format_reach_every_depth(shaped: Make) -> None:
    made = shaped("SELECT 'é' AS who, TIMESTAMP '2024-01-01' AS t, 'ü' AS \"ä\"", who="device")
    [line] = lines(made, ascii=True, ts_format="clevertap")
    assert line.isascii()
    assert json.loads(line) == {"device": {"who": "é"}, "t": "20240101000000", "ä": "ü"}


def test_a_name_stands_where_it_changes_and_on_top_of_every_file(shaped: Make) -> None:
    made = shaped(
        "SELECT CASE WHEN i < 3 OR i > 6 THEN 'Charged' WHEN i < 6 THEN '李 x' END AS n, i"
        " FROM range(10) r(i)",
        "events",
        n="name",
    )
    [whole] = made.files("json", layout="clevertap")
    assert sections(whole.decode()) == [
        ("Charged", [0, 1, 2]),
        ("李 x", [3, 4, 5]),
        ("null", [6]),
        ("Charged", [7, 8, 9]),
    ]
    parts = made.files("json", rows=2, layout="clevertap")
    assert [sections(part.decode()) for part in parts] == [
        [("Charged", [0, 1])],
        [("Charged", [2]), ("李 x", [3])],
        [("李 x", [4, 5])],
        [("null", [6]), ("Charged", [7])],
        [("Charged", [8, 9])],
    ]


def test_many_names_cost_no_python_call_per_event(shaped: Make) -> None:
    made = shaped("SELECT i % 3 || 'n' AS n, i FROM range(30000) r(i)", "events", n="name")
    calls = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    # Loaded once, before anything is counted.
    made.files("json", layout="clevertap")
    sys.setprofile(profile)
    try:
        [data] = made.files("json", layout="clevertap")
    finally:
        sys.setprofile(None)
    assert calls < 15_000
    assert sections(data.decode()) == [(f"{i % 3}n", [i]) for i in range(30_000)]


def test_a_name_of_several_lines_is_told(shaped: Make) -> None:
    made = shaped("SELECT 'a' || chr(10) || chr(1) || 'b' AS n, 1 AS i", "events", n="name")
    assert lines(made)[0] == "a??b"
    assert made.warnings == ["names of events: 2 characters that no line holds became ?"]


def test_no_rows_are_an_empty_file(shaped: Make) -> None:
    sql = "SELECT 'n' AS n, 1 AS i WHERE false"
    assert shaped(sql).files("json", layout="clevertap") == [b""]
    assert shaped(sql, "events", n="name").files("json", layout="clevertap") == [b""]


def test_events_without_a_name_are_refused(shaped: Make) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"format\.layout"):
        lines(shaped("SELECT 1 AS i", "events"))


def test_a_line_cannot_be_indented(shaped: Make) -> None:
    with pytest.raises(ConfigurationInvalid, match="one line"):
        lines(shaped("SELECT 1 AS i"), indent=True)
