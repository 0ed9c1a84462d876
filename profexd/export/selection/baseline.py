"""The baseline of changed rows: the file of keys and hashes that a delivered run leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from profexd.api.errors import DiskFull
from profexd.export.source.engine import NO_ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the state says of the file, and of the run that left it."""

    file: str
    """Its name in the pipeline's folder of kept files."""
    size: int
    """Its bytes: another size is another file, or half of one."""
    rows: int
    """How many rows the whole selection had."""
    key: str
    """Marks the key's column and type."""
    header: str
    """Marks names and types of the columns."""
    engine: str
    """Marks how the engine hashed."""
    run: str
    """The run that delivered it."""
    full_at: str
    """The instant of the last run that was full."""

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Baseline | None:
        """Return the baseline that the last delivered run left, if it left one."""
        value = state.get("changes")
        if value is None:
            return None
        return cls(**{field.name: value[field.name] for field in fields(cls)})

    def as_json(self) -> dict[str, Any]:
        """Return it as the state has it."""
        return asdict(self)

    @property
    def full_since(self) -> datetime:
        """The instant of the last run that was full."""
        return datetime.fromisoformat(self.full_at)

    def within(self, keep: Path) -> Path | None:
        """Return the file, or None where it is gone or not the one that was left."""
        path = keep / self.file
        try:
            return path if path.stat().st_size == self.size else None
        except FileNotFoundError:
            return None


class _File:
    """A file that only we may read; it is on the disk once it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._roomy():
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data).cast("B")
        done = 0
        with self._roomy():
            while done < len(view):
                done += os.write(self._file, view[done:])
        return done

    def close(self) -> None:
        with self._roomy():
            try:
                os.fsync(self._file)
            finally:
                os.close(self._file)

    @contextmanager
    def _roomy(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise DiskFull(
                f"cannot write {self._path}: {error.strerror}",
                hint="make room for the state directory, or move it",
            ) from error


@contextmanager
def keeping(path: Path) -> Iterator[_File]:
    """Yield a new file to write, in a folder that only we may enter.

    The state must not name what a power failure can take away: file and folder are synced.
    """
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    file = _File(path)
    try:
        yield file
    finally:
        file.close()
    for folder in (path.parent.parent, path.parent):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
