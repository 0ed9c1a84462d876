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
    export = subprocess.Popen(
        [str(BIN / "profexd"), "export", "large", *site._flags()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    site.until(lambda: reached(seaweedfs, bucket, proxy), "the step is reached")
    os.killpg(export.pid, signal.SIGKILL)
    export.wait()
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
