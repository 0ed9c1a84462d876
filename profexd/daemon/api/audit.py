"""The audit log: who asked for what and what came of it, as JSON lines in the state directory."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from profexd.daemon.state.records import rfc3339
from profexd.wire import AuditJson

log = logging.getLogger(__name__)

_FILE_BYTES = 16 * 2**20
_MOST_FILES = 16
_LONGEST = 1000
"""Characters of one detail."""
_MOST_READ = 1000


class AuditLog:
    """Appends lines to ``<directory>/<time>.jsonl``; a new file each month, and when one is full.

    What cannot be written is told in the log of the daemon, and done all the same: a full disk
    must not keep anybody from stopping a run.
    """

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._now = now

    def write(
        self,
        *,
        user: str,
        uid: int,
        role: str,
        action: str,
        about: str,
        code: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Append one line; ``code`` says why it was refused."""
        now = self._now()
        line: AuditJson = {
            "at": rfc3339(now),
            "user": user,
            "uid": uid,
            "role": role,
            "action": action,
            "object": about[:_LONGEST],
            "result": "denied" if code == "denied" else "refused" if code else "ok",
            "code": code,
            "details": {key: value[:_LONGEST] for key, value in (details or {}).items()},
        }
        try:
            path = self._current(now)
            fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, json.dumps(line, ensure_ascii=False).encode() + b"\n")
            finally:
                os.close(fd)
        except OSError as why:
            log.error(  # noqa: TRY400 - a full disk is no mistake of ours
                "audit_not_written", extra={"error": str(why), "audit": json.dumps(line)}
            )

    def last(self, limit: int) -> list[AuditJson]:
        """Return the last lines, newest first."""
        found: list[AuditJson] = []
        for line in self._backwards():
            if len(found) >= min(limit, _MOST_READ):
                break
            found.append(line)
        return found

    def prune(self, keep: float) -> None:
        """Remove files that were last written to more than ``keep`` seconds ago, or too many."""
        files = self._files()
        oldest = (self._now() - timedelta(seconds=keep)).timestamp()
        for path in files[:-_MOST_FILES]:
            path.unlink(missing_ok=True)
        for path in files[-_MOST_FILES:]:
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("*.jsonl"))

    def _current(self, now: datetime) -> Path:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        files = self._files()
        if files and files[-1].name.startswith(f"{now:%Y-%m}"):
            if files[-1].stat().st_size < _FILE_BYTES:
                return files[-1]
            for path in files[: -_MOST_FILES + 1]:
                path.unlink(missing_ok=True)
        return self._directory / f"{now:%Y-%m-%dT%H%M%S.%f}.jsonl"

    def _backwards(self) -> Iterator[AuditJson]:
        for path in reversed(self._files()):
            try:
                lines = path.read_bytes().splitlines()
            except FileNotFoundError:
                continue
            for line in reversed(lines):
                try:
                    yield json.loads(line)
                except ValueError:
                    # A crash may have cut the last line of a file.
                    continue
