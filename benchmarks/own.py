"""profexd's own way, and COPY of the very text that it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from benchmarks.cases import Case
from benchmarks.inputs import Inputs
from profexd.api import Part, TextBlock, literal
from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.export.build import build
from profexd.export.parts.rows import DuckRows
from profexd.export.plan import Plan
from profexd.export.stop import Stop

MEMORY = 10**9
_CATALOG = load_catalog()
_OPTIONS: dict[str, dict[str, object]] = {
    "excel": {"sheet": "profiles"},
    # What the peers write too: an element per column.
    "xml": {"layout": "flat"},
    # One object per line, as all peers write.
    "json": {"layout": "lines"},
}


def way(case: Case, inputs: Inputs) -> Callable[[Path], None]:
    """Return what writes the file of ``case`` into a folder."""
    pipeline = _pipeline(case, inputs.database)
    if case.way == "same text":
        statement, options = asked(pipeline, inputs.folder)
        return lambda folder: _copy(statement, options, inputs.database, folder)
    # A build imports it when it first needs it; no way's clock counts its libraries.
    import_module("pyarrow")
    return lambda folder: _build(pipeline, folder)


def asked(pipeline: Any, folder: Path) -> tuple[str, str]:
    """Return the statement and the options of the COPY that would write what a build writes."""
    with (
        patch.object(DuckRows, "copy", _copy_asked),
        patch.object(DuckRows, "text", _text_asked),
    ):
        try:
            _build(pipeline, folder)
        except _Asked as asked:
            return asked.statement, asked.options
    raise AssertionError("the format asked for neither COPY nor text")


class _Asked(Exception):
    def __init__(self, statement: str, options: str) -> None:
        self.statement = statement
        self.options = options


def _copy_asked(rows: DuckRows, out: Part, options: Mapping[str, object]) -> int:
    written = ", ".join(
        f"{name} {value if isinstance(value, int) else literal(str(value))}"
        for name, value in options.items()
    )
    raise _Asked(rows.statement, written)


def _text_asked(rows: DuckRows, expression: str) -> Iterator[TextBlock]:
    raise _Asked(
        f"SELECT {expression} FROM ({rows.statement})",
        "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER ''",
    )


def _build(pipeline: Any, folder: Path) -> None:
    build(
        pipeline,
        Plan(
            run_id="1",
            export_id="1",
            pipeline="bench",
            instant=datetime(2026, 1, 1, tzinfo=UTC),
            path="profiles",
            member="profiles",
        ),
        catalog=_CATALOG,
        folder=folder,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=print,
    )


def _pipeline(case: Case, database: Path) -> Any:
    key = {"profiles": {"key": "profile_id"}} if case.ordered else {}
    where = {"where": f"rowid < {case.rows}"} if case.format == "excel" else {}
    codec = {"codec": case.compression} if case.format == "parquet" else {}
    documents = {
        "settings": {"limits": {"memory": f"{MEMORY}B"}},
        "source": {"type": "duckdb", "database": str(database), "table": "profiles", **key},
        "sinks": {"files": {"type": "file", "root": "/nowhere"}},
        "pipeline": {
            "source": "warehouse",
            "sink": "files",
            "path": "profiles",
            "compression": "none" if codec else case.compression,
            "format": {"type": case.format, **_OPTIONS.get(case.format, {}), **codec},
            **where,
        },
    }
    return pipeline_from_documents("bench", documents, _CATALOG)


def _copy(statement: str, options: str, database: Path, folder: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{MEMORY}B'")
        connection.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
        connection.execute(f"ATTACH {literal(str(database))} AS warehouse (READ_ONLY)")
        connection.execute(f"COPY ({statement}) TO {literal(str(folder / 'out'))} ({options})")
