"""The sftp sink keeps the contract of sinks, at OpenSSH's sshd."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.api import Secret
from profexd.testing.sinks import SinkBench, SinkConformance
from profexd_sinks.sftp import SftpSink
from tests.servers.process import free_ports
from tests.servers.sshd import Sshd
from tests.sftp.sending import options


def bench_of(server: Sshd, folder: str, **keys: str) -> SinkBench:
    root = server.home / folder

    def read(target: str) -> bytes | None:
        path = root / target
        return path.read_bytes() if path.is_file() else None

    return SinkBench(
        sink=SftpSink,
        options=options(server, folder, **keys),
        read=read,
        leftovers=lambda: [
            name for name in server.files(folder) if Path(name).name.startswith(".")
        ],
        denied=options(server, folder, password=Secret("literal", "not-the-password")),
        unreachable=options(server, folder, port=free_ports(1)[0]),
    )


class TestBesideTheTarget(SinkConformance):
    @pytest.fixture
    def bench(self, server: Sshd, folder: str) -> SinkBench:
        return bench_of(server, folder)


class TestInATemporaryDirectory(SinkConformance):
    @pytest.fixture
    def bench(self, server: Sshd, folder: str) -> SinkBench:
        return bench_of(server, folder, temporary_directory=f"{folder}/wait/here")
