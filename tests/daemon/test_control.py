"""The door of the API in one process: stalled readers, previews, sockets, metrics."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from pathlib import Path

import pytest

from profexd.daemon.api import routes
from profexd.daemon.api.control import SocketUnusable, listen
from tests.daemon.process import Daemon, until
from tests.daemon.stage import Stage, run_async


def test_a_stalled_reader_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_STALLED_AFTER", 0.1)
    stage = Stage(tmp_path)

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door():
            reader, writer = await asyncio.open_unix_connection(tmp_path / "door")
            writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"hello")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            while play.core.hub.clients:
                play.core.hub.publish("pipeline", gone="x" * 100_000)
                await asyncio.sleep(0)
            writer.close()

    run_async(scene())


def test_a_preview_is_a_child_of_its_own_and_moves_no_state(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")
    stage.write("crash")

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:
            status, shown = await ask("POST", "/v1/pipelines/quick/preview")
            assert (status, len(shown["rows"])) == (200, 100)
            status, answer = await ask("POST", "/v1/pipelines/crash/preview")
            assert (status, answer["error"]["code"]) == (409, "worker_died")
            assert "exit code 9" in answer["error"]["message"]
            assert play.runs() == []
            assert play.core.supervisor.children == set()

    run_async(scene())


def test_a_request_that_is_cut_or_says_more_than_is_known_begins_no_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:
            path = "/v1/pipelines/quick/runs"
            _, writer = await asyncio.open_unix_connection(tmp_path / "door")
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{"
            writer.write(head.encode())
            await writer.drain()
            for body in ('{"sql": "SELECT 1"}', "[]", "{"):
                status, answer = await ask("POST", path, body)
                assert (status, answer["error"]["code"]) == (400, "bad_request")
            writer.close()
            await writer.wait_closed()
            assert (await ask("POST", "/v1/config/check", '{"config": ""}'))[0] == 400
            assert play.runs() == []
            assert (await ask("POST", path, "{}"))[0] == 202
            await play.settled("quick")

    run_async(scene())


def test_a_preview_whose_client_leaves_is_ended(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("stuck")

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door():
            _, writer = await asyncio.open_unix_connection(tmp_path / "door")
            writer.write(b"POST /v1/pipelines/stuck/preview HTTP/1.1\r\nHost: x\r\n\r\n")
            child = await play.child()
            writer.close()
            await child.task

    run_async(scene())


def test_a_socket_that_somebody_answers_on_is_not_taken(tmp_path: Path) -> None:
    with listen(tmp_path / "a.sock"), pytest.raises(SocketUnusable, match="another daemon answers"):
        listen(tmp_path / "a.sock")


def test_what_is_no_socket_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(SocketUnusable, match=r"cannot make the socket .*/file"):
        listen(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_path_that_is_too_long_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SocketUnusable, match="too long"):
        listen(tmp_path / ("x" * 120))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> bytes:
    """Return the answer of a TCP port, or nothing where nobody listens."""
    try:
        client = socket.create_connection(("127.0.0.1", port), 10)
    except ConnectionRefusedError:
        return b""
    with client:
        text = b""
        try:
            client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            while block := client.recv(65536):
                text += block
        except ConnectionError:
            # Nobody listens any more: the door was closed behind us.
            return b""
        return text


def test_metrics_may_be_served_over_tcp_too(tmp_path: Path) -> None:
    port = free_port()
    daemon = Daemon(tmp_path)
    daemon.write("profexd", f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
    with daemon:
        text = get(port, "/metrics")
        assert b"profexd_build_info" in text
        daemon.pipeline("one")
        until(lambda: "one" in daemon.names())
        daemon.over(daemon.run("one"))
        text = get(port, "/metrics")
        assert b'profexd_run_total{outcome="done",pipeline="one"} 1.0' in text
        assert b"_created" not in text
        assert b" 404 " in get(port, "/v1/pipelines")


def test_the_address_of_metrics_follows_the_files(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    with Daemon(tmp_path) as daemon:
        for port in (first, second):
            daemon.write("profexd", f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
            until(lambda port=port: b"profexd_build_info" in get(port, "/metrics"))
        assert get(first, "/metrics") == b""
        daemon.write("profexd", "")
        until(lambda: get(second, "/metrics") == b"")
        with socket.create_server(("127.0.0.1", first)):
            daemon.write("profexd", f'[metrics]\nlisten = "127.0.0.1:{first}"\n')
            until(lambda: f"cannot listen on 127.0.0.1:{first}" in daemon.log)
        assert daemon.answers()


def test_a_socket_that_is_removed_is_made_anew(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        for remove in (daemon.socket.unlink, lambda: shutil.rmtree(daemon.socket.parent)):
            remove()
            until(daemon.socket.is_socket)
            until(daemon.answers)
        assert "made anew" in daemon.log


def test_the_log_of_a_waiting_run_can_be_followed_to_its_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door():
            run = await play.run_now("quick")
            reader, writer = await asyncio.open_unix_connection(tmp_path / "door")
            writer.write(f"GET /v1/runs/{run.run_id}/log?follow=1 HTTP/1.0\r\n\r\n".encode())
            _, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            messages = [json.loads(line)["message"] for line in body.splitlines()]
            assert messages[0] == "started (manual by tester)"
            assert messages[-2:] == ["one value was cut", "done: 3 rows, 5 bytes"]

    run_async(scene())
