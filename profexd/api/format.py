"""The contract of formats: typed rows come in, the bytes of one or more parts go out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from profexd.api.options import FormatOptions
from profexd.api.sql import identifier
from profexd.api.types import Column

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The text of ``rows`` consecutive rows, as one UTF-8 buffer with nothing between the rows."""

    data: memoryview
    rows: int


class Part(Protocol):
    """One file being written: already chained through codec, SHA-256 and spool.

    A context manager; leaving it completes the file, leaving it with an exception removes it.
    Used from one thread at a time.
    """

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes. Raises DiskFull when the spool is."""

    def count(self, rows: int) -> None:
        """Say that ``rows`` more rows are in this part."""

    def __enter__(self) -> Part: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Parts(Protocol):
    """Opens the files of a run, one after another."""

    def open(self) -> Part:
        """Start the next part; the one before must be closed."""


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

    def text(self, expression: str) -> Iterator[TextBlock]:
        """Evaluate one SQL text expression per row; yield the texts as whole buffers, in order."""

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield Arrow record batches of up to ``rows`` rows, in order."""


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

    def __init__(self, options: Any, context: FormatContext) -> None:
        self.options = options
        self.context = context

    def write(self, rows: Rows, parts: Parts) -> None:
        """Write all rows. Runs in the worker's main thread; any exception fails the build."""
        raise TypeError(f"format {type(self).__name__} does not define write")

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        """Return a SQL expression per column: the JSON text of its value as this format writes it.

        A preview shows them; NULL stands for no value.
        """
        return [f"to_json(CAST({identifier(column.name)} AS VARCHAR))" for column in columns]
