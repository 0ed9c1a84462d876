"""An installation of its own: configuration, warehouse, daemon, and a look at its run state."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from profexd.client import Client, ClientError, connect
from profexd.torture import strikes
from profexd.torture.promises import Promise
from profexd.wire import RunJson

Found = TypeVar("Found")

PATIENCE = 120.0
_STEP = 0.03

_SETTINGS = """\
shutdown_grace = "10s"

[limits]
memory = "300MB"
threads = 1

[spool]
keep = "1h"
max_size = "60MB"

[signing]
key = { file = "%s" }

[defaults.retry]
backoff = "1s"
"""

_SOURCES = {
    "customers": """\
type = "duckdb"
database = {database}
table = "customers"
[profiles]
key = "id"
""",
    "events": """\
type = "duckdb"
database = {database}
table = "events"
kind = "events"
[events]
name = "event_name"
time = "event_time"
""",
    "bulk": """\
type = "duckdb"
database = {database}
query = '''
SELECT i, sha256(concat(i, ' ', g.n)) AS hash, g.n AS generation
FROM generation g, range({rows}) r(i)
'''
[profiles]
key = "i"
""",
}


class Stuck(Exception):
    """Something did not happen in time."""


class Cut(Exception):
    """Nobody wants to wait any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The run state in one look."""

    states: dict[str, dict[str, Any]]
    last_done: dict[str, str]
    handles: int
    spooled: set[str]
    """The done runs whose files are kept in the spool."""


class Site:
    """Everything below one folder; the daemon is started and killed at will."""

    def __init__(
        self, folder: Path, *, sinks: Mapping[str, str], promises: Sequence[Promise], rows: int
    ) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.state = folder / "state"
        self.spool = folder / "spool"
        self.strikes = folder / "strikes"
        self.log = folder / "daemon.log"
        self.database = folder / "warehouse.duckdb"
        self._socket = folder / "s"
        self._daemon: subprocess.Popen[bytes] | None = None
        self.client: Client = connect(self._socket)
        self.cut = threading.Event()
        """Set from another thread: whoever waits here gives up."""
        for kind in ("sources", "sinks", "pipelines"):
            (self.config / kind).mkdir(parents=True)
        self.strikes.mkdir()
        key = folder / "signing_key"
        self.signer = make_key(key)
        self.write("profexd.toml", _SETTINGS % key)
        for name, text in _SOURCES.items():
            filled = text.format(database=json.dumps(str(self.database)), rows=rows)
            self.write(f"sources/{name}.toml", filled)
        for name, text in sinks.items():
            self.write(f"sinks/{name}.toml", text)
        for promise in promises:
            self.write(f"pipelines/{promise.name}.toml", promise.toml())

    def write(self, name: str, text: str) -> None:
        """Write a file of the configuration; it may hold secrets."""
        path = self.config / name
        temporary = path.with_name(path.name + ".tmp")
        temporary.touch(0o600)
        temporary.write_text(text)
        temporary.rename(path)

    def remove(self, name: str) -> None:
        """Remove a file of the configuration."""
        (self.config / name).unlink()

    # The daemon

    @property
    def running(self) -> bool:
        """Whether the daemon's process is alive."""
        return self._daemon is not None and self._daemon.poll() is None

    def start(self) -> None:
        """Start the daemon; returns at once."""
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                self._serving(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ(),
            )

    def export(self, name: str) -> None:
        """Run a pipeline in a process of its own, as there is no daemon; returns at its end."""
        assert not self.running
        with self.log.open("ab") as log, suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*self._serving(), name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ(),
                timeout=PATIENCE,
            )

    def _serving(self) -> list[str]:
        folders = (self.config, self.state, self.spool, self._socket)
        return [sys.executable, "-m", "profexd.torture.serving", *map(str, folders)]

    def _environ(self) -> dict[str, str]:
        return {**os.environ, strikes.FOLDER: str(self.strikes)}

    def answers(self) -> bool:
        """Whether the daemon answers."""
        try:
            self.client.info()
        except ClientError:
            return False
        return True

    def kill(self) -> None:
        """End the daemon as a power failure would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()

    def stop(self) -> int:
        """End the daemon as systemd would; returns its exit code."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGTERM)
        try:
            return self._daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Stuck(f"the daemon did not end within {PATIENCE:g} s of SIGTERM") from None

    def until(
        self, look: Callable[[], Found | None], what: str, seconds: float = PATIENCE
    ) -> Found:
        """Look until there is something; Stuck where there never is, Cut where it is cut off."""
        deadline = time.monotonic() + seconds
        while True:
            if self.cut.is_set():
                raise Cut
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise Stuck(f"waited {seconds:g} s in vain until {what}")
            time.sleep(_STEP)

    def runs(self, after: int, limit: int = 20) -> list[RunJson] | None:
        """Return the runs whose id is greater, oldest first; None where nobody answers."""
        try:
            found = self.client.runs(limit=limit)
        except ClientError:
            return None
        return sorted(
            (run for run in found if int(run["run_id"]) > after), key=lambda run: int(run["run_id"])
        )

    # What it leaves on its own disk

    def spooled(self) -> list[str]:
        """Return what is in the spool."""
        return sorted(path.name for path in self.spool.iterdir()) if self.spool.is_dir() else []

    def kept(self, name: str) -> list[str]:
        """Return the files that are kept for a pipeline's state."""
        folder = self.state / "kept" / name
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def recorded(self) -> Recorded:
        """Look into the run state, whether a daemon is alive or not."""
        uri = f"file:{self.state / 'profexd.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as database:
            database.execute("BEGIN")
            states = database.execute("SELECT name, state FROM states").fetchall()
            done = database.execute(
                "SELECT pipeline, max(run_id) FROM runs WHERE status = 'done'"
                " AND origin IS NULL GROUP BY pipeline"
            ).fetchall()
            spooled = database.execute(
                "SELECT run_id FROM runs WHERE status = 'done' AND spooled = 1"
            ).fetchall()
            (handles,) = database.execute("SELECT count(*) FROM handles").fetchone()
        return Recorded(
            states={name: json.loads(state) for name, state in states},
            last_done={name: str(run_id) for name, run_id in done},
            handles=handles,
            spooled={str(run_id) for (run_id,) in spooled},
        )


def make_key(path: Path) -> str:
    """Make a key that signs manifests; return its public half."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    path.touch(0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return public.decode()
