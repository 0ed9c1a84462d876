"""The files that DuckDB writes into: each is a part, and a path of a file system of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Protocol

import duckdb
from fsspec import AbstractFileSystem  # type: ignore[import-untyped]


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

    cachable = False

    def __init__(self, prefix: str) -> None:
        """Make one whose paths begin with ``prefix``, which ends in ``://``."""
        super().__init__()
        self.protocol = prefix.removesuffix("://")
        self.prefix = prefix
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
