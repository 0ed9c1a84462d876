"""Placeholders: what each becomes, what is refused, and that nothing leaves the sink's root."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profexd.api.errors import ConfigurationInvalid
from profexd.config.template import PLACEHOLDERS, PathValues, Template, TemplateInvalid
from tests.config.tree import PIPELINE, Tree

VALUES = PathValues(
    instant=datetime(2025, 10, 30, 23, 33, 25, tzinfo=UTC),
    timezone="UTC",
    pipeline="newsletter",
    export_id="1761650178",
    run_id="1761651721",
    account_id="acme",
    instance_id="0",
)


def rendered(text: str, values: PathValues = VALUES) -> str:
    return Template.parse(text).render(values)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("customers.csv", "customers.csv"),
        ("exports/customers_${today}.csv", "exports/customers_2025-10-30.csv"),
        ("${now}", "2025-10-30-23-33-25"),
        ("${unix}-${timestamp}", "1761867205-1761867205"),
        ("${date}", "20251030"),
        ("${time:%Y/%m/%d}/a", "2025/10/30/a"),
        ("${time: at %H:%M }", " at 23:33 "),
        ("${time:%D}", "10-30-25"),
        ("${pipeline}", "newsletter"),
        ("${export_id}/${run_id}", "1761650178/1761651721"),
        ("${account_id}-${instance_id}", "acme-0"),
        ("${part}", "001"),
        ("${ToDay}-${ RUN-ID }-${Account_Id}", "2025-10-30-1761651721-acme"),
        ("{{Date}}/{{Timestamp}}/{{Account-id}}/{{Instance-id}}", "20251030/1761867205/acme/0"),
        (
            "{{date}}/run-{{export-id}}/{{ Export_ID }}.csv",
            "20251030/run-1761650178/1761651721.csv",
        ),
        ("{{export-id}}-${time:%Y/%m}", "1761650178-2025/10"),
        ("$${today}", "${today}"),
        ("$$${today}", "$${today}"),
        ("a$b}c$$d{e", "a$b}c$$d{e"),
        ("ünïcødé/😀.csv", "ünïcødé/😀.csv"),
    ],
)
def test_a_placeholder_becomes_what_the_table_says(text: str, path: str) -> None:
    assert rendered(text) == path


def test_dates_are_those_of_the_zone_and_epochs_are_not() -> None:
    tokyo = replace(VALUES, timezone="Asia/Tokyo")
    assert rendered("${today} ${now} ${date} ${time:%H}", tokyo) == (
        "2025-10-31 2025-10-31-08-33-25 20251031 08"
    )
    assert rendered("${unix}", tokyo) == rendered("${unix}")


def test_partitions_fill_their_placeholders() -> None:
    values = replace(VALUES, part=12, event="App Launched", columns={"Country": "I/T", "x": ""})
    assert rendered("${event}/${column:Country}/${column: x }/${part}", values) == (
        "App-Launched/I-T/empty/012"
    )


def test_a_partition_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="no partitions"):
        rendered("${event}")


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("a b\tc\nd", "a-b-c-d"),
        ("a/b\\c\0d", "a-b-c-d"),
        ("a\x01b\x7fc\x85d", "a?b?c-d"),
        ("ü😀", "ü😀"),
        ("../x", "..-x"),
    ],
)
def test_a_value_is_cleaned_before_it_stands_in_a_name(value: str, cleaned: str) -> None:
    assert rendered("x/${account_id}", replace(VALUES, account_id=value)) == f"x/{cleaned}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a-${todya}", 'unknown placeholder "${todya}"; did you mean ${today}?'),
        ("a-${xyzzy}", 'unknown placeholder "${xyzzy}"'),
        ("${}", 'placeholder "${}" is empty'),
        ("${  }", 'placeholder "${  }" is empty'),
        ("${:x}", 'placeholder "${:x}" is empty'),
        ("a-${today", 'placeholder "${today" is never closed'),
        ("{{date}", 'placeholder "{{date}" is never closed'),
        (
            "${today${now}}",
            'placeholder "${today${now}" holds another one; placeholders do not nest',
        ),
        ("${a{{date}}}", 'placeholder "${a{{date}" holds another one; placeholders do not nest'),
        ("{{${date}}}", 'placeholder "{{${date}}" holds another one; placeholders do not nest'),
        ("{{}}", 'placeholder "{{}}" is empty'),
        ("{{today}}", 'unknown placeholder "{{today}}"'),
        ("{{date:x}}", 'unknown placeholder "{{date:x}}"'),
        ("${time}", 'placeholder "${time}" lacks what comes after the colon'),
        ("${time:}", 'placeholder "${time:}" lacks what comes after the colon'),
        ("${time:%Q}", 'placeholder "${time:%Q}" holds "%Q", which strftime does not know'),
        ("${time:%}", 'placeholder "${time:%}" holds "%", which strftime does not know'),
        ("${time:%s}", 'placeholder "${time:%s}" holds "%s", which strftime does not know'),
        ("${column:}", 'placeholder "${column:}" lacks what comes after the colon'),
        ("${today:x}", 'placeholder "${today:x}" takes nothing after its name'),
    ],
)
def test_a_wrong_placeholder_is_named(text: str, message: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        Template.parse(text)
    assert str(refused.value) == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must not be empty"),
        ("/a", 'must be relative to the root of the sink, without "/" in front'),
        ("a//b", 'a folder or file has no name: "//", or "/" at the end'),
        ("a/", 'a folder or file has no name: "//", or "/" at the end'),
        ("../a", '".." is not allowed as the name of a folder or file'),
        ("a/./b", '"." is not allowed as the name of a folder or file'),
        ("a\x07b", "holds a control character, U+0007"),
        (
            f"a/{'é' * 128}.csv",
            f'the name "{"é" * 79}…" is 260 bytes long; 255 are the most',
        ),
        ("x/" * 512 + "x", "is 1025 characters long; 1024 are the most"),
        ("${time:..}/a", 'becomes "../a": ".." is not allowed as the name of a folder or file'),
        (
            "${time:/%Y}",
            'becomes "/2025": must be relative to the root of the sink, without "/" in front',
        ),
    ],
)
def test_a_path_that_is_none_is_refused_when_the_file_is_read(
    tree: Tree, text: str, message: str
) -> None:
    toml = text.replace("\x07", "\\u0007")
    (problem,) = tree.mistakes(PIPELINE.replace("customers.csv", toml))
    assert problem["message"] == message
    assert (problem["line"], problem["key"]) == (3, "path")


def test_a_path_too_long_only_once_it_is_rendered_is_refused_then() -> None:
    with pytest.raises(ConfigurationInvalid, match="1024 are the most"):
        rendered("${account_id}/" * 5 + "a", replace(VALUES, account_id="x" * 250))


S3 = 'type = "s3"\nbucket = "acme-exports"\nregion = "eu-south-1"\nroot = "crm"\n'


@pytest.mark.parametrize(
    ("lines", "adds"),
    [
        ('on_existing = "suffix"', "-1761842005-0"),
        ('mode = "changed"', "-1761842005-0"),
        (
            'mode = "changed"\non_existing = "fail"\nchanges = { deletes = "separate-file" }',
            "-removed",
        ),
    ],
)
def test_a_name_that_only_what_a_run_adds_makes_too_long_is_refused_at_once(
    tree: Tree, lines: str, adds: str
) -> None:
    most = 255 - len(".csv") - len(adds)
    text = f"{PIPELINE}{lines}\n"
    tree.pipeline(text.replace("customers", "x" * most))
    (problem,) = tree.mistakes(text.replace("customers", "x" * (most + 1)))
    assert "is 256 bytes long; 255 are the most" in problem["message"]
    assert adds in problem["hint"]
    assert (problem["line"], problem["key"]) == (3, "path")


@pytest.mark.parametrize(
    ("lines", "key"),
    [("on_existing = 'fail'", "on_existing"), ("mode = 'changed'", "mode")],
)
def test_a_sink_that_would_refuse_every_run_is_warned_of(tree: Tree, lines: str, key: str) -> None:
    tree.write("sinks/lake.toml", "type = 'http'\nurl = 'https://partner.example/in'\n")
    (problem,) = tree.mistakes(f"{PIPELINE}{lines}\n")
    assert (problem["severity"], problem["key"], problem["line"]) == ("warning", key, 5)
    assert "cannot create a file only if there is none" in problem["message"]


def test_only_a_storage_that_limits_names_is_asked_to_take_them(tree: Tree) -> None:
    tree.write("sinks/lake.toml", S3)
    tree.pipeline(PIPELINE.replace("customers", "x" * 1016))
    (problem,) = tree.mistakes(PIPELINE.replace("customers", "x" * 1017))
    assert problem["message"] == "must be at most 1024 bytes long, with the root"


def test_a_name_is_not_too_long_before_its_values_are_known(tree: Tree) -> None:
    name = "n" * 63
    tree.write(f"pipelines/{name}.toml", PIPELINE.replace("customers", "${run_id}" + "x" * 200))
    assert tree.problems() == []


def test_a_value_cannot_make_a_folder_vanish() -> None:
    with pytest.raises(ConfigurationInvalid, match="has no name"):
        rendered("a/${account_id}/b", replace(VALUES, account_id=""))


@pytest.mark.parametrize(
    ("lines", "key", "message"),
    [
        ("folder = ''", "folder", "must not be empty"),
        ("filename = ''", "filename", "must not be empty"),
        ("filename = 'a/b'", "filename", 'must be the name of a file, without "/"'),
        ("filename = '${time:%Y/%m}'", "filename", 'must be the name of a file, without "/"'),
        ("folder = '/a'", "folder", None),
        ("folder = 'a/../b'", "folder", None),
        ("folder = '${nope}'", "folder", 'unknown placeholder "${nope}"'),
    ],
)
def test_folder_and_filename_are_checked(
    tree: Tree, lines: str, key: str, message: str | None
) -> None:
    text = PIPELINE.replace('path = "customers.csv"', lines)
    problems = tree.mistakes(text)
    assert [one["key"] for one in problems] == [key]
    if message:
        assert problems[0]["message"] == message


PIECES = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8),
    st.sampled_from(
        ["${", "}", "{{", "}}", "$${", "/", "..", "%", ":", " ", *PLACEHOLDERS]
        + [f"${{{name}}}" for name in PLACEHOLDERS]
        + ["${time:%Y/%m}", "${column:x}", "{{Date}}", "{{Export-id}}"]
    ),
)


@given(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=30))
def test_whatever_is_written_a_path_stays_below_the_root(text: str, value: str) -> None:
    values = replace(VALUES, account_id=value, event=value, columns={"x": value})
    try:
        path = rendered(text, values)
    except (TemplateInvalid, ConfigurationInvalid):
        return
    assert 1 <= len(path) <= 1024
    assert not {"", ".", ".."} & set(path.split("/"))
    assert all(len(name.encode()) <= 255 for name in path.split("/"))
    assert "\0" not in path


@given(st.text(st.characters(blacklist_characters="${}", blacklist_categories=["Cs"])))
def test_text_without_placeholders_stands_as_it_is(text: str) -> None:
    template = Template.parse(text)
    assert template.text == text
    assert template.expand(VALUES) == text
    assert not template.placeholders
