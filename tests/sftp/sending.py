"""What tests of the sftp sink share: a sink for a server, and files to deliver."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from profexd.api import Secret, SinkContext, SpooledFile, Staged
from profexd_sinks.sftp import SftpSink
from profexd_sinks.sftp_options import SftpOptions
from tests.servers.sshd import PASSWORD, Sshd

CONTENT = b"id,name\n1,Ada\n"


def spooled(folder: Path, content: bytes = CONTENT) -> SpooledFile:
    """Return a built part."""
    path = folder / f"part-{len(content)}"
    path.write_bytes(content)
    return SpooledFile(
        path=path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=1,
        media_type="text/csv",
    )


def options(server: Sshd, root: str, **keys: Any) -> SftpOptions:
    """Return options that log in by password and know the server, unless ``keys`` say else."""
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": server.user,
        "password": Secret("literal", PASSWORD),
        "host_key": server.line(),
        "root": root,
        "timeout": 10.0,
        "connect_timeout": 10.0,
    }
    return SftpOptions(**{**defaults, **keys})


@dataclass
class Told:
    """What a sink told profexd."""

    journaled: list[Staged] = field(default_factory=list)
    sent: int = 0

    def progress(self, sent: int) -> None:
        self.sent += sent


def sink(
    server: Sshd, root: str, *, create_only: bool = False, told: Told | None = None, **keys: Any
) -> SftpSink:
    """Return the sink as profexd makes it for run 77."""
    told = told or Told()
    context = SinkContext(
        run_id="77",
        create_only=create_only,
        reveal=lambda secret: secret.value,
        journal=told.journaled.append,
        progress=told.progress,
    )
    return SftpSink(options(server, root, **keys), context)
