"""A preview shows what a run would write, and moves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from profexd.api import ConfigurationInvalid
from profexd.export.selection.preview import preview
from profexd.export.stop import Stop
from profexd.wire import PreviewJson
from tests.formats.exporting import PLAN, Export, catalog

Table = Callable[[str], Export]

_ROWS = """
    SELECT * FROM (VALUES
        (2, 1.10, NULL, TIMESTAMPTZ '2024-01-01 12:00:00Z', {'a': 1, 'n': NULL}),
        (1, 2.50, '', NULL, NULL),
        (3, 0.00, 'é', NULL, NULL)) v(id, amount, name, seen, nested)
"""


def shown(export: Export, format_: str, *, limit: int = 2, **options: Any) -> PreviewJson:
    keys = {"order_by": ["-id"], "where": "id < 3", **options.pop("keys", {})}
    folder = export.spool()
    made = preview(
        export.pipeline(format_, keys=keys, **options),
        PLAN,
        catalog=catalog(),
        folder=folder,
        limit=limit,
        stop=Stop(),
    )
    assert list(folder.iterdir()) == []
    json.dumps(made, allow_nan=False)
    return made


def test_a_preview_counts_names_and_types(table: Table) -> None:
    made = shown(table(_ROWS), "csv", limit=1)
    assert made["rows_matching"] == 2
    assert made["columns"][:2] == [
        {"name": "id", "type": "INTEGER"},
        {"name": "amount", "type": "DECIMAL(3,2)"},
    ]
    assert made["pipeline"] == "test"
    assert made["files"] == [{"path": "out", "uri": "file:///nowhere/out", "sink": "files"}]
    assert (made["added"], made["removed"]) == ([], [])
    assert len(made["rows"]) == 1


def test_csv_is_shown_as_it_is_written(table: Table) -> None:
    made = shown(table(_ROWS), "csv")
    nested = '{"a":1,"n":null}'
    assert made["rows"] == [
        ["2", "1.10", None, "2024-01-01T12:00:00Z", nested],
        ["1", "2.50", "", None, None],
    ]
    assert made["text"] == (
        "id,amount,name,seen,nested\n"
        '2,1.10,,2024-01-01T12:00:00Z,"{""a"":1,""n"":null}"\n'
        '1,2.50,"",,\n'
    )


@pytest.mark.parametrize("format_", ["csv", "json", "parquet", "xml"])
def test_columns_are_called_as_the_layout_of_the_file_calls_them(
    table: Table, format_: str
) -> None:
    export = table("SELECT 1 AS id, 'a' AS email, 'x' AS ct, ['x', 'y'] AS cts")
    roles = {"key": "id", "id": "ct", "ids": "cts"}
    source = {"table": "t", "profiles": roles}
    identity = {"columns": ["email"], "id": True, "ids": True}
    for layout, ids in (("flat", ["ct", "cts"]), ("clevertap", ["clevertapId", "clevertapIds"])):
        if format_ == "json" and layout == "flat":
            layout = "records"
        keys = {"order_by": [], "identity": identity, "where": "id = 1"}
        made = shown(export, format_, source=source, keys=keys, layout=layout)
        names = [column["name"] for column in made["columns"]]
        assert names == ["identity", *ids, "id", "email"]
        assert all(name in made["text"] for name in ids)


def test_json_is_shown_as_it_is_written(table: Table) -> None:
    made = shown(table(_ROWS), "json")
    assert made["rows"] == [
        [2, 1.1, None, "2024-01-01T12:00:00Z", {"a": 1}],
        [1, 2.5, "", None, None],
    ]
    assert json.loads(made["text"])["records"][0]["seen"] == "2024-01-01T12:00:00Z"


def test_parquet_is_shown_as_a_table(table: Table) -> None:
    made = shown(table(_ROWS), "parquet")
    lines = made["text"].splitlines()
    assert lines[0].split() == ["id", "amount", "name", "seen", "nested"]
    assert lines[1].split()[:2] == ["2", "1.1"]
    assert len(lines) == 3


def test_compression_changes_nothing_that_is_shown(table: Table) -> None:
    export = table(_ROWS)
    packed = shown(export, "csv", keys={"compression": "gzip"})
    assert packed["text"] == shown(export, "csv")["text"]


def test_nothing_that_matches_is_shown_as_an_empty_file(table: Table) -> None:
    export = table(_ROWS)
    for format_ in ("csv", "json", "parquet"):
        made = shown(export, format_, keys={"where": "id > 9"})
        assert (made["rows"], made["rows_matching"]) == ([], 0)
        assert made["text"]


def test_special_floats_can_be_shown(table: Table) -> None:
    export = table("SELECT 1 AS id, 'nan'::DOUBLE AS f, -'inf'::DOUBLE AS g")
    made = shown(export, "json", special_floats=True)
    assert made["rows"] == [[1, "NaN", "-Infinity"]]


def test_other_encodings_are_shown_as_text(table: Table) -> None:
    export = table("SELECT 1 AS id, 'é' AS name")
    for encoding in ("latin-1", "utf-16", "utf-16-le"):
        assert shown(export, "csv", encoding=encoding)["text"] == "id,name\n1,é\n"


def test_a_bad_condition_is_the_same_error_as_in_a_run(table: Table) -> None:
    with pytest.raises(ConfigurationInvalid, match="where"):
        shown(table(_ROWS), "csv", keys={"where": "nope = 1"})
