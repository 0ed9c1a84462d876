"""``[split]`` from outside: every part is delivered to every sink, and described."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

from tests.end_to_end.site import Site


def test_every_part_goes_to_every_sink(site: Site, tmp_path: Path) -> None:
    site.write("sinks/partner.toml", f'type = "file"\nroot = "{tmp_path / "partner"}"\n')
    text = """\
source = "warehouse"
sinks = ["outbox", "partner"]
path = "all/customers.csv.gz"
compression = "gzip"
[format]
type = "csv"
[split]
max_rows = 400
"""
    site.write("pipelines/all.toml", text)
    answer = site.profexd("export", "all", "--json")
    assert answer.code == 0, answer.err
    run = answer.json
    assert (run["status"], run["rows"]) == ("done", 1000)
    names = [f"all/customers-00{number}.csv.gz" for number in (1, 2, 3)]
    assert [(file["path"], file["sink"]) for file in run["files"]] == [
        (name, sink) for name in names for sink in ("outbox", "partner")
    ]
    ids = []
    for name in names:
        content = (site.outbox / name).read_bytes()
        assert (tmp_path / "partner" / name).read_bytes() == content
        for file in run["files"]:
            if file["path"] == name:
                assert file["sha256"] == hashlib.sha256(content).hexdigest()
                assert file["bytes"] == len(content)
                assert file["status"] == "published"
        rows = list(csv.DictReader(gzip.decompress(content).decode().splitlines(keepends=True)))
        assert [file["rows"] for file in run["files"] if file["path"] == name] == [len(rows)] * 2
        ids += [row["profile_id"] for row in rows]
    assert len(ids) == 1000
    assert ids == sorted(ids)


def test_a_preview_shows_the_first_name(site: Site) -> None:
    site.pipeline("all", split="{ max_rows = 3 }")
    answer = site.profexd("preview", str(site.config / "pipelines/all.toml"), "--json")
    assert answer.code == 0, answer.err
    assert [file["path"] for file in answer.json["files"]] == ["all-001.csv"]
    assert answer.json["rows_matching"] == 1000
