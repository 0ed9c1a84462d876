"""The state and spool directories: private, made when absent, held by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from pathlib import Path

from profexd.api.errors import Permanent


class DirectoryRefused(Permanent):
    """A directory cannot be used, or lets others in."""

    code = "directory_refused"


class Held(Permanent):
    """Another process holds the state directory."""

    code = "daemon_running"

    def __init__(self, message: str, *, kind: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


def private_directory(path: Path) -> None:
    """Make ``path`` with mode 0700 where it is absent; refuse one that lets others in."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as why:
        raise DirectoryRefused(
            f"cannot use {path}: {why.strerror}",
            hint="make the directory, or name another with --state or --spool",
        ) from why
    _refuse_foreign(path, status.st_uid, path)
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise DirectoryRefused(
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: others may enter, and it holds "
            "customers' data",
            hint=f"chmod 0700 {path}",
        )


def _refuse_foreign(path: Path, owner: int, directory: Path) -> None:
    if owner != os.geteuid():
        raise DirectoryRefused(
            f"{path} belongs to user {owner}, and profexd runs as {os.geteuid()}",
            hint=f"run it as that user, or: chown -R {os.geteuid()} {directory}",
        )


def private_files(directory: Path) -> None:
    """Refuse a directory with a file that others may read, or that somebody else made."""
    for path in directory.iterdir():
        try:
            status = path.lstat()
        except FileNotFoundError:
            # SQLite's own files come and go while another process has the store open.
            continue
        _refuse_foreign(path, status.st_uid, directory)
        if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077:
            raise DirectoryRefused(
                f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: others may read it, and it "
                "holds run state",
                hint=f"chmod 0600 {path}",
            )


class Lock:
    """The state directory's lock: the kernel frees it when the process ends, however it ends."""

    def __init__(self, state: Path, kind: str, *, hint: str) -> None:
        self._path = state / "lock"
        self._hint = hint
        self._kind = kind
        self._fd = -1

    def take(self) -> None:
        """Take it, or raise Held with the kind and the process that has it."""
        fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            kind, pid = self._holder(fd)
            os.close(fd)
            raise Held(
                f"{self._path.parent} is held by another profexd ({kind}, process {pid})",
                kind=kind,
                hint=self._hint,
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"kind": self._kind, "pid": os.getpid()}).encode(), 0)
        self._fd = fd

    def wait(self, *, refuse: str, step: float = 0.1) -> None:
        """Take it as soon as it is free; Held at once where a holder of kind ``refuse`` has it."""
        while True:
            try:
                self.take()
            except Held as held:
                if held.kind == refuse:
                    raise
                time.sleep(step)
            else:
                return

    def release(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    @staticmethod
    def _holder(fd: int) -> tuple[str, int]:
        # The holder writes after it has locked: for an instant there may be nothing to read.
        for _ in range(20):
            try:
                value = json.loads(os.pread(fd, 200, 0))
                return str(value["kind"]), int(value["pid"])
            except (ValueError, KeyError, TypeError):
                time.sleep(0.01)
        return "unknown", 0
