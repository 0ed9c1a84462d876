"""What does not fit the source is told by every command, and by a daemon that goes on."""

from __future__ import annotations

import duckdb

from tests.end_to_end.site import Site

FILTER = '{ conditions = [ { property = "contry", operator = "is", value = "IT" } ] }'
KEY = "filter.conditions[0].property"


def test_every_command_tells_what_does_not_fit_the_source(site: Site) -> None:
    site.pipeline("good")
    file = site.pipeline("bad", filter=FILTER)
    checked = site.profexd("check", "--json")
    assert checked.code == 2
    (problem,) = checked.json["problems"]
    assert (problem["file"], problem["line"], problem["column"], problem["key"]) == (
        "pipelines/bad.toml",
        4,
        29,
        KEY,
    )
    assert problem["hint"] == 'did you mean "country"?'
    assert site.profexd("check", str(file)).code == 2
    exported = site.profexd("export", "bad", "--json")
    assert (exported.code, exported.json["error"]["code"]) == (2, "config_invalid")
    assert site.everything() == []

    site.start()
    shown = site.until(
        lambda: (p := site.listed()["bad"])["state"] == "invalid" and p, "it is invalid"
    )
    assert shown["problems"] == [problem]
    asked = site.profexctl("check", "--json")
    assert (asked.code, asked.json["problems"]) == (2, [problem])
    assert site.profexctl("run", "bad").code == 2
    assert site.profexctl("run", "good", "--wait").code == 0


def test_a_pipeline_that_no_longer_fits_keeps_its_last_good_version(site: Site) -> None:
    site.pipeline("changing", description='"first"')
    site.start()
    site.pipeline("changing", description='"second"', filter=FILTER)
    broken = site.until(
        lambda: (p := site.listed()["changing"])["state"] == "invalid" and p, "it is invalid"
    )
    assert [one["key"] for one in broken["problems"]] == [KEY]
    assert broken["description"] == "first"
    assert site.profexctl("run", "changing", "--wait").code == 0
    site.pipeline("changing", description='"third"', filter=FILTER.replace("contry", "country"))
    mended = site.until(
        lambda: (p := site.listed()["changing"])["description"] == "third" and p, "it is mended"
    )
    assert (mended["state"], mended["problems"]) == ("pending", [])
    assert mended["filter"] == 'country is "IT"'


def test_a_source_that_changes_is_looked_at_again(site: Site) -> None:
    database = site.folder / "own.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE profiles (profile_id BIGINT, email VARCHAR)")
    site.write("sources/own.toml", f'database = "{database}"\ntable = "profiles"\n')
    site.pipeline("mine", source='"own"', order_by='"email"')
    site.start()
    assert site.profexctl("check").code == 0
    with duckdb.connect(str(database)) as connection:
        connection.execute("ALTER TABLE profiles RENAME email TO mail")
    answer = site.profexctl("check", "--json")
    assert answer.code == 2
    assert [one["key"] for one in answer.json["problems"]] == ["order_by"]
    database.unlink()
    answer = site.profexctl("check", "--json")
    assert answer.code == 0
    assert [(one["file"], one["key"], one["severity"]) for one in answer.json["problems"]] == [
        ("sources/own.toml", "database", "warning")
    ]


def test_a_renamed_file_is_warned_of(site: Site) -> None:
    file = site.pipeline("old")
    assert site.profexd("export", "old").code == 0
    file.rename(file.with_name("new.toml"))
    checked = site.profexd("check", "--json")
    assert checked.code == 0
    (warning,) = checked.json["problems"]
    assert "pipelines/old.toml" in warning["message"]
    site.start()
    assert site.profexctl("check", "--json").json["problems"] == [warning]
    assert site.profexctl("run", "new", "--wait").code == 0
    assert site.profexctl("check", "--json").json["problems"] == []
