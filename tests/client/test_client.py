"""The client against a socket that answers with shapes, refusals and rubbish."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profexd.client import ApiError, Client, Unreachable, connect
from tests.client import shapes
from tests.client.double import DaemonDouble, Lines, Raw

HELLO = {"type": "hello", "seq": 4, "at": "2026-11-22T12:00:00Z", "boot_id": "b1"}


@pytest.mark.parametrize(
    ("route", "answer", "call"),
    [
        ("GET /v1/info", shapes.info(), lambda c: c.info()),
        ("GET /v1/pipelines", [shapes.pipeline()], lambda c: c.pipelines()),
        ("GET /v1/pipelines/a", shapes.pipeline("a"), lambda c: c.pipeline("a")),
        ("GET /v1/runs?limit=50", [shapes.run()], lambda c: c.runs()),
        ("GET /v1/runs?pipeline=a&status=done&limit=3", [], lambda c: c.runs("a", "done", 3)),
        ("GET /v1/runs/17", shapes.run("17"), lambda c: c.run("17")),
        ("POST /v1/runs/17/stop", shapes.run("17"), lambda c: c.stop("17")),
        ("POST /v1/pipelines/a/runs", shapes.run(), lambda c: c.run_now("a")),
        ("POST /v1/pipelines/a/resume", shapes.pipeline("a"), lambda c: c.resume("a")),
        ("POST /v1/config/check", {"ok": True, "problems": []}, lambda c: c.check()),
        ("POST /v1/config/reload", {"ok": True, "problems": []}, lambda c: c.reload()),
        ("GET /v1/config", {"directory": "/etc/profexd"}, lambda c: c.config()),
        ("GET /v1/plugins", [], lambda c: c.plugins()),
        ("GET /v1/pipelines/a/config", {"values": []}, lambda c: c.effective("a")),
        ("GET /v1/diagnostics", {"clients": 1}, lambda c: c.diagnostics()),
        ("GET /v1/trends", {"a": []}, lambda c: c.trends()),
        ("GET /metrics", "profexd_running 0\n", lambda c: c.metrics()),
    ],
)
def test_each_call_asks_its_path_and_returns_the_answer(
    daemon: DaemonDouble, client: Client, route: str, answer: Any, call: Callable[[Client], Any]
) -> None:
    daemon.routes[route] = (200, answer)
    assert call(client) == answer


def test_pause_sends_the_reason_and_the_end(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["POST /v1/pipelines/a/pause"] = (200, shapes.pipeline("a"))
    client.pause("a", "maintenance", "2026-12-01T00:00:00Z")
    assert daemon.requests[0].body == {"reason": "maintenance", "until": "2026-12-01T00:00:00Z"}


def test_preview_sends_the_limit(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["POST /v1/pipelines/a/preview"] = (200, {"rows": []})
    assert client.preview("a", 7)["rows"] == []
    assert daemon.requests[0].body == {"limit": 7}


def test_a_name_cannot_leave_its_place_in_the_path(daemon: DaemonDouble, client: Client) -> None:
    with pytest.raises(ApiError):
        client.pipeline("../runs?x=1")
    assert daemon.requests[0].path == "/v1/pipelines/..%2Fruns%3Fx%3D1"


def test_a_refusal_carries_status_code_message_and_hint(
    daemon: DaemonDouble, client: Client
) -> None:
    daemon.routes["POST /v1/pipelines/a/runs"] = shapes.refusal(
        409, "paused", "a is paused by root", "profexctl resume a"
    )
    with pytest.raises(ApiError) as caught:
        client.run_now("a")
    error = caught.value
    assert (error.status, error.code) == (409, "paused")
    assert (error.message, error.hint) == ("a is paused by root", "profexctl resume a")


def test_a_refusal_without_the_agreed_shape_is_still_an_api_error(
    daemon: DaemonDouble, client: Client
) -> None:
    daemon.routes["GET /v1/info"] = (500, "Internal Server Error")
    with pytest.raises(ApiError, match="500: Internal Server Error"):
        client.info()


def test_no_socket_is_told_from_a_socket_nobody_listens_on(tmp_path: Path) -> None:
    path = tmp_path / "profexd.sock"
    with pytest.raises(Unreachable) as caught:
        connect(path).info()
    assert caught.value.reason == "no_socket"
    assert "systemctl status profexd" in caught.value.hint
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with pytest.raises(Unreachable) as caught:
        connect(path).info()
    assert caught.value.reason == "refused"


def test_a_socket_name_too_long_for_the_system_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot connect"):
        connect(tmp_path / ("x" * 200) / "profexd.sock").info()


def test_permission_is_told_with_the_group_to_join(
    daemon: DaemonDouble, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() == 0:  # root may use every socket: let the system refuse instead
        monkeypatch.setattr(socket.socket, "connect", _refuse)
    else:
        daemon.socket.chmod(0)
    with pytest.raises(Unreachable) as caught:
        client.info()
    assert caught.value.reason == "permission"
    assert "group profexd" in caught.value.hint


def _refuse(self: socket.socket, address: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    "rubbish", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno!"]
)
def test_an_answer_that_is_not_ours_is_a_protocol_error(
    daemon: DaemonDouble, client: Client, rubbish: bytes
) -> None:
    daemon.routes["GET /v1/info"] = (200, Raw(rubbish))
    with pytest.raises(Unreachable) as caught:
        client.info()
    assert caught.value.reason == "protocol"


@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"])
def test_an_answer_that_breaks_off_is_a_lost_connection(
    daemon: DaemonDouble, client: Client, cut: bytes
) -> None:
    daemon.routes["GET /v1/info"] = (200, Raw(cut))
    with pytest.raises(Unreachable) as caught:
        client.info()
    assert caught.value.reason == "lost"


def test_a_daemon_that_does_not_know_what_is_asked_is_of_another_version(
    daemon: DaemonDouble, client: Client
) -> None:
    message = "POST /v1/pipelines/a/why: Not Found"
    error = {"code": "not_found", "message": message, "hint": ""}
    daemon.routes["POST /v1/pipelines/a/why"] = (404, {"error": error})
    with pytest.raises(Unreachable) as caught:
        client.why("a", "p1")
    assert caught.value.reason == "version"
    assert "does not know POST /v1/pipelines/a/why" in caught.value.message


def test_a_stream_yields_each_line_and_ends(daemon: DaemonDouble, client: Client) -> None:
    lines = [{"at": "2026-11-22T12:00:00Z", "level": "info", "message": str(n)} for n in range(500)]
    daemon.routes["GET /v1/runs/17/log"] = (200, Lines(lines))
    assert list(client.log("17")) == lines


def test_an_empty_log_is_an_empty_stream(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["GET /v1/runs/17/log"] = (200, "")
    assert list(client.log("17")) == []


def test_follow_and_since_are_asked_for(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["GET /v1/runs/17/log?follow=1"] = (200, Lines([]))
    daemon.routes["GET /v1/events?since=41"] = (200, Lines([]))
    assert list(client.log("17", follow=True)) == []
    assert list(client.events(41)) == []


def test_a_refused_stream_raises_before_it_is_read(daemon: DaemonDouble, client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.log("17")
    assert caught.value.status == 404


def test_closing_a_stream_ends_a_reader_in_another_thread(
    daemon: DaemonDouble, client: Client
) -> None:
    daemon.routes["GET /v1/events"] = (200, Lines([HELLO], hold=True))
    events = client.events()
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.extend(events))
    reader.start()
    assert daemon.held.wait(10)
    events.close()
    reader.join(10)
    assert not reader.is_alive()
    assert seen in ([], [HELLO])
    assert list(events) == []


def test_a_stream_may_be_closed_unread_and_twice(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["GET /v1/events"] = (200, Lines([HELLO], hold=True))
    events = client.events()
    events.close()
    events.close()
    assert list(events) == []


def test_a_daemon_that_dies_loses_the_stream(daemon: DaemonDouble, client: Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    daemon.routes["GET /v1/events"] = (200, Raw(head + b'b\r\n{"seq": 1}\n\r\n'))
    events = client.events()
    assert next(events)["seq"] == 1
    with pytest.raises(Unreachable) as caught:
        next(events)
    assert caught.value.reason == "lost"


def test_a_line_that_is_no_json_is_a_protocol_error(daemon: DaemonDouble, client: Client) -> None:
    daemon.routes["GET /v1/events"] = (200, "oops\n")
    with pytest.raises(Unreachable) as caught:
        next(client.events())
    assert caught.value.reason == "protocol"


def test_one_client_serves_many_threads(daemon: DaemonDouble, client: Client) -> None:
    for number in range(20):
        daemon.routes[f"GET /v1/runs/{number}"] = (200, shapes.run(str(number)))
    seen: dict[int, str] = {}

    def ask(number: int) -> None:
        seen[number] = client.run(str(number))["run_id"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: str(number) for number in range(20)}
