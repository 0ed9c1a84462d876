"""The rows of a run: one lazy DuckDB relation with three ways out; Python never touches a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from profexd.api.format import Part, TextBlock
from profexd.api.sql import identifier, literal
from profexd.api.types import Column
from profexd.export.source.engine import failing
from profexd.export.source.schema import describe

if TYPE_CHECKING:
    import pyarrow as pa

    from profexd.export.source.opening import OpenSource
    from profexd.export.stop import Stop

_PIECE = "profexd_piece"
_TEXT_BATCH_ROWS = 4_096
"""Larger batches were not faster, and are memory that the engine's limit does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckRows:
    """Implements ``profexd.api.Rows`` over one open source."""

    source: OpenSource
    name: str
    """The source's name, for messages."""
    statement: str
    columns: tuple[Column, ...]
    kind: Literal["profiles", "events"]
    stop: Stop
    spill: Path

    def project(self, expressions: Sequence[tuple[str, str]]) -> DuckRows:
        """Return these rows with columns ``(SQL expression, name)``."""
        named = ", ".join(f"{expression} AS {identifier(name)}" for expression, name in expressions)
        statement = self._over(named)
        with failing(self.name, stop=self.stop, folder=self.spill):
            columns = describe(self.source.connection, statement)
        return replace(self, statement=statement, columns=columns)

    def copy(self, out: Part, options: Mapping[str, object]) -> int:
        """Stream ``COPY … TO`` into ``out``; return the number of rows."""
        written = ", ".join(f"{name} {_option(value)}" for name, value in options.items())
        self.stop.check()
        with (
            failing(self.name, stop=self.stop, folder=self.spill),
            self.source.naming(out) as path,
        ):
            [(count,)] = self.source.connection.execute(
                f"COPY (\n{self.statement}\n) TO {literal(path)} ({written})"
            ).fetchall()
        out.count(int(count))
        return int(count)

    def text(self, expression: str, *more: str) -> Iterator[TextBlock]:
        """Evaluate text expressions per row, one behind the other; yield whole Arrow buffers."""
        count = 1 << len(more).bit_length()
        if count == 1:
            statement = self._over(f"CAST({expression} AS VARCHAR)")
        else:
            # Each piece is a row to the engine, which works on some thousand rows at a time.
            numbers = ", ".join(map(str, range(count)))
            cases = " ".join(
                f"WHEN {number} THEN {piece}" for number, piece in enumerate((expression, *more))
            )
            pieces = self._over(f"*, unnest([{numbers}]) AS {_PIECE}")
            statement = f"SELECT CAST(CASE {_PIECE} {cases} ELSE '' END AS VARCHAR) FROM ({pieces})"  # noqa: S608 - all quoted
        for batch in self._stream(statement, _TEXT_BATCH_ROWS):
            yield _block(batch.column(0), count)

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield Arrow record batches of up to ``rows`` rows."""
        return self._stream(self.statement, rows)

    @contextmanager
    def stored(self, name: str = "profexd_rows") -> Iterator[tuple[DuckRows, int]]:
        """Yield these rows, evaluated once and numbered, and how many there are.

        They lie in a temporary table: what memory does not hold spills to the run's own folder.
        """
        table = f"temp.{name}"
        self.stop.check()
        connection = self.source.connection
        with failing(self.name, stop=self.stop, folder=self.spill):
            [(count,)] = connection.execute(
                f"CREATE TEMP TABLE {table} AS\n{self.statement}"
            ).fetchall()
        try:
            yield replace(self, statement=f"FROM {table}"), int(count)
        finally:
            with suppress(duckdb.Error):
                # It ends with the connection anyway.
                connection.execute(f"DROP TABLE {table}")

    def range(self, start: int, rows: int) -> DuckRows:
        """Return ``rows`` stored rows from the row ``start`` on, in their order."""
        statement = f"{self.statement} WHERE rowid >= {start} AND rowid < {start + rows}"
        return replace(self, statement=statement)

    def _over(self, expressions: str) -> str:
        return f"SELECT {expressions} FROM (\n{self.statement}\n)"  # noqa: S608 - all quoted

    def _stream(self, statement: str, rows: int) -> Iterator[pa.RecordBatch]:
        self.stop.check()
        with failing(self.name, stop=self.stop, folder=self.spill):
            reader = self.source.connection.sql(statement).to_arrow_reader(rows)
        try:
            while True:
                with failing(self.name, stop=self.stop, folder=self.spill):
                    batch = next(reader, None)
                if batch is None:
                    return
                yield batch
        finally:
            reader.close()


def _option(value: object) -> str:
    """Return a COPY option's value as SQL; a tuple names columns."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return f"({', '.join(identifier(str(name)) for name in value)})"
    return literal(str(value))


def _block(texts: Any, pieces: int) -> TextBlock:
    """Return the buffer that holds the texts of an Arrow string column, one after another.

    ``pieces`` of them are a row. The engine hands over no part of a row: it works on a power of
    two of rows at a time, and pieces are one as well.
    """
    _, offsets, data = texts.buffers()
    rows, rest = divmod(len(texts), pieces)
    assert rest == 0
    if data is None:
        return TextBlock(memoryview(b""), rows, (0,) * (rows + 1))
    raw = memoryview(offsets)
    places = raw.cast("q") if str(texts.type) == "large_string" else raw.cast("i")
    places = places[texts.offset : texts.offset + len(texts) + 1 : pieces]
    return TextBlock(memoryview(data)[places[0] : places[rows]], rows, places)
