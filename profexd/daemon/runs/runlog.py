"""The log of each run: a file of JSON lines under the state directory, followed as it grows."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from profexd.daemon.state.records import rfc3339
from profexd.wire import LogLineJson

_LEVELS = ("debug", "info", "warning", "error")
_MOST_BYTES = 20 * 2**20


class RunLogs:
    """Writes and reads ``<directory>/<run id>.log``; a file is open from first line to ``end``."""

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._now = now
        self._open: dict[str, IO[bytes]] = {}
        self._expected: set[str] = set()
        self._grew: dict[str, list[asyncio.Event]] = {}

    def expect(self, run_id: str) -> None:
        """Say that the run is yet to begin, so that a reader waits for its lines."""
        self._expected.add(run_id)

    def begin(self, run_id: str) -> None:
        """Say that lines come from now on, and open the file."""
        if run_id not in self._open:
            fd = os.open(self._path(run_id), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            self._open[run_id] = os.fdopen(fd, "ab", buffering=0)

    def write(self, run_id: str, level: str, message: str) -> None:
        """Append one line. A log that cannot be written never harms its run."""
        line: LogLineJson = {
            "at": rfc3339(self._now()),
            "level": level if level in _LEVELS else "info",  # type: ignore[typeddict-item]
            "message": message,
        }
        was_open = run_id in self._open
        try:
            self.begin(run_id)
            stream = self._open[run_id]
            if stream.tell() < _MOST_BYTES:
                stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError:
            pass
        if not was_open:
            self._close(run_id)
        self._wake(run_id)

    def end(self, run_id: str) -> None:
        """Say that no more lines come."""
        self._expected.discard(run_id)
        self._close(run_id)
        self._wake(run_id)

    def close(self) -> None:
        """Close every file."""
        for run_id in [*self._open, *self._expected]:
            self.end(run_id)

    def remove(self, run_id: str) -> None:
        """Remove the log of a run that is forgotten."""
        self._path(run_id).unlink(missing_ok=True)

    def names(self) -> frozenset[str]:
        """Return the ids of all runs that have a log."""
        return frozenset(
            name for path in self._directory.glob("*.log") if (name := path.stem).isdigit()
        )

    async def read(self, run_id: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield blocks of whole lines; with ``follow`` until the run has ended."""
        grew = asyncio.Event()
        self._grew.setdefault(run_id, []).append(grew)
        offset = 0
        try:
            while True:
                grew.clear()
                ended = run_id not in self._open and run_id not in self._expected
                while block := self._block(run_id, offset):
                    offset += len(block)
                    yield block
                if ended or not follow:
                    return
                await grew.wait()
        finally:
            self._grew[run_id].remove(grew)
            if not self._grew[run_id]:
                del self._grew[run_id]

    def _block(self, run_id: str, offset: int) -> bytes:
        try:
            with self._path(run_id).open("rb") as stream:
                stream.seek(offset)
                block = stream.read(2**18)
        except OSError:
            return b""
        return block[: block.rfind(b"\n") + 1]

    def _close(self, run_id: str) -> None:
        stream = self._open.pop(run_id, None)
        if stream is not None:
            stream.close()

    def _wake(self, run_id: str) -> None:
        for event in self._grew.get(run_id, ()):
            event.set()

    def _path(self, run_id: str) -> Path:
        return self._directory / f"{run_id}.log"
