"""A stand-in for the daemon: answers on a Unix socket with whatever a test lays out."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

Answer = tuple[int, Any] | Callable[["Request"], tuple[int, Any]]


class Lines:
    """An ndjson answer. ``hold`` keeps the connection open after the last line until the end."""

    def __init__(self, lines: Iterable[dict[str, Any]], *, hold: bool = False) -> None:
        self.lines = lines
        self.hold = hold


class Raw:
    """Bytes that are sent as they are, in place of an HTTP answer."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class Request:
    """What a client asked."""

    def __init__(self, method: str, path: str, body: Any) -> None:
        self.method = method
        self.path = path
        self.body = body

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {self.body}"


class DaemonDouble:
    """Serves ``routes`` ("GET /v1/info") and remembers the requests."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.routes: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.ending = threading.Event()
        self.held = threading.Event()
        self._server = _Server(str(socket), _Handler)
        self._server.double = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> DaemonDouble:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.socket.unlink()


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = False
    double: DaemonDouble


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        double = self.server.double
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        request = Request(self.command, self.path, body)
        double.requests.append(request)
        answer = double.routes.get(
            f"{self.command} {self.path}",
            (404, {"error": {"code": "not_found", "message": f"no {self.path}", "hint": ""}}),
        )
        status, content = answer(request) if callable(answer) else answer
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client may have gone, as some tests want
            self._send(status, content)

    def _send(self, status: int, content: Any) -> None:
        if isinstance(content, Raw):
            self.wfile.write(content.data)
            return
        self.send_response(status)
        if isinstance(content, Lines):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in content.lines:
                self._chunk(json.dumps(line).encode() + b"\n")
            if content.hold:
                self.server.double.held.set()
                self.server.double.ending.wait()
            else:
                self._chunk(b"")
            return
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()
