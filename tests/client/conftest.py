"""A stand-in for the daemon, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.client import Client, connect
from tests.client.double import DaemonDouble


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonDouble]:
    with DaemonDouble(tmp_path / "profexd.sock") as double:
        yield double


@pytest.fixture
def client(daemon: DaemonDouble) -> Client:
    return connect(daemon.socket)
