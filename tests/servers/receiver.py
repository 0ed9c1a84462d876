"""A receiver of HTTP requests on loopback that keeps what it got whole and answers as told."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to do with one request: ``when`` to answer, or whether to hang up instead."""

    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    when: Literal["whole", "early", "hang up", "never"] = "whole"
    keep: bool = True


@dataclass
class Receiver:
    """Its address, the whole requests it got, and what it does with the next ones."""

    port: int
    requests: list[Request] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    usual: Reply = Reply()
    """What it does when ``replies`` are used up."""
    begun: int = 0
    """How many requests began, whole or not."""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive while the block lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    receiver = Receiver(server.server_port)
    server.receiver = receiver
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _receive(self) -> None:
        receiver = self.server.receiver
        receiver.begun += 1
        reply = receiver.replies.popleft() if receiver.replies else receiver.usual
        self.close_connection = True
        if reply.when == "early":
            self.rfile.read(1)
            self._reply(reply)
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(2**16):
                pass
            return
        size = int(self.headers["Content-Length"])
        if not reply.keep:
            while size:
                size -= len(self.rfile.read(min(size, 2**16)))
        body = self.rfile.read(size)
        if len(body) < size:
            return
        receiver.requests.append(Request(self.command, self.path, dict(self.headers), body))
        if reply.when == "never":
            receiver.closing.wait(30)
        elif reply.when == "whole":
            self._reply(reply)

    do_POST = do_PUT = do_DELETE = do_GET = _receive

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
