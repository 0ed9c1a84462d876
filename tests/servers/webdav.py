"""A WebDAV server: rclone's, over a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import free_ports, listens, program, running


@dataclass(frozen=True)
class WebDavServer:
    """Its URL and the folder that it serves."""

    url: str
    root: Path
    username: str = "u"
    password: str = "a-password"


@pytest.fixture(scope="module")
def webdav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDavServer]:
    """Serve an empty folder, and no longer than needed: idle it takes a fifth of a core."""
    folder = tmp_path_factory.mktemp("webdav")
    root = folder / "root"
    root.mkdir()
    (port,) = free_ports(1)
    server = WebDavServer(f"http://127.0.0.1:{port}", root)
    command = [
        program("rclone"), "serve", "webdav", "--addr", f"127.0.0.1:{port}", "--dir-cache-time",
        "0s", "--user", server.username, "--pass", server.password, root,
    ]  # fmt: skip
    with running(
        command,
        log=folder / "log",
        healthy=lambda: listens(port),
        environ={"RCLONE_CONFIG": "/dev/null"},
    ):
        yield server
