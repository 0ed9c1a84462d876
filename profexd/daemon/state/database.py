"""The database of the run state: opened safely, written in transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from profexd.api.errors import Permanent
from profexd.daemon.state.schema import migrate


class StoreUnusable(Permanent):
    """The run state cannot be opened, read or written."""

    code = "state_unusable"


class Database:
    """One SQLite file; what it writes the disk has when a method that writes returns."""

    def __init__(self, path: Path) -> None:
        try:
            # SQLite gives its journal the mode of the database, so the first file decides.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as why:
            raise _unusable(path, why) from why
        try:
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            migrate(self._db, path)
        except (RuntimeError, OSError, sqlite3.Error) as why:
            self._db.close()
            raise _unusable(path, why) from why
        self._after: list[Callable[[], None]] = []

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes within the block one; a block within a block joins it."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._after = []
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # Where its disk is full SQLite may have rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        for do in self._after:
            do()

    def then(self, do: Callable[[], None]) -> None:
        """Do it once the transaction is committed, or now where there is none."""
        if self._db.in_transaction:
            self._after.append(do)
        else:
            do()


def text_of(instant: datetime | None) -> str | None:
    """Return an instant in one width, so that the order of texts is that of time."""
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="microseconds")


def instant_of(text: str | None) -> datetime | None:
    """Return the instant that ``text_of`` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def _unusable(path: Path, why: Exception) -> StoreUnusable:
    return StoreUnusable(
        f"cannot use the run state in {path}: {why}",
        hint="make room on its disk, or restore the file from a backup",
    )
