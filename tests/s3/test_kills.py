"""A run that is killed at any step: nothing of it stays at the storage after the next start."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.site import BIN, Site
from tests.s3.bucket import s3_sink
from tests.servers.proxy import Proxy
from tests.servers.s3 import S3Server

Arrange = Callable[[Proxy], None]


def silent(proxy: Proxy) -> None:
    """The storage hears everything and its answers are lost."""
    proxy.mute = True


def frozen_after(size: int) -> Arrange:
    def arrange(proxy: Proxy) -> None:
        proxy.cut_after, proxy.mode = size, "freeze"

    return arrange


STEPS: dict[str, tuple[Arrange, Callable[[S3Server, str, Proxy], bool]]] = {
    "before its id is known": (silent, lambda server, bucket, proxy: server.uploads(bucket) != []),
    "within the second part": (
        frozen_after(9 * 2**20),
        lambda server, bucket, proxy: proxy.received > 9 * 2**20,
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_upload_is_aborted_at_the_next_start(
    step: str, site: Site, seaweedfs: S3Server
) -> None:
    arrange, reached = STEPS[step]
    proxy = Proxy(urlsplit(seaweedfs.url).port or 0)
    bucket = s3_sink(
        site,
        seaweedfs,
        endpoint_url=f'"http://127.0.0.1:{proxy.port}"',
        concurrency="1",
    )
    query = "SELECT i, repeat('x', 100) AS x FROM range(120000) r(i)"
    site.write(
        "pipelines/large.toml",
        f'sink = "bucket"\npath = "large.csv"\n[source]\ntype = "duckdb"\nquery = "{query}"\n'
        '[format]\ntype = "csv"\n',
    )
    site.pipeline("other")
    arrange(proxy)
    export = killable(site, "large")
    site.until(lambda: reached(seaweedfs, bucket, proxy), "the step is reached")
    kill(export)
    assert seaweedfs.uploads(bucket) == ["large.csv"]
    assert seaweedfs.keys(bucket) == []
    proxy.heal()
    proxy.cut()
    assert site.profexd("export", "other").code == 0
    site.until(lambda: seaweedfs.uploads(bucket) == [], "the upload is aborted")
    answer = site.profexd("export", "large", "--json")
    assert answer.code == 0, answer.err
    assert seaweedfs.keys(bucket) == ["large.csv"]
    assert len(seaweedfs.read(bucket, "large.csv")) == answer.json["bytes"]
    assert seaweedfs.uploads(bucket) == []
    proxy.close()


def test_a_run_killed_while_it_publishes_is_finished_at_the_next_start(
    site: Site, seaweedfs: S3Server
) -> None:
    proxy = Proxy(urlsplit(seaweedfs.url).port or 0)
    bucket = s3_sink(site, seaweedfs, endpoint_url=f'"http://127.0.0.1:{proxy.port}"')
    site.pipeline("small", sink='"bucket"')
    proxy.frozen = True
    export = killable(site, "small")
    # A small file that is alone is one PUT: the first connection is the publish.
    site.until(lambda: proxy.connections, "the run publishes")
    kill(export)
    assert seaweedfs.keys(bucket) == []
    proxy.heal()
    proxy.cut()
    site.start()
    site.until(lambda: seaweedfs.keys(bucket) == ["small.csv"], "the file is published")
    (run,) = site.profexctl("runs", "--json").json
    run = site.finished(run["run_id"])
    assert (run["status"], run["files"][0]["status"]) == ("done", "published")
    assert len(seaweedfs.read(bucket, "small.csv")) == run["bytes"]
    proxy.close()


def killable(site: Site, name: str) -> subprocess.Popen[bytes]:
    """Start an export in a process group of its own; waiting in vain shows what it said."""
    with (site.folder / "daemon.log").open("ab") as log:
        return subprocess.Popen(
            [str(BIN / "profexd"), "export", name, *site._flags()],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def kill(export: subprocess.Popen[bytes]) -> None:
    os.killpg(export.pid, signal.SIGKILL)
    export.wait()
