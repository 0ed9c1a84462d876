"""Open the source: one connection in memory, with the warehouse attached read-only."""

from __future__ import annotations

import difflib
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from profexd.api.errors import ConfigurationInvalid, SourceInvalid, SourceLocked, SourceMissing
from profexd.api.sql import identifier, literal
from profexd.export.source.engine import failing

if TYPE_CHECKING:
    from profexd.config.model import Limits, Source
    from profexd.export.source.files import PartFiles, Writable
    from profexd.export.stop import Stop

_LOCK_POLL_SECONDS = 0.2
_WORK_AHEAD = 64 * 10**6
_PARTS = "profexd-part://"
_RESERVED_CATALOGS = frozenset({"memory", "system", "temp", "main"})


@dataclass(frozen=True, slots=True)
class OpenSource:
    """The connection, the relation that rows come from, and the way out for files."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    """SQL that may stand after FROM."""
    files: PartFiles | None
    """What parts are written into by the engine; None where nothing is."""
    twice: tuple[str, ...] = ()
    """Names that several columns of the query have: of each the last column is there."""

    def naming(self, part: Writable) -> AbstractContextManager[str]:
        """Give the engine a path to write ``part`` to; raise what the part itself raised."""
        assert self.files is not None
        return self.files.naming(part)


@contextmanager
def open_source(
    source: Source,
    *,
    limits: Limits,
    folder: Path,
    stop: Stop,
    beside: Sequence[Path] = (),
    writes: bool = True,
) -> Iterator[OpenSource]:
    """Yield the open source; let go of every file on leaving.

    ``folder`` is the run's own: what does not fit in memory spills below it. ``beside`` are files
    that may be read too. ``writes`` says that the engine writes parts. Raises SourceMissing,
    SourceInvalid, SourceLocked, ConfigurationInvalid, or Stopped.
    """
    spill = folder / "spill"
    connection = duckdb.connect(":memory:")
    try:
        with stop.interrupting(connection.interrupt):
            with failing(source.name, stop=stop, folder=spill):
                _settle(connection, limits, spill)
                files = _files(connection) if writes else None
            catalog = _attach(connection, source, stop) if source.database is not None else None
            with failing(source.name, stop=stop, folder=spill):
                relation, twice = _relation(connection, source, catalog)
                if source.table is not None:
                    allowed = ", ".join(literal(path) for path in (_PARTS, f"{spill}/"))
                    connection.execute(f"SET allowed_directories = [{allowed}]")
                    files_allowed = ", ".join(literal(str(path)) for path in beside)
                    connection.execute(f"SET allowed_paths = [{files_allowed}]")
                    connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            yield OpenSource(connection, relation, files, twice)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _files(connection: duckdb.DuckDBPyConnection) -> PartFiles:
    # fsspec takes 100 ms to load: not for those who only look.
    from profexd.export.source.files import PartFiles

    files = PartFiles(_PARTS)
    connection.register_filesystem(files)
    return files


def _settle(connection: duckdb.DuckDBPyConnection, limits: Limits, spill: Path) -> None:
    # The engine works ahead while Python compresses and writes; its own 10 MiB let it wait.
    ahead = f"{min(limits.memory // 16, _WORK_AHEAD)}B"
    settings = {
        "max_streaming_buffer_size": ahead,
        "streaming_buffer_size": ahead,
        "TimeZone": "UTC",
        # The engine holds some memory that it does not count, most where it sorts and writes.
        "memory_limit": f"{limits.memory * 19 // 20}B",
        "temp_directory": str(spill),
        "enable_progress_bar": True,
        "enable_progress_bar_print": False,
        "progress_bar_time": 0,
        "autoinstall_known_extensions": False,
        "python_enable_replacements": False,
        # A batch of long texts may pass the 2 GB that 32-bit offsets can address.
        "arrow_large_buffer_size": True,
    }
    if limits.threads:
        settings["threads"] = limits.threads
    for name, value in settings.items():
        written = literal(value) if isinstance(value, str) else str(value)
        connection.execute(f"SET {name} = {written}")


def _attach(connection: duckdb.DuckDBPyConnection, source: Source, stop: Stop) -> str:
    """Attach the database read-only, waiting for a writer to let go; return its catalog's name."""
    database = Path(source.database or "")
    if not database.exists():
        raise SourceMissing(
            f"source {source.name}: there is no database {database}",
            hint="correct database, or create the file",
        )
    if not database.is_file():
        raise SourceInvalid(
            f"source {source.name}: {database} is not a file", hint="name a DuckDB file"
        )
    catalog = database.stem
    if not catalog or catalog.lower() in _RESERVED_CATALOGS:
        catalog = "warehouse"
    statement = f"ATTACH {literal(str(database))} AS {identifier(catalog)} (READ_ONLY, TYPE duckdb)"
    deadline = time.monotonic() + source.lock_wait
    while True:
        try:
            connection.execute(statement)
            break
        except duckdb.Error as error:
            stop.check()
            failure = _attach_failure(source, database, str(error))
            if not isinstance(failure, SourceLocked) or time.monotonic() >= deadline:
                raise failure from error
        stop.wait(min(_LOCK_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
    connection.execute(f"USE {identifier(catalog)}")
    return catalog


def _attach_failure(source: Source, database: Path, message: str) -> SourceLocked | SourceInvalid:
    if "Could not set lock" in message:
        holder = re.search(r"\(PID (\d+)\)", message)
        who = f"process {holder[1]}" if holder else "another process"
        return SourceLocked(
            f"source {source.name}: {who} holds {database} open for writing"
            f" (waited {source.lock_wait:g} s)",
            hint="let that process end or close the database, or raise lock_wait",
        )
    first = message.splitlines()[0] if message else "unknown failure"
    hint = "name a file that DuckDB wrote"
    if "Permission denied" in message:
        hint = "make the file readable for the daemon's user"
    elif "not a valid DuckDB database file" not in message:
        hint = "is it damaged, or written by a newer DuckDB?"
    return SourceInvalid(f"source {source.name}: cannot open {database}: {first}", hint=hint)


def _relation(
    connection: duckdb.DuckDBPyConnection, source: Source, catalog: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return the SQL of the source, and the names that its query has several columns of."""
    if source.table is not None:
        return _table(connection, source, source.table, catalog or "memory"), ()
    query = _select(connection, source, source.query or "")
    return _last_of_each(connection.sql(query).columns, f"(\n{query}\n)")


def _last_of_each(names: Sequence[str], query: str) -> tuple[str, tuple[str, ...]]:
    """Leave out columns of ``query`` whose name a later column has too.

    The engine would call the later one by another name instead, ``id_1`` for ``id``.
    """
    last = {name.lower(): place for place, name in enumerate(names)}
    if len(last) == len(names):
        return query, ()
    kept = [last[name.lower()] == place for place, name in enumerate(names)]
    given = (
        identifier(name if keep else f"profexd_twice_{place}")
        for place, (name, keep) in enumerate(zip(names, kept, strict=True))
    )
    shown = ", ".join(identifier(name) for name, keep in zip(names, kept, strict=True) if keep)
    twice = dict.fromkeys(name for name, keep in zip(names, kept, strict=True) if not keep)
    relation = f"(SELECT {shown} FROM {query} AS profexd_query({', '.join(given)}))"  # noqa: S608 - quoted
    return relation, tuple(twice)


def _table(
    connection: duckdb.DuckDBPyConnection, source: Source, written: str, catalog: str
) -> str:
    """Find the table or view; a dot may part schema and table, or belong to a name."""
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_catalog = ? ORDER BY table_schema, table_name",
        [catalog],
    ).fetchall()
    tables = {(schema.lower(), name.lower()): (schema, name) for schema, name in found}
    candidates = [("main", written)]
    candidates += [
        (written[:at], written[at + 1 :]) for at, sign in enumerate(written) if sign == "."
    ]
    for schema, name in candidates:
        table = tables.get((schema.lower(), name.lower()))
        if table is not None:
            return ".".join(identifier(part) for part in (catalog, *table))
    names = [name if schema == "main" else f"{schema}.{name}" for schema, name in tables.values()]
    near = difflib.get_close_matches(written, names, n=1)
    if near:
        hint = f'did you mean "{near[0]}"?'
    elif names:
        hint = "there are " + ", ".join(names[:10])
    else:
        hint = "the database has no table"
    raise SourceMissing(f"source {source.name}: there is no table {written!r}", hint=hint)


def _select(connection: duckdb.DuckDBPyConnection, source: Source, query: str) -> str:
    """Return ``query`` if it is one statement that reads, fit to stand in parentheses."""
    text = query.strip()
    while text.endswith(";"):
        text = text[:-1].rstrip()
    problem = ""
    try:
        # The line breaks keep a comment at the end from swallowing what follows.
        statements = connection.extract_statements(text)
        wrapped = connection.extract_statements(f"SELECT * FROM (\n{text}\n)")  # noqa: S608 - judged, not run
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
    else:
        kinds = [str(statement.type).rpartition(".")[2] for statement in (*statements, *wrapped)]
        if kinds != ["SELECT", "SELECT"] or "\0" in text:
            problem = "it must be one SELECT"
    if problem:
        raise ConfigurationInvalid(
            f"source {source.name}: query: {problem}", hint="write one SELECT statement"
        )
    return text
