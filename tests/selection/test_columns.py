"""[identity] and [columns]: what stands in the file, in which order, under which header."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from tests.formats.exporting import Export
from tests.selection.choosing import Series

Table = Callable[[str], Export]

_PROFILES = """
    SELECT * FROM (VALUES
        (1, 'user_1', 'a@x.it', '+391', 'crm1', 'ct1', ['ct1', 'ct0'], 't1', true, 'in', 'Ada', 7),
        (2, NULL, '', '+392', '', 'ct2', [], '', NULL, NULL, 'Zoë', NULL),
        (3, '', NULL, NULL, NULL, NULL, NULL, NULL, false, '', NULL, 0)
    ) v(profile_id, identity, email, phone, crm_id, clevertap_id, clevertap_ids, device_token,
        msg_push, groups, "Name", visits)
"""
_ROLES: dict[str, Any] = {
    "key": "profile_id",
    "identities": ["identity", "email", "phone"],
    "id": "clevertap_id",
    "ids": "clevertap_ids",
    "device": {"token": "device_token"},
    "preferences": {"MSG-push": "msg_push", "subscriptionGroups": "groups"},
    "system": ["Name", "phone"],
}
_IDENTITY = {"columns": ["identity", "email", "phone", "crm_id"]}


@pytest.fixture
def profiles(table: Table) -> Series:
    return Series(table(_PROFILES), _ROLES)


def test_identity_is_the_first_that_is_present(profiles: Series) -> None:
    header, *rows = profiles.rows(identity=_IDENTITY, columns={"properties": ["visits"]})
    assert header == ["identity", "device", "visits"]
    assert [row[0] for row in rows] == ["user_1", "+392", ""]
    turned = {"columns": ["crm_id", "email", "identity"]}
    rows = profiles.rows(identity=turned, columns={"properties": ["visits"]})
    assert [row[0] for row in rows[1:]] == ["crm1", "", ""]


def test_one_identifier_that_is_missing_leaves_the_column_empty(profiles: Series) -> None:
    records = json.loads(
        profiles.run("json", identity={"columns": ["email"]}, columns={"properties": ["visits"]})
    )["records"]
    assert [one.get("identity") for one in records] == ["a@x.it", None, None]


def test_all_identities_are_lists_of_what_is_present(profiles: Series) -> None:
    identity = {**_IDENTITY, "export": "all", "all_identities": True, "id": True, "ids": True}
    text = profiles.run("json", identity=identity, columns={"properties": ["visits"]})
    first, second, third = json.loads(text)["records"]
    assert first["identity"] == ["user_1", "a@x.it", "+391", "crm1"]
    assert first["all_identities"] == ["user_1", "a@x.it", "+391"]
    assert (first["clevertap_id"], first["clevertap_ids"]) == ("ct1", ["ct1", "ct0"])
    assert second["identity"] == second["all_identities"] == ["+392"]
    assert "identity" not in third
    assert "all_identities" not in third


def test_the_order_is_identity_device_preferences_properties(profiles: Series) -> None:
    identity = {**_IDENTITY, "ids": True, "id": True, "all_identities": True}
    columns: dict[str, Any] = {
        "preferences": ["subscriptionGroups", "MSG-push"],
        "properties": ["visits", "Name", "email"],
    }
    assert profiles.header(identity=identity, columns=columns) == [
        *("identity", "all_identities", "clevertap_id", "clevertap_ids", "device"),
        *("subscriptionGroups", "MSG-push", "visits", "Name", "email"),
    ]


def test_all_properties_are_all_that_have_no_other_place(profiles: Series) -> None:
    all_ = ["profile_id", "email", "phone", "crm_id", "Name", "visits"]
    assert profiles.header(identity=_IDENTITY) == ["identity", "device", *all_]
    columns = {"device": False, "exclude": ["EMAIL", "crm_id"]}
    assert profiles.header(columns=columns) == ["profile_id", "phone", "Name", "visits"]
    assert profiles.header(columns={"properties": "system"}) == ["device", "Name", "phone"]


def test_nothing_chosen_is_every_column_as_it_is(profiles: Series) -> None:
    header = profiles.header()
    assert header[:3] == ["profile_id", "identity", "email"]
    assert header[5:10] == ["clevertap_id", "clevertap_ids", "device_token", "msg_push", "groups"]


def test_the_device_is_one_object_without_what_is_missing(table: Table) -> None:
    export = table(
        "SELECT 1 AS id, 't' AS token, {'os': 'x'} AS s, MAP {'a': 1} AS m, 5 AS build"
        " UNION ALL SELECT 2, '', NULL, NULL, 6 UNION ALL SELECT 3, NULL, NULL, NULL, NULL"
    )

    def devices(device: Any) -> list[Any]:
        text = Series(export, {"key": "id", "device": device}).run(
            "json", columns={"properties": ["id"]}
        )
        return [one.get("device") for one in json.loads(text)["records"]]

    assert devices({"to ken": "token", "build": "build"}) == [
        {"to ken": "t", "build": 5},
        {"build": 6},
        None,
    ]
    assert devices(["build"]) == [{"build": 5}, {"build": 6}, None]
    assert devices("s") == [{"os": "x"}, None, None]
    assert devices("m") == [{"a": 1}, None, None]


def test_rename_changes_the_header_alone(profiles: Series) -> None:
    columns: dict[str, Any] = {
        "properties": ["phone", "Name"],
        "rename": {"phone": "Phone Number", "NAME": "full; name", "identity": "who"},
    }
    header, first, *_ = profiles.rows(identity=_IDENTITY, columns=columns)
    assert header == ["who", "device", "Phone Number", "full; name"]
    assert first[2:] == ["+391", "Ada"]


def test_a_member_of_a_struct_can_be_a_property(table: Table) -> None:
    series = Series(table("SELECT {'city': 'Roma'} AS address"))
    rows = series.rows(columns={"properties": ["address.city"], "rename": {"address.city": "City"}})
    assert rows == [["City"], ["Roma"]]


def test_of_two_columns_of_one_name_the_last_is_exported(profiles: Series) -> None:
    columns = {"properties": ["email", "visits", "phone"], "rename": {"phone": "EMAIL"}}
    header, first, *_ = profiles.rows(columns=columns)
    assert header == ["device", "visits", "EMAIL"]
    assert first[1:] == ["7", "+391"]


def test_an_order_is_by_the_source_whatever_headers_are(profiles: Series) -> None:
    columns = {"properties": ["visits", "phone"], "rename": {"visits": "phone", "phone": "visits"}}
    rows = profiles.rows(columns=columns, order_by=["-visits"], where="visits IS NOT NULL")
    assert rows == [["device", "phone", "visits"], ['{"token":"t1"}', "7", "+391"], ["", "0", ""]]


def test_what_the_source_does_not_have_is_told_at_once(profiles: Series) -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        profiles.run(
            identity={"columns": ["emial"]},
            columns={"properties": ["nmae"], "exclude": ["x"], "rename": {"y": "z"}},
            order_by=["q"],
        )
    for words in (
        'identity.columns[0]: the source has no column "emial"',
        'columns.properties[0]: the source has no column "nmae"',
        'columns.exclude[0]: the source has no column "x"',
        'columns.rename.y: the source has no column "y"',
        'order_by[0]: the source has no column "q"',
    ):
        assert words in raised.value.message


def test_leaving_out_every_property_is_an_error(table: Table) -> None:
    series = Series(table("SELECT 1 AS id"))
    with pytest.raises(ConfigurationInvalid, match="no property is left"):
        series.run(columns={"exclude": ["id"]})


_EVENTS = """
    SELECT 7 AS event_id, 'Charged' AS event_name, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS at,
        'p1' AS profile_id, 'a@x.it' AS email, '' AS phone, 'ios' AS os, 1.50 AS amount
"""


def test_identity_works_on_events(table: Table) -> None:
    roles = {
        "name": "event_name",
        "time": "at",
        "profile": {"identity": "profile_id"},
        "device": {"os": "os"},
    }
    series = Series(table(_EVENTS), roles, kind="events")
    assert series.header()[:2] == ["event_id", "event_name"]
    identity = {"columns": ["phone", "email"]}
    header, row = series.rows(identity=identity, columns={"exclude": ["event_id"]})
    assert header == [
        *("identity", "event_name", "at", "profile_id", "device", "email", "phone", "amount"),
    ]
    assert row[0] == "a@x.it"
