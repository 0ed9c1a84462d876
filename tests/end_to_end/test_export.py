"""``profexd export``: one run without a daemon, read back by other programs."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import stat
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.end_to_end.site import Site

RUN_KEYS = {
    "run_id",
    "pipeline",
    "status",
    "trigger",
    "attempt",
    "retry_at",
    "scheduled_at",
    "started_at",
    "finished_at",
    "phase",
    "rows",
    "bytes",
    "files",
    "warnings",
    "error",
}
FLAT = "profile_id, email, phone, country, visits, active, notes, legacy_number"


def written(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def source_rows(warehouse: Path, columns: str = FLAT) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM profiles ORDER BY profile_id").fetchall()


def test_the_run_object_is_printed_and_describes_the_files(site: Site) -> None:
    site.pipeline("all", path='"all/${pipeline}.csv.gz"', compression='"gzip"')
    answer = site.profexd("export", "all", "--json")
    assert answer.code == 0, answer.err
    run = answer.json
    assert run.keys() >= RUN_KEYS
    assert (run["status"], run["trigger"], run["rows"]) == ("done", "export", 1000)
    [file] = run["files"]
    content = (site.outbox / "all/all.csv.gz").read_bytes()
    assert file["path"] == "all/all.csv.gz"
    assert file["uri"] == f"file://{site.outbox}/all/all.csv.gz"
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["bytes"] == run["bytes"] == len(content)
    assert (file["sink"], file["status"], file["rows"]) == ("outbox", "published", 1000)


def test_csv_is_read_by_the_standard_library_to_the_rows_of_the_source(
    site: Site, warehouse: Path
) -> None:
    site.pipeline("all", path='"all.csv.gz"', compression='"gzip"')
    assert site.profexd("export", "all").code == 0
    with gzip.open(site.outbox / "all.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    expected = source_rows(warehouse)
    names = FLAT.split(", ")
    for row, source in zip(rows, expected, strict=True):
        for name, value in zip(names, source, strict=True):
            assert row[name] == written(value)


def test_json_lines_and_records_hold_the_rows_of_the_source(site: Site, warehouse: Path) -> None:
    site.pipeline("lines", path='"l.json"', format='type = "json"\nlayout = "lines"')
    site.pipeline("records", path='"r.json"', format='type = "json"\nnulls = "write"')
    assert site.profexd("export", "lines").code == 0
    assert site.profexd("export", "records").code == 0
    lines = [json.loads(line) for line in (site.outbox / "l.json").read_text().splitlines()]
    records = json.loads((site.outbox / "r.json").read_text())["records"]
    names = FLAT.split(", ")
    expected = [dict(zip(names, row, strict=True)) for row in source_rows(warehouse)]
    assert [{name: row[name] for name in names} for row in records] == expected
    assert [{name: row.get(name) for name in names} for row in lines] == expected
    assert all(None not in row.values() for row in lines)
    assert records[0]["address"].keys() == {"city", "zip"}


def test_parquet_is_read_by_pyarrow_and_duckdb_to_the_rows_of_the_source(
    site: Site, warehouse: Path
) -> None:
    site.pipeline("lake", path='"p.parquet"', format='type = "parquet"')
    assert site.profexd("export", "lake").code == 0
    table = pq.read_table(site.outbox / "p.parquet", columns=FLAT.split(", "))
    expected = source_rows(warehouse)
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    read = duckdb.connect().execute(f"SELECT {FLAT} FROM read_parquet('{site.outbox}/p.parquet')")
    assert read.fetchall() == expected


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_the_same_rows_and_configuration_give_the_same_bytes(site: Site, kind: str) -> None:
    site.pipeline("twice", path=f'"{kind}"', compression='"gzip"', format=f'type = "{kind}"')
    first = site.profexd("export", "twice", "--json").json
    second = site.profexd("export", "twice", "--json").json
    assert first["files"][0]["sha256"] == second["files"][0]["sha256"]
    assert first["run_id"] != second["run_id"]


def test_where_and_order_choose_and_sort(site: Site, warehouse: Path) -> None:
    site.pipeline(
        "italy",
        where="\"country = 'IT' AND visits > 10\"",
        order_by='["-visits", "email"]',
    )
    assert site.profexd("export", "italy").code == 0
    with (site.outbox / "italy.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row["profile_id"] for row in csv.DictReader(stream)]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        expected = connection.execute(
            "SELECT profile_id FROM profiles WHERE country = 'IT' AND visits > 10"
            " ORDER BY visits DESC NULLS LAST, email NULLS LAST, profile_id"
        ).fetchall()
    assert rows == [row[0] for row in expected]


def test_one_run_feeds_several_sinks_with_the_same_bytes(site: Site) -> None:
    site.write("sinks/second.toml", f'type = "file"\nroot = "{site.folder}/second"\n')
    site.pipeline("both", sinks='["outbox", "second"]', sink="")
    path = site.config / "pipelines/both.toml"
    path.write_text(path.read_text().replace("sink = \n", ""))
    run = site.profexd("export", "both", "--json").json
    assert [file["sink"] for file in run["files"]] == ["outbox", "second"]
    assert (site.outbox / "both.csv").read_bytes() == (site.folder / "second/both.csv").read_bytes()
    assert run["bytes"] == (site.outbox / "both.csv").stat().st_size


def test_two_sinks_that_are_one_place_are_refused_before_anything_is_visible(site: Site) -> None:
    site.write("sinks/same.toml", f'type = "file"\nroot = "{site.outbox}"\n')
    site.pipeline("both", sink='"outbox"')
    path = site.config / "pipelines/both.toml"
    path.write_text(path.read_text().replace('sink = "outbox"', 'sinks = ["outbox", "same"]'))
    run = site.profexd("export", "both", "--json").json
    assert run["error"]["code"] == "name_collision"
    assert not site.outbox.exists() or site.everything() == []


def test_on_existing_fail_creates_once_and_suffix_never_replaces(site: Site) -> None:
    site.pipeline("new", on_existing='"fail"')
    assert site.profexd("export", "new").code == 0
    before = (site.outbox / "new.csv").stat().st_ino
    refused = site.profexd("export", "new", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "target_exists")
    assert (site.outbox / "new.csv").stat().st_ino == before
    site.pipeline("many", path='"many.csv.gz"', compression='"gzip"', on_existing='"suffix"')
    paths = {site.profexd("export", "many", "--json").json["files"][0]["path"] for _ in range(2)}
    assert len(paths) == 2
    assert all(p.startswith("many-") and p.endswith("-0.csv.gz") for p in paths)


def test_state_and_spool_are_private(site: Site) -> None:
    site.pipeline("all")
    assert site.profexd("export", "all").code == 0
    for folder in (site.state, site.spool):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.rglob("*"):
            allowed = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == allowed, path


def test_a_disabled_pipeline_is_refused_and_an_unknown_one_is_named(site: Site) -> None:
    site.pipeline("off", enabled="false")
    disabled = site.profexd("export", "off")
    assert disabled.code == 1
    assert "disabled" in disabled.err
    unknown = site.profexd("export", "of")
    assert unknown.code == 2
    assert "of" in unknown.err
