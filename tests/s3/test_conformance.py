"""The s3 sink passes the kit for sinks: on an older storage, and with the least rights."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from profexd.api import Secret
from profexd.testing.sinks import SinkBench, SinkConformance
from profexd_sinks.s3 import S3Sink
from profexd_sinks.s3_options import S3Options
from tests.servers.process import free_ports
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, WRITE_ONLY, S3Server


def bench_of(
    server: S3Server, key: str = ACCESS_KEY_ID, secret: str = SECRET_ACCESS_KEY
) -> SinkBench:
    bucket = server.new_bucket()
    options = S3Options(
        bucket=bucket,
        root="some/where",
        endpoint_url=server.url,
        access_key_id=key,
        secret_access_key=Secret("literal", secret),
    )

    def read(target: str) -> bytes | None:
        try:
            return server.read(bucket, f"some/where/{target}")
        except ClientError:
            return None

    def leftovers() -> list[str]:
        hidden = [key for key in server.keys(bucket) if "/.profexd" in key]
        return server.uploads(bucket) + hidden

    return SinkBench(
        sink=S3Sink,
        options=options,
        read=read,
        leftovers=leftovers,
        denied=replace(options, secret_access_key=Secret("literal", "wrong-secret")),
        unreachable=replace(options, endpoint_url=f"http://127.0.0.1:{free_ports(1)[0]}"),
        creates_only=server.conditional,
    )


class TestOnJuiceFS(SinkConformance):
    @pytest.fixture
    def bench(self, juicefs: S3Server) -> SinkBench:
        return bench_of(juicefs)


class TestOnSeaweedFSWithTheRightToWriteAlone(SinkConformance):
    @pytest.fixture
    def bench(self, seaweedfs: S3Server) -> SinkBench:
        bench = bench_of(seaweedfs, *WRITE_ONLY)
        bucket = bench.options.bucket  # type: ignore[attr-defined]

        def leftovers() -> list[str]:
            # What found out whether conditions are heeded may stay: deleting is not our right.
            return seaweedfs.uploads(bucket)

        return replace(bench, leftovers=leftovers)
