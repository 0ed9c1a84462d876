"""The s3 sink over lines that break: never a part of a file, never a second one, no upload left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from profexd.api import Retryable, SinkTimeout, TargetExists
from profexd.testing.sinks import LARGE, SinkBench, connect, content, spooled, through_json
from profexd_sinks.s3_options import S3Options
from tests.s3.test_conformance import bench_of
from tests.servers.proxy import Proxy
from tests.servers.s3 import WRITE_ONLY, S3Server


@contextmanager
def over_a_proxy(
    server: S3Server, *credentials: str, timeout: float = 20.0
) -> Iterator[tuple[SinkBench, Proxy, str]]:
    bench = bench_of(server, *credentials)
    options = bench.options
    assert isinstance(options, S3Options)
    proxy = Proxy(urlsplit(server.url).port or 0)
    options = replace(
        options,
        endpoint_url=f"http://127.0.0.1:{proxy.port}",
        timeout=timeout,
        connect_timeout=timeout,
        concurrency=1,
    )
    try:
        yield replace(bench, options=options), proxy, options.bucket
    finally:
        proxy.close()


@pytest.mark.parametrize("server", ["seaweedfs", "juicefs"])
@pytest.mark.parametrize("percent", [0, 1, 50, 99, 100])
def test_a_line_cut_anywhere_leaves_nothing_and_the_next_attempt_goes_on(
    server: str, percent: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    storage: S3Server = request.getfixturevalue(server)
    with over_a_proxy(storage) as (bench, proxy, bucket):
        # 8 MiB, the first part, go over the connection of the upload's beginning.
        proxy.cut_after = (8 * 2**20) * percent // 100
        sink = connect(bench)
        file = spooled(tmp_path, LARGE)
        with pytest.raises(Retryable):
            sink.publish(sink.stage(file, "file.csv"))
        assert storage.keys(bucket) == []
        proxy.heal()
        sink.publish(sink.stage(file, "file.csv"))
        sink.close()
        assert bench.read("file.csv") == content(LARGE)
        assert bench.leftovers() == []


@pytest.mark.parametrize("credentials", [(), WRITE_ONLY], ids=["all rights", "write only"])
def test_a_publish_whose_answer_was_lost_is_found_to_have_been_one(
    seaweedfs: S3Server, tmp_path: Path, credentials: tuple[str, ...]
) -> None:
    with over_a_proxy(seaweedfs, *credentials, timeout=2.0) as (bench, proxy, bucket):
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, 70_000), "file.csv")
        proxy.mute = True
        with pytest.raises(SinkTimeout):
            sink.publish(staged)
        proxy.heal()
        proxy.cut()
        assert sink.publish(staged).size == 70_000
        sink.close()
        assert seaweedfs.keys(bucket) == ["some/where/file.csv"]
        assert bench.read("file.csv") == content(70_000)
        assert bench.leftovers() == []


def test_a_storage_that_goes_away_between_stage_and_publish_may_come_back(
    seaweedfs: S3Server, tmp_path: Path
) -> None:
    with over_a_proxy(seaweedfs) as (bench, proxy, bucket):
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, LARGE), "file.csv")
        proxy.refuse = True
        proxy.cut()
        with pytest.raises(Retryable):
            sink.publish(staged)
        assert seaweedfs.keys(bucket) == []
        proxy.heal()
        sink.publish(staged)
        sink.close()
        assert bench.read("file.csv") == content(LARGE)
        assert bench.leftovers() == []


def test_a_storage_that_stands_still_is_given_up_after_the_timeout(
    seaweedfs: S3Server, tmp_path: Path
) -> None:
    with over_a_proxy(seaweedfs, timeout=1.0) as (bench, proxy, _):
        proxy.cut_after, proxy.mode = 2**20, "freeze"
        sink = connect(bench)
        with pytest.raises(SinkTimeout) as raised:
            sink.stage(spooled(tmp_path, LARGE), "file.csv")
        assert raised.value.error_code == "sink_timeout"
        sink.close()


def test_an_upload_whose_id_was_never_learnt_is_found_and_aborted(
    seaweedfs: S3Server, tmp_path: Path
) -> None:
    with over_a_proxy(seaweedfs, timeout=2.0) as (bench, proxy, bucket):
        told: list[object] = []
        sink = connect(bench)
        sink.context = replace(sink.context, journal=told.append)
        proxy.mute = True
        with pytest.raises(SinkTimeout):
            sink.stage(spooled(tmp_path, LARGE), "file.csv")
        sink.close()
        assert len(seaweedfs.uploads(bucket)) == 1
        proxy.heal()
        proxy.cut()
        fresh = connect(bench)
        fresh.discard(through_json(told[-1]))  # type: ignore[arg-type]
        fresh.close()
        assert bench.leftovers() == []


def test_after_a_crash_a_file_that_was_created_only_is_known_as_ours_or_not(
    seaweedfs: S3Server, tmp_path: Path
) -> None:
    bench = bench_of(seaweedfs)
    first, second = (connect(bench, run_id=run_id, create_only=True) for run_id in ("1", "2"))
    ours = first.stage(spooled(tmp_path, 10), "file.csv")
    others = second.stage(spooled(tmp_path, 20), "file.csv")
    first.publish(ours)
    again = connect(bench, run_id="1", create_only=True)
    assert again.publish(through_json(ours)).level == "verified"
    with pytest.raises(TargetExists):
        second.publish(others)
    second.discard(others)
    for sink in (first, second, again):
        sink.close()
    assert bench.read("file.csv") == content(10)
    assert bench.leftovers() == []
