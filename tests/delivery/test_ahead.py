"""Parts of a split run leave while the next is built, and come back when the build fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.s3.bucket import s3_sink
from tests.servers.s3 import S3Server


@pytest.fixture
def site(tmp_path: Path, warehouse: Path) -> Site:
    return Site(tmp_path, warehouse)


def test_a_split_run_delivers_every_part_once(site: Site, seaweedfs: S3Server) -> None:
    bucket = s3_sink(site, seaweedfs)
    site.pipeline("split", sinks='["bucket", "outbox"]', sink="", path='"a-${part}.csv"')
    text = (site.config / "pipelines/split.toml").read_text().replace("sink = \n", "")
    site.write("pipelines/split.toml", text + "[split]\nmax_rows = 90\n")
    answer = site.profexd("export", "split", "--json")
    assert answer.code == 0, answer.err
    assert len(seaweedfs.keys(bucket)) == 12
    assert seaweedfs.uploads(bucket) == []
    assert site.everything() == seaweedfs.keys(bucket)
    for name in site.everything():
        assert (site.outbox / name).read_bytes() == seaweedfs.read(bucket, name)


def test_a_build_that_fails_takes_back_what_was_sent(site: Site, seaweedfs: S3Server) -> None:
    bucket = s3_sink(site, seaweedfs)
    site.write(
        "pipelines/broken.toml",
        'sinks = ["bucket", "outbox"]\npath = "a-${part}.csv"\n[source]\ntype = "duckdb"\n'
        "query = \"SELECT i, CASE WHEN i < 300000 THEN 1 ELSE error('late') END AS x"
        ' FROM range(400000) r(i)"\n[format]\ntype = "csv"\n[split]\nmax_rows = 1000\n',
    )
    answer = site.profexd("export", "broken", "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "query_failed"
    assert seaweedfs.keys(bucket) == []
    assert seaweedfs.uploads(bucket) == []
    assert site.everything() == []


def test_two_servers_may_have_buckets_of_one_name(
    site: Site, seaweedfs: S3Server, juicefs: S3Server
) -> None:
    for name, server in (("one", seaweedfs), ("two", juicefs)):
        s3_sink(site, server, bucket='"twins"')
        server.client.create_bucket(Bucket="twins")
        (site.config / "sinks/bucket.toml").rename(site.config / f"sinks/{name}.toml")
    site.write(
        "pipelines/a.toml",
        'source = "warehouse"\nsinks = ["one", "two"]\npath = "a.csv"\n[format]\ntype = "csv"\n',
    )
    answer = site.profexd("export", "a", "--json")
    assert answer.code == 0, answer.err
    assert seaweedfs.read("twins", "a.csv") == juicefs.read("twins", "a.csv")
