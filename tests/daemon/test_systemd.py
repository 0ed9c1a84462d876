"""What systemd hears from a daemon, on a real notification socket."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.daemon.life.systemd import Notifier
from tests.daemon.process import Daemon


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(20)
    yield listening
    listening.close()


def hear(manager: socket.socket, wanted: str) -> dict[str, str]:
    """Wait for a datagram with this assignment."""
    while True:
        lines = manager.recv(4096).decode().splitlines()
        heard = dict(line.split("=", 1) for line in lines)
        if wanted in lines:
            return heard


def test_ready_reloading_alive_and_stopping_are_told(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with Daemon(tmp_path / "site") as daemon:
        ready = hear(manager, "READY=1")
        assert ready["STATUS"] == "0 pipelines, 0 running, 0 failing"
        hear(manager, "WATCHDOG=1")
        daemon.signal(signal.SIGHUP)
        assert int(hear(manager, "RELOADING=1")["MONOTONIC_USEC"]) > 0
        hear(manager, "READY=1")
        daemon.signal(signal.SIGTERM)
        hear(manager, "STOPPING=1")
        assert daemon.wait() == 0


def test_nobody_is_told_where_nobody_asked() -> None:
    notifier = Notifier({})
    assert not notifier.supervised
    notifier.ready("ok")


def test_a_manager_that_is_gone_harms_nothing(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notifier.extend(3)
    notifier.stopping("bye")


def test_an_abstract_socket_is_understood() -> None:
    name = f"profexd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready("ok")
        assert listening.recv(100) == b"READY=1\nSTATUS=ok"
