"""Whatever comes through the socket: the daemon answers in words, and runs go on."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.daemon.process import Daemon, until
from tests.daemon.stage import SCRIPTED
from tests.properties.settings import examples

MOST_GROWTH = 60 * 2**20
METHODS = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "get", "FETCH"]
SEGMENTS = [
    "v1",
    "v2",
    "pipelines",
    "runs",
    "quick",
    "hang",
    "nobody",
    "..",
    "pause",
    "resume",
    "stop",
    "approve",
    "reject",
    "resend",
    "log",
    "config",
    "check",
    "info",
    "audit",
    "events",
    "plugins",
    "diagnostics",
    "metrics",
    "healthz",
    "1795360000",
    "9" * 30,
    "-1",
]
texts = st.text(max_size=30)
segments = st.sampled_from(SEGMENTS) | texts.map(lambda text: quote(text, safe=""))
paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts)) | st.sampled_from(
    [
        "/v1/pipelines/quick/pause",
        "/v1/pipelines/quick/resume",
        "/v1/pipelines/hang/runs",
        "/v1/pipelines/quick/why",
        "/v1/pipelines/quick/preview",
        "/v1/runs",
        "/v1/runs/1795360000/stop",
        "/v1/audit",
        "/v1/events",
    ]
)
keys = st.sampled_from(["limit", "since", "status", "pipeline", "follow", "x"]) | texts.map(quote)
queries = st.dictionaries(keys, st.integers().map(str) | texts.map(quote), max_size=3).map(
    lambda pairs: "&".join(f"{key}={value}" for key, value in pairs.items())
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
known = st.dictionaries(
    st.sampled_from(["reason", "until", "limit", "key", "note", "sink"]),
    values | st.sampled_from(["2026-13-01", "0001-01-01T00:00:00+23:59", "now", "x" * 1001]),
    max_size=3,
)
bodies = (
    st.binary(max_size=200)
    | (values | known).map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"", b"[" * 100_000, b'{"reason": "' + b"x" * 2**20, b"\xff\xfe"])
)
headers = st.lists(
    st.sampled_from(
        [
            b"Host: x",
            b"Connection: close",
            b"Expect: 100-continue",
            b"Transfer-Encoding: chunked",
            b"Content-Length: 7",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999",
            b"Content-Encoding: gzip",
            b"Content-Type: text/plain; charset=nothing",
            b"Upgrade: websocket",
            b"Range: bytes=0-5",
            b"X-Long: " + b"y" * 9000,
            b"no colon",
        ]
    )
    | st.binary(max_size=40),
    max_size=4,
)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    installed = Daemon(tmp_path_factory.mktemp("fuzz"), argv=SCRIPTED)
    installed.pipeline("quick")
    installed.pipeline("hang")
    with installed:
        yield installed


def say(path: Path, raw: bytes, *, half: bool = False) -> bytes:
    """Send bytes; return the beginning of what comes back, at the latest when nothing more does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(str(path))
        try:
            client.sendall(raw)
            if half:
                return b""
            client.shutdown(socket.SHUT_WR)
            return client.recv(2**16)
        except (ConnectionError, TimeoutError):
            return b""


def in_words(answer: bytes) -> None:
    """An answer is a status that is no failure of the daemon's, and says what was wrong."""
    if not answer:
        return
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    version, status, *_ = first.split(b" ")
    assert version in (b"HTTP/1.1", b"HTTP/1.0"), answer[:200]
    assert int(status) < 500, answer[:500]
    if int(status) >= 400 and b"application/json" in head and body:
        error = json.loads(body)["error"]
        assert error["code"]
        assert error["message"]
    assert not any(line.lower().startswith(b"set-cookie") for line in lines)


def memory(daemon: Daemon) -> int:
    """Return the resident bytes of the daemon."""
    assert daemon.process is not None
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors(daemon: Daemon) -> int:
    assert daemon.process is not None
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def well(daemon: Daemon) -> None:
    """The daemon answers, runs go on, and nothing unforeseen stands in its log."""
    daemon.post("/v1/pipelines/quick/resume")
    busy = "/v1/pipelines/quick"
    until(lambda: daemon.get(busy)["running"] is None, "quick is free")
    assert daemon.over(daemon.run("quick"))["status"] == "done"
    for word in ("Traceback", "request_failed", "core_failed", "never retrieved"):
        assert word not in daemon.log


# What a request begins may take children: fewer examples of it than of what is refused at once.
@examples(120)
@given(st.sampled_from(METHODS), paths, queries, headers, bodies)
def ask_anything(
    daemon: Daemon, method: str, path: str, query: str, lines: list[bytes], body: bytes
) -> None:
    target = f"{path}?{query}" if query else path
    length = b"Content-Length: %d" % len(body)
    framed = any(line.lower().startswith((b"content-le", b"transfer")) for line in lines)
    head = [
        f"{method} {target} HTTP/1.1".encode(),
        b"Host: x",
        *lines,
        *([] if framed else [length]),
    ]
    in_words(say(daemon.socket, b"\r\n".join(head) + b"\r\n\r\n" + body))


@examples(80)
@given(
    st.binary(max_size=500)
    | st.sampled_from(
        [
            b"GET /v1/info HTTP/1.1\r\nHost: " + b"x" * 100_000,
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"POST /v1/pipelines/quick/pause HTTP/1.1\r\nContent-Length: 50\r\n\r\n{",
            b"\r\n" * 1000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /v1/info HTTP/1.1\r\n\r\n" * 50,
        ]
    ),
    st.booleans(),
)
def say_anything(daemon: Daemon, raw: bytes, half: bool) -> None:
    in_words(say(daemon.socket, raw, half=half))


def test_any_request_is_answered_in_words(daemon: Daemon) -> None:
    before = memory(daemon)
    ask_anything(daemon)
    well(daemon)
    assert memory(daemon) - before < MOST_GROWTH


def test_any_bytes_do_no_harm(daemon: Daemon) -> None:
    before = descriptors(daemon)
    say_anything(daemon)
    well(daemon)
    until(lambda: descriptors(daemon) <= before + 8, "connections are let go of")


def test_clients_that_never_read_and_200_at_once_keep_nobody_waiting(daemon: Daemon) -> None:
    before = memory(daemon)
    silent = []
    for number in range(40):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(str(daemon.socket))
        path = ["/v1/events", "/v1/pipelines", "/metrics", "/v1/runs?limit=10000"][number % 4]
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 20)
        silent.append(client)
    answers: list[int] = []

    def client_at_work() -> None:
        answers.extend(daemon.call("GET", "/v1/pipelines")[0] for _ in range(2))

    threads = [threading.Thread(target=client_at_work) for _ in range(200)]
    for thread in threads:
        thread.start()
    well(daemon)
    for thread in threads:
        thread.join()
    assert answers == [200] * 400
    well(daemon)
    assert memory(daemon) - before < MOST_GROWTH
    for client in silent:
        client.close()
    well(daemon)
