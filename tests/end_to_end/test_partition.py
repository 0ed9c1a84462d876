"""``partition_by`` from outside: a file per value at every sink, named, recorded and previewed."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from tests.end_to_end.site import Site

COUNTRIES = ("DE", "FR", "IT", "JP", "US", "null")


def test_every_value_has_its_series_at_every_sink(site: Site, tmp_path: Path) -> None:
    site.write("sinks/partner.toml", f'type = "file"\nroot = "{tmp_path / "partner"}"\n')
    text = """\
source = "warehouse"
sinks = ["outbox", "partner"]
path = "${column:country}/${pipeline}-${part}.csv"
partition_by = ["country"]
[format]
type = "csv"
[split]
max_rows = 100
"""
    site.write("pipelines/by-country.toml", text)
    assert site.profexd("check").code == 0
    answer = site.profexd("export", "by-country", "--json")
    assert answer.code == 0, answer.err
    run = answer.json
    assert (run["status"], run["rows"]) == ("done", 1000)
    paths = [file["path"] for file in run["files"]]
    assert len(paths) == 2 * len(set(paths))
    seen = []
    for country in COUNTRIES:
        of_country = [path for path in dict.fromkeys(paths) if path.startswith(f"{country}/")]
        numbers = range(1, len(of_country) + 1)
        assert of_country == [f"{country}/by-country-{number:03d}.csv" for number in numbers]
        assert len(of_country) == 2
        for path in of_country:
            content = (site.outbox / path).read_bytes()
            assert (tmp_path / "partner" / path).read_bytes() == content
            rows = list(csv.DictReader(content.decode().splitlines(keepends=True)))
            assert {row["country"] for row in rows} == {"" if country == "null" else country}
            seen += [row["profile_id"] for row in rows]
            for file in run["files"]:
                if file["path"] == path:
                    assert file["sha256"] == hashlib.sha256(content).hexdigest()
                    assert (file["rows"], file["status"]) == (len(rows), "published")
    assert len(set(seen)) == len(seen) == 1000
    assert len(site.delivered()) == 12


def test_events_have_a_file_per_event_by_default(site: Site) -> None:
    source = (site.config / "sources/warehouse.toml").read_text()
    site.write(
        "sources/events.toml",
        source.replace('"profiles"\n', '"events"\nkind = "events"\n').partition("[profiles]")[0]
        + '[events]\nname = "event_name"\ntime = "event_time"\n',
    )
    site.write(
        "pipelines/events.toml",
        'source = "events"\nsink = "outbox"\nfolder = "type"\n[format]\ntype = "json"\n',
    )
    answer = site.profexd("export", "events", "--json")
    assert answer.code == 0, answer.err
    run = answer.json
    assert run["rows"] == 1000
    instant = run["run_id"]
    names = [Path(file["path"]).name for file in run["files"]]
    for name, event in zip(names, ("App-Launched", "Charged", "Product-Viewed"), strict=True):
        assert name.startswith(f"{instant}-")
        assert f"-{event}-20" in name
        assert name.endswith("-001-0.json")
    assert site.delivered() == sorted(f"events/{name}" for name in names)


def test_no_rows_deliver_no_file_and_the_run_says_so(site: Site) -> None:
    site.pipeline(
        "none", path='"${column:country}.csv"', partition_by='"country"', where='"visits < 0"'
    )
    answer = site.profexd("export", "none", "--json")
    assert answer.code == 0, answer.err
    run = answer.json
    assert (run["status"], run["rows"], run["files"]) == ("done", 0, [])
    assert run["warnings"] == ["there are no rows, so there is no partition and no file"]
    assert site.everything() == []


def test_two_values_of_one_name_fail_before_anything_is_staged(site: Site) -> None:
    warehouse = (site.config / "sources/warehouse.toml").read_text()
    site.write(
        "sources/warehouse.toml",
        warehouse.replace(
            'table = "profiles"',
            "query = \"SELECT *, CASE WHEN visits > 20 THEN 'a b' ELSE 'a/b' END AS c"
            ' FROM profiles"',
        ),
    )
    site.pipeline("twice", path='"${column:c}.csv"', partition_by='["c"]')
    answer = site.profexd("export", "twice", "--json")
    assert answer.code == 1
    error = answer.json["error"]
    assert error["code"] == "name_collision"
    assert 'a-b.csv would be written twice, for "a b" and for "a/b"' in error["message"]
    assert answer.json["files"] == []
    assert site.everything() == []


def test_fail_and_suffix_hold_for_every_file(site: Site) -> None:
    keys = {"path": '"${column:country}.csv"', "partition_by": '["country"]'}
    site.pipeline("fail", on_existing='"fail"', **keys)
    site.pipeline("suffix", on_existing='"suffix"', **keys)
    site.outbox.mkdir()
    (site.outbox / "JP.csv").write_text("theirs")
    answer = site.profexd("export", "fail", "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "target_exists"
    assert (site.outbox / "JP.csv").read_text() == "theirs"
    runs = [site.profexd("export", "suffix", "--json").json for _ in range(2)]
    assert [run["status"] for run in runs] == ["done", "done"]
    for run in runs:
        for country in COUNTRIES:
            [name] = site.outbox.glob(f"{country}-*{int(run['run_id'])}*-0.csv")
            assert name.stat().st_size > 100


def test_a_preview_names_every_file(site: Site) -> None:
    site.pipeline(
        "by-country",
        path='"${column:country}.csv"',
        partition_by='["country"]',
        where="\"country IN ('IT', 'FR')\"",
        order_by='["-visits"]',
    )
    file = str(site.config / "pipelines/by-country.toml")
    answer = site.profexd("preview", file, "--json")
    assert answer.code == 0, answer.err
    shown = answer.json
    assert [one["path"] for one in shown["files"]] == ["FR.csv", "IT.csv"]
    assert "profexd_partition" not in answer.out
    countries = [row[5] for row in shown["rows"]]
    assert countries[0] == "FR"
    visits = [row[6] for row in shown["rows"] if row[5] == "FR"]
    assert visits == sorted(visits, key=int, reverse=True)
    assert shown["rows_matching"] > 100
