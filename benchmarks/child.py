"""Runs one case in a process of its own and prints how long it took and how much memory it had."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.cases import Case
from profexd.api import FormatContext, identifier, literal
from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.export.build import build
from profexd.export.plan import Plan
from profexd.export.query import describe
from profexd.export.stop import Stop

MEMORY = "1GB"


def main() -> None:
    """Read the job from the first argument, print the result as JSON."""
    job = json.loads(sys.argv[1])
    case = Case(**job["case"])
    folder = Path(job["folder"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    make = _profexd if case.way == "profexd" else _copy
    size, seconds = make(case, job["database"], folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": used.ru_utime + used.ru_stime,
                "bytes": size,
                "peak": used.ru_maxrss * 1024,
            }
        )
    )


def _pipeline(case: Case, database: str) -> Any:
    key = {"profiles": {"key": "profile_id"}} if case.ordered else {}
    documents = {
        "settings": {"limits": {"memory": MEMORY}},
        "source": {"type": "duckdb", "database": database, "table": "profiles", **key},
        "sinks": {"files": {"type": "file", "root": "/nowhere"}},
        "pipeline": {
            "source": "warehouse",
            "sink": "files",
            "path": "profiles",
            "compression": case.compression,
            "format": {"type": case.format},
        },
    }
    return pipeline_from_documents("bench", documents, load_catalog())


def _profexd(case: Case, database: str, folder: Path) -> tuple[int, float]:
    pipeline = _pipeline(case, database)
    plan = Plan(
        run_id="1",
        export_id="1",
        pipeline="bench",
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        path="profiles",
        member="profiles",
    )
    catalog = load_catalog()
    began = time.perf_counter()
    [part] = build(
        pipeline,
        plan,
        catalog=catalog,
        folder=folder,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=print,
    )
    return part.file.size, time.perf_counter() - began


def _copy(case: Case, database: str, folder: Path) -> tuple[int, float]:
    out = folder / "out"
    pipeline = _pipeline(case, database) if case.way == "same text" else None
    began = time.perf_counter()
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
        connection.execute(f"ATTACH {literal(database)} AS warehouse (READ_ONLY)")
        rows = "SELECT * FROM warehouse.profiles"
        if case.ordered:
            rows += " ORDER BY profile_id"
        options = f"FORMAT {case.format}"
        if case.compression == "gzip":
            options += ", COMPRESSION gzip"
        if pipeline is not None:
            columns = describe(connection, rows)
            recorder: Any = _Recorder(columns)
            format_ = load_catalog().formats[case.format](pipeline.format.options, FormatContext())
            format_.write(recorder, recorder)
            rows = f"SELECT {recorder.expressions} FROM ({rows})"
            options = recorder.options
        connection.execute(f"COPY ({rows}) TO {literal(str(out))} ({options})")
    return out.stat().st_size, time.perf_counter() - began


class _Recorder:
    """Rows and parts that note what a format asks the engine for."""

    kind = "profiles"

    def __init__(self, columns: Any) -> None:
        self.columns = columns
        self.expressions = "*"
        self.options = ""

    def project(self, expressions: Sequence[tuple[str, str]]) -> _Recorder:
        self.expressions = ", ".join(f"{sql} AS {identifier(name)}" for sql, name in expressions)
        return self

    def copy(self, out: Any, options: Mapping[str, object]) -> int:
        self.options = ", ".join(
            f"{name} {value if isinstance(value, int) else literal(str(value))}"
            for name, value in options.items()
        )
        return 0

    def text(self, expression: str) -> Iterator[Any]:
        self.expressions = expression
        self.options = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER ''"
        return iter(())

    def open(self) -> _Recorder:
        return self

    def write(self, data: bytes) -> int:
        return len(data)

    def count(self, rows: int) -> None: ...

    def __enter__(self) -> _Recorder:
        return self

    def __exit__(self, *_: object) -> None: ...


if __name__ == "__main__":
    main()
