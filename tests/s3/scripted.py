"""An S3 front end that answers as a test says: what real storages say only on bad days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Refusal:
    """An answer: status, and the code and words of S3's error document; no code, no document."""

    status: int
    code: str = ""
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        if not self.code:
            return b""
        words = f"<Message>{self.message}</Message>" if self.message else ""
        return f"<Error><Code>{self.code}</Code>{words}</Error>".encode()


@dataclass
class Request:
    """What came in."""

    operation: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """The server: ``refuse`` may return a refusal for a request."""

    url: str = ""
    refuse: Callable[[Request], Refusal | None] = lambda request: None
    requests: list[Request] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    """How many parts each listing shows; then none."""


_PART = "<Part><PartNumber>1</PartNumber></Part>"


@contextmanager
def scripted() -> Iterator[Scripted]:
    """Serve on a free port of loopback."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._answer()

        do_PUT = do_DELETE = do_GET = do_HEAD = do_POST

        def _answer(self) -> None:
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = f"{self.command} {' '.join(sorted(query.keys() - {'x-id'}))}".strip()
            request = Request(operation, {k.lower(): v for k, v in self.headers.items()}, body)
            script.requests.append(request)
            refusal = script.refuse(request)
            if refusal is not None:
                self._send(refusal.status, refusal.body, refusal.headers)
                return
            answers = {
                "POST uploads": b"<R><UploadId>u1</UploadId></R>",
                "POST uploadId": b"<R><ETag>whole</ETag></R>",
            }
            if operation == "GET uploadId":
                count = script.parts.pop(0) if script.parts else 0
                answers[operation] = f"<R>{_PART * count}</R>".encode()
            status = 204 if self.command == "DELETE" else 200
            self._send(status, answers.get(operation, b""), (("ETag", '"e"'),))

        def _send(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
