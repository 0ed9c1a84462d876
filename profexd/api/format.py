"""The contract of formats: typed rows come in, the bytes of one or more parts go out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from profexd.api.options import FormatOptions
from profexd.api.sql import identifier
from profexd.api.types import Column

if TYPE_CHECKING:
    import pyarrow as pa

Result = TypeVar("Result")
Encode = Callable[[memoryview], bytes]
"""Makes the bytes of a file of the text of rows."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The text of ``rows`` consecutive rows, as one UTF-8 buffer with nothing between the rows.

    ``offsets`` are the ``rows + 1`` places where its rows begin and end, counted from anywhere.
    """

    data: memoryview
    rows: int
    offsets: Sequence[int]

    def within(self, size: int) -> int:
        """Return how many of the first rows fit into ``size`` bytes."""
        return bisect_right(self.offsets, self.offsets[0] + size) - 1 if self.rows else 0

    def first(self, rows: int) -> TextBlock:
        """Return the first ``rows`` rows, without a copy."""
        end = self.offsets[rows] - self.offsets[0]
        return TextBlock(self.data[:end], rows, self.offsets[: rows + 1])

    def after(self, rows: int) -> TextBlock:
        """Return the block without its first ``rows`` rows, without a copy."""
        start = self.offsets[rows] - self.offsets[0]
        return TextBlock(self.data[start:], self.rows - rows, self.offsets[rows:])


class Part(Protocol):
    """One file being written: already chained through codec, SHA-256 and spool.

    A context manager; leaving it completes the file, leaving it with an exception removes it.
    Used from one thread at a time.
    """

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes. Raises DiskFull when the spool is."""

    def count(self, rows: int) -> None:
        """Say that ``rows`` more rows are in this part."""

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        """Return how many rows of ``block`` are to be written to this part next.

        0: the part is full, and the next is to be opened. An empty part takes at least one row;
        where nothing splits the run, a part takes them all. ``encode`` makes of the text what is
        written, where it is not the text itself. ``series`` asks for you.
        """

    def __enter__(self) -> Part: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Parts(Protocol):
    """Opens the files of a run, one after another: many where ``[split]`` is set, else one.

    A format whose class says ``splits`` cuts its rows where ``[split]`` says: with ``series`` if
    it writes text, with ``ranges`` if it must see all rows of a file before it is written.
    """

    @property
    def several(self) -> bool:
        """Whether ``[split]`` is set."""

    def open(self) -> Part:
        """Start the next part; the one before must be closed."""

    def ranges(self, rows: Rows, write: Callable[[Rows, Part], Result]) -> list[Result]:
        """Have ``write`` write each part; return what it returned for those that were kept.

        ``rows`` are evaluated once. A part that became too large is written again with fewer rows.
        """


class Rows(Protocol):
    """A lazy, typed, ordered relation. One way out at a time, each at most once."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the file."""

    @property
    def kind(self) -> Literal["profiles", "events"]:
        """What a row is."""

    def project(self, expressions: Sequence[tuple[str, str]]) -> Rows:
        """Return these rows with columns ``(SQL expression, name)``; names are quoted for you."""

    def copy(self, out: Part, options: Mapping[str, object]) -> int:
        """Stream DuckDB's own writer (``COPY … TO``) into ``out``; return the number of rows.

        ``options`` are COPY's, as ``{"FORMAT": "csv", "HEADER": True}``. Counts rows on ``out``.
        """

    def text(self, expression: str, *more: str) -> Iterator[TextBlock]:
        """Evaluate one SQL text expression per row; yield the texts as whole buffers, in order.

        Of wide rows the engine would hold much at a time: give the text of such a row in several
        expressions, which are written one behind the other.
        """

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield Arrow record batches of up to ``rows`` rows, in order."""


def series(
    parts: Parts, blocks: Iterable[TextBlock], encode: Encode = bytes
) -> Iterator[tuple[Part, Iterator[TextBlock]]]:
    """Yield each part of the run with the blocks that belong into it; at least one part.

    Enter the part, write all its blocks, leave it::

        for part, texts in series(parts, rows.text(line)):
            with part:
                part.write(header)
                for block in texts:
                    part.write(block.data)
                    part.count(block.rows)
    """
    remaining = (block for block in blocks if block.rows)
    held = [block] if (block := next(remaining, None)) else []
    while True:
        part = parts.open()
        yield part, _taken(part, held, remaining, encode)
        if not held:
            return


def _taken(
    part: Part, held: list[TextBlock], remaining: Iterator[TextBlock], encode: Encode
) -> Iterator[TextBlock]:
    """Yield what ``part`` has room for; what is in ``held`` then belongs into the next."""
    while held:
        block = held[0]
        rows = part.room(block, encode)
        if rows == 0:
            return
        held[:] = [block.after(rows)] if rows < block.rows else []
        yield block.first(rows) if rows < block.rows else block
        if not held and (following := next(remaining, None)):
            held.append(following)


@dataclass(frozen=True, slots=True)
class FormatContext:
    """What profexd lends a format for one run.

    ``threads`` is how many a format may use; ``warn`` puts a sentence on the run's record.
    """

    threads: int = 1
    warn: Callable[[str], None] = lambda message: None


class Format:
    """Base class of formats. Construction has no side effects."""

    name: ClassVar[str]
    """What ``format.type`` says."""
    extension: ClassVar[str]
    """With its dot, as in ``.csv``."""
    media_type: str
    """The content type of an uncompressed file; an instance may set its own."""
    Options: ClassVar[type[FormatOptions]] = FormatOptions
    splits: ClassVar[bool] = False
    """Whether it writes several files where ``[split]`` says so; else that is an error."""

    def __init__(self, options: Any, context: FormatContext) -> None:
        self.options = options
        self.context = context

    def write(self, rows: Rows, parts: Parts) -> None:
        """Write all rows. Runs in the worker's main thread; any exception fails the build."""
        raise TypeError(f"format {type(self).__name__} does not define write")

    def headers(self, columns: Sequence[Column]) -> Sequence[str]:
        """Return what the file calls each column; a preview shows them."""
        return [column.name for column in columns]

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        """Return a SQL expression per column: the JSON text of its value as this format writes it.

        A preview shows them; NULL stands for no value.
        """
        return [f"to_json(CAST({identifier(column.name)} AS VARCHAR))" for column in columns]
