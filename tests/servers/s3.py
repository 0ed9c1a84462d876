"""Two real S3 servers: SeaweedFS, which enforces conditions, and the JuiceFS gateway, which is
MinIO's older front end and ignores them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from tests.servers.process import answers, free_ports, program, running

ACCESS_KEY_ID = "AKTEST"
SECRET_ACCESS_KEY = "SKTEST0123456789"
WRITE_ONLY = ("AKWRITE", "SKWRITE0123456789")
"""May write, and neither read, list nor delete (SeaweedFS)."""
READ_ONLY = ("AKREAD", "SKREAD0123456789")
_NUMBERS = count(1)


@dataclass
class S3Server:
    """An S3 server and the administrator's own view of it."""

    url: str
    conditional: bool
    """Whether it enforces If-None-Match."""
    client: Any = field(repr=False, default=None)

    def __post_init__(self) -> None:
        self.client = botocore.session.Session().create_client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        )

    def new_bucket(self) -> str:
        """Return the name of a fresh, empty bucket."""
        name = f"bucket-{next(_NUMBERS)}"
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """Return every key of a bucket."""
        found = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return sorted(entry["Key"] for entry in found)

    def read(self, bucket: str, key: str) -> bytes:
        """Return the bytes of an object."""
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def uploads(self, bucket: str) -> list[str]:
        """Return the keys of the multipart uploads that nobody completed or aborted."""
        found = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return sorted(upload["Key"] for upload in found)


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """SeaweedFS: checks signatures, rights and conditions."""
    with seaweedfs_server(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield S3Server(url, conditional=True)


@pytest.fixture(scope="session")
def juicefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The JuiceFS gateway: an older S3, which ignores If-None-Match."""
    with _juicefs(tmp_path_factory.mktemp("juicefs")) as url:
        yield S3Server(url, conditional=False)


@contextmanager
def seaweedfs_server(folder: Path) -> Iterator[str]:
    """Run SeaweedFS below ``folder``; yields its URL."""
    rights = folder / "identities.json"
    rights.write_text(
        json.dumps(
            {
                "identities": [
                    _identity(
                        "rw",
                        ACCESS_KEY_ID,
                        SECRET_ACCESS_KEY,
                        "Admin",
                        "Read",
                        "Write",
                        "List",
                        "Tagging",
                    ),
                    _identity("wo", *WRITE_ONLY, "Write"),
                    _identity("ro", *READ_ONLY, "Read", "List"),
                ]
            }
        )
    )
    data = folder / "data"
    data.mkdir()
    # Every port is named, or weed opens further ones 10000 above.
    flags = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port",
             "volume.port.grpc", "filer.port", "filer.port.grpc")  # fmt: skip
    ports = free_ports(len(flags))
    command = [
        program("weed"), "-logtostderr=true", "server", f"-dir={data}", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={rights}",
        *(f"-{flag}={port}" for flag, port in zip(flags, ports, strict=True)),
        "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.telemetry=false", "-volume.max=5000", "-master.volumeSizeLimitMB=64",
        "-volume.preStopSeconds=0",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{ports[0]}"
    with running(
        command, log=folder / "log", healthy=lambda: answers(f"{url}/healthz"), cwd=folder
    ):
        yield url


def _identity(name: str, key: str, secret: str, *actions: str) -> dict[str, Any]:
    return {
        "name": name,
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": list(actions),
    }


@contextmanager
def _juicefs(folder: Path) -> Iterator[str]:
    database = f"sqlite3://{folder}/volume.db"
    juicefs = program("juicefs")
    with (folder / "log").open("ab") as log:
        subprocess.run(
            [juicefs, "format", "--storage", "file", "--bucket", f"{folder}/blocks/",
             "--trash-days", "0", database, "volume"],
            check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    (port,) = free_ports(1)
    command = [
        juicefs, "gateway", "--multi-buckets", "--keep-etag", "--object-tag", "--object-meta",
        "--no-usage-report", "--no-banner", "--log", folder / "gateway.log",
        "--cache-dir", folder / "cache", database, f"127.0.0.1:{port}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with running(
        command,
        log=folder / "log",
        healthy=lambda: answers(f"{url}/minio/health/live"),
        environ={"MINIO_ROOT_USER": ACCESS_KEY_ID, "MINIO_ROOT_PASSWORD": SECRET_ACCESS_KEY},
    ):
        yield url
