"""Selection through the two commands: check, run, preview and why of one installation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.site import Site

_PIPELINE = """
source = "warehouse"
sink = "outbox"
path = "a.csv"
on_existing = "overwrite"
mode = "{mode}"
[filter]
conditions = [ {{ property = "country", operator = "is one of", values = ["IT", "FR"] }} ]
[identity]
columns = ["email", "phone"]
[columns]
properties = "all"
exclude = ["country"]
[format]
type = "csv"
"""


def change(site: Site, *statements: str) -> None:
    """Do something to the warehouse."""
    with duckdb.connect(str(site.folder / "w.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, tmp_path / "w.duckdb")
    change(
        site,
        "CREATE TABLE profiles AS SELECT * FROM (VALUES ('p1', 'IT', 'a@x.it', '1', 5),"
        " ('p2', 'DE', NULL, '2', 6), ('p3', 'FR', '', '3', NULL), ('p4', NULL, NULL, NULL, 7))"
        " v(profile_id, country, email, phone, visits)",
    )
    yield site
    if site.daemon is not None:
        site.stop()


def rows(site: Site, name: str = "a.csv") -> list[list[str]]:
    return list(csv.reader(io.StringIO((site.outbox / name).read_text())))


def test_a_file_keeps_its_header_from_run_to_run(site: Site) -> None:
    site.write("pipelines/a.toml", _PIPELINE.format(mode="full"))
    site.start()
    assert site.profexctl("run", "a", "--wait").code == 0
    header = ["identity", "profile_id", "email", "phone", "visits"]
    assert rows(site) == [
        header,
        ["a@x.it", "p1", "a@x.it", "1", "5"],
        ["3", "p3", "", "3", ""],
    ]
    change(
        site,
        "CREATE OR REPLACE TABLE profiles AS"
        " SELECT 'new' AS segment, visits, email, country, profile_id FROM profiles",
    )
    preview = site.profexctl("preview", "a", "--json").json
    assert [column["name"] for column in preview["columns"]] == [*header, "segment"]
    assert (preview["added"], preview["removed"]) == (["segment"], ["phone"])
    assert preview["rows_matching"] == 2
    run = site.profexctl("run", "a", "--wait", "--json").json
    assert any('no longer has the column "phone"' in warning for warning in run["warnings"])
    assert rows(site)[0] == [*header, "segment"]
    assert rows(site)[1] == ["a@x.it", "p1", "a@x.it", "", "5", "new"]
    preview = site.profexctl("preview", "a", "--json").json
    assert preview["added"] == []


def test_why_tells_of_one_profile(site: Site) -> None:
    keys = _PIPELINE.format(mode="changed").replace("a.csv", "a-${run_id}.csv")
    site.write("pipelines/a.toml", keys)
    site.start()
    kept_out = site.profexctl("why", "a", "p2")
    assert kept_out.code == 0
    assert kept_out.out == 'no   country is one of "IT", "FR"  (is "DE")\n'
    answer = site.profexctl("why", "a", "p4", "--json").json
    assert (answer["exported"], answer["conditions"][0]["value"]) == (False, None)
    assert site.profexctl("run", "a", "--wait").code == 0
    run = site.profexctl("runs", "--json").json[0]["run_id"]
    answer = site.profexctl("why", "a", "p1", "--json").json
    assert answer["changes"] == {"state": "unchanged", "since": run}
    change(site, "UPDATE profiles SET visits = 9 WHERE profile_id = 'p1'")
    answer = site.profexctl("why", "a", "p1", "--json").json
    assert answer["changes"] == {"state": "changed", "since": run}
    unknown = site.profexctl("why", "a", "p9")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no row has profile_id p9" in unknown.err
    assert site.profexctl("why", "nope", "p1").code == 2
