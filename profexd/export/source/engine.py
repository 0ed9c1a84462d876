"""What the errors of DuckDB mean."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from profexd.api.errors import DiskFull, QueryFailed, SourceMissing

if TYPE_CHECKING:
    from profexd.export.stop import Stop

_OUT_OF_ROOM = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "max_temp_directory_size",
)
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a file can grow no more."""


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
