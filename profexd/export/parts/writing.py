"""The spool's writer: codec, then SHA-256 and size, then a file that only we may read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from profexd.api.errors import DiskFull, Permanent
from profexd.api.types import SpooledFile
from profexd.export.parts.rows import DuckRows
from profexd.export.parts.split import Meter, RangeFinder
from profexd.export.source.engine import NO_ROOM
from profexd.wire import FileKind

if TYPE_CHECKING:
    from profexd.api.codec import ByteStream, Codec
    from profexd.api.format import Encode, Format, Part, Result, Rows, TextBlock
    from profexd.config.model import Split


@dataclass(frozen=True, slots=True)
class BuiltPart:
    """A part in the spool and the path it will have below each sink's root."""

    path: str
    file: SpooledFile
    kind: FileKind = FileKind.DATA

    def as_json(self) -> dict[str, Any]:
        """Return it as an object of ``Built.files``."""
        return {
            "path": self.path,
            "rows": self.file.rows,
            "bytes": self.file.size,
            "sha256": self.file.sha256,
            "media_type": self.file.media_type,
            "kind": str(self.kind),
            "spooled": str(self.file.path),
        }


class _SpoolFile:
    """The end of the chain: hashes, counts and writes.

    No fsync: a part that a power failure cut is hashed before it is used again, and what makes a
    delivered file durable is the sink.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._sha256 = hashlib.sha256()
        with self._roomy():
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._open = True

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data).cast("B")
        self._sha256.update(view)
        done = 0
        with self._roomy():
            while done < len(view):
                done += os.write(self._file, view[done:])
        self.size += done
        return done

    def close(self) -> None:
        if self._open:
            self._open = False
            with self._roomy():
                os.close(self._file)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def _roomy(self) -> _Roomy:
        return _Roomy(self.path)


class _Roomy:
    """Turns "no room" within the block into DiskFull."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise DiskFull(
                f"cannot write {self._path}: {error.strerror}",
                hint="make room for the spool, or move it",
            ) from error


class SpoolPart:
    """Implements ``profexd.api.Part``: one file in the making."""

    def __init__(self, parts: SpoolParts, spooled: Path, path: str, member: str) -> None:
        self.path = path
        """Below each sink's root."""
        self._parts = parts
        self._file = _SpoolFile(spooled)
        try:
            self._stream: ByteStream = parts.codec.open(
                self._file, member=member, threads=parts.threads
            )
        except BaseException:
            self._remove()
            raise
        self.rows = 0
        self.closed = False
        self._meter = parts.meter()

    @property
    def size(self) -> int:
        """Bytes in the file so far, as they will be delivered."""
        return self._file.size

    def write(self, data: bytes | memoryview) -> int:
        if self._meter:
            self._meter.written += len(data)
        return self._stream.write(data)

    def count(self, rows: int) -> None:
        self.rows += rows

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        return self._meter.take(block, encode) if self._meter else block.rows

    def __enter__(self) -> SpoolPart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(Exception):
                # The codec's threads must end; its last bytes no longer matter.
                self._stream.close()
            self._remove()
            return
        try:
            self._stream.close()
            self._file.close()
        except BaseException:
            self._remove()
            raise
        self.closed = True
        spooled = SpooledFile(
            path=self._file.path,
            size=self._file.size,
            sha256=self._file.sha256,
            rows=self.rows,
            media_type=self._parts.media_type,
        )
        self._parts.finished.append(BuiltPart(self.path, spooled))

    def _remove(self) -> None:
        with suppress(OSError, DiskFull):
            self._file.close()
        self._file.path.unlink(missing_ok=True)


class SpoolParts:
    """Implements ``profexd.api.Parts``: opens the files of one run below ``folder``."""

    def __init__(
        self,
        folder: Path,
        *,
        codec: Codec,
        media_type: str,
        threads: int,
        split: Split | None = None,
        finished: Callable[[BuiltPart], None] = lambda part: None,
    ) -> None:
        self.codec = codec
        self.media_type = media_type
        self.threads = threads
        self.split = split
        self.finished: list[BuiltPart] = []
        self.current: SpoolPart | None = None
        self.expected: int | None = None
        """How many rows there will be, where that is known."""
        self._folder = folder
        self._tell_finished = finished
        self._told = 0
        self._meter: Meter | None = None
        self._before = 0
        self._name: Callable[[int], tuple[str, str]]

    @property
    def several(self) -> bool:
        """Whether a series may have more than one part."""
        return self.split is not None

    def series(self, format_: Format, rows: Rows, name: Callable[[int], tuple[str, str]]) -> None:
        """Have ``rows`` written as a file or, where they are split, as a series of parts.

        ``name`` gives path and member of each part by its number, from 1 on.
        """
        self.current, self._meter = None, None
        self._before, self._name = len(self.finished), name
        format_.write(rows, self)
        if len(self.finished) == self._before:
            raise Permanent(f"format {format_.name} wrote no file", code="plugin_failed")

    def open(self) -> SpoolPart:
        """Start the next part, or the one part where nothing splits the run."""
        if self.current is not None and self.split is None:
            raise Permanent(
                "the format opened a second file, and nothing splits this run",
                code="plugin_failed",
            )
        # Until the next is opened a part may be taken back, to be written anew with fewer rows.
        for part in self.finished[self._told :]:
            self._tell_finished(part)
        number = len(self.finished) + 1
        self._told = len(self.finished)
        spooled = self._folder / f"part-{number:03d}"
        self.current = SpoolPart(self, spooled, *self._name(number - self._before))
        return self.current

    def meter(self) -> Meter | None:
        """Return what measures the next part, where the run is split; it knows the last ratio."""
        if self.split is None:
            return None
        self._meter = Meter(self.split, self.codec, self._meter.ratio if self._meter else 1.0)
        return self._meter

    def ranges(self, rows: Rows, write: Callable[[Rows, Part], Result]) -> list[Result]:
        """Have ``write`` write each part from rows that were evaluated once."""
        if self.split is None or not isinstance(rows, DuckRows):
            with self.open() as part:
                return [write(rows, part)]
        results: list[Result] = []
        with rows.stored() as (stored, count):
            start = 0
            finder = RangeFinder(self.split)
            while start < count or not results:
                finder.begin(count - start)
                while True:
                    with self.open() as part:
                        result = write(stored.range(start, finder.rows), part)
                    if finder.settles(part.size):
                        break
                    self.finished.pop().file.path.unlink()
                results.append(result)
                start += finder.rows
        return results

    def done(self) -> tuple[int, int]:
        """Return how many rows and bytes are in the parts so far."""
        files, part = [built.file for built in tuple(self.finished)], self.current
        rows, size = sum(file.rows for file in files), sum(file.size for file in files)
        if part is None or part.closed:
            return rows, size
        return rows + part.rows, size + part.size

    @contextmanager
    def or_none(self) -> Iterator[None]:
        """Remove what is finished when the block raises: the build may be tried again."""
        try:
            yield
        except BaseException:
            for part in self.finished:
                part.file.path.unlink(missing_ok=True)
            self.finished.clear()
            raise
