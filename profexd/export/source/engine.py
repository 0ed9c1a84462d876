"""Where DuckDB and profexd meet: files that DuckDB writes into, and what its errors mean."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from profexd.api.errors import DiskFull, QueryFailed, SourceMissing

if TYPE_CHECKING:
    from profexd.export.stop import Stop

_PROTOCOL = "profexd-part"
_OUT_OF_ROOM = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "max_temp_directory_size",
)
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a file can grow no more."""


class Writable(Protocol):
    """What takes the bytes of a file: a part, or a file that is kept."""

    def write(self, data: bytes | memoryview) -> int: ...


class _PartFile:
    """A file object that DuckDB writes into; it keeps the exception that a part raised."""

    def __init__(self, part: Writable) -> None:
        self._part = part
        self._written = 0
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self._part.write(data)
            except BaseException as error:
                self.error = error
                raise
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None: ...

    def close(self) -> None: ...


class PartFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The file system that ``COPY … TO`` writes into: each path is one part, open once."""

    protocol = _PROTOCOL
    cachable = False
    prefix = f"{_PROTOCOL}://"

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[str, Writable] = {}
        self._files: dict[str, _PartFile] = {}
        self._numbers = count()

    @contextmanager
    def naming(self, part: Writable) -> Iterator[str]:
        """Yield the path of ``part``; raise what the part itself raised while it was written."""
        path = f"{self.prefix}{next(self._numbers)}"
        self._parts[path] = part
        try:
            yield path
        except duckdb.Error:
            file = self._files.get(path)
            if file is not None and file.error is not None:
                raise file.error from None
            raise
        finally:
            del self._parts[path]
            self._files.pop(path, None)

    def open(self, path: str, mode: str = "rb", **options: Any) -> _PartFile:
        if path not in self._parts or "w" not in mode:
            raise FileNotFoundError(path)
        self._files[path] = _PartFile(self._parts[path])
        return self._files[path]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        raise FileNotFoundError(path)

    def isfile(self, path: str) -> bool:
        return False

    def clear(self) -> None:
        """Forget all parts."""
        self._parts.clear()
        self._files.clear()


def first_line(error: BaseException) -> str:
    """Return what the engine said, without the statement it quotes."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def failing(source: str, *, stop: Stop, folder: Path) -> Iterator[None]:
    """Turn what DuckDB raises within the block into an error of ours.

    That is Stopped, DiskFull (``folder`` is where DuckDB spills), SourceMissing or QueryFailed.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        # An Arrow stream reports some of the engine's errors, and an interrupt, as OSError without
        # a number; one with a number comes from the part that was written.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        stop.check()
        raise _meaning(error, source, folder) from error


def _meaning(error: BaseException, source: str, folder: Path) -> Exception:
    said = first_line(error)
    if any(words in str(error) for words in _OUT_OF_ROOM) or "max_temp_directory_size" in str(
        error
    ):
        return DiskFull(
            f"{folder}: no room to spill what does not fit in memory ({said})",
            hint="make room for the spool, move it, or raise limits.memory",
        )
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory" in said:
        return QueryFailed(
            f"source {source}: the query needs more memory than limits.memory allows: {said}",
            hint="raise limits.memory, or lower limits.threads",
        )
    if isinstance(error, duckdb.IOException) and "No files found" in said:
        return SourceMissing(f"source {source}: {said}", hint="correct the files the query reads")
    if isinstance(error, duckdb.PermissionException):
        return QueryFailed(
            f"source {source}: {said}",
            hint="a table source reads nothing but its database; use query to read files",
        )
    return QueryFailed(
        f"source {source}: the query failed: {said}",
        hint="run the source's query in DuckDB to see where",
    )
