"""An export split by size and one of a thousand partitions: order, sizes, rows and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.child import peak
from benchmarks.inputs import Inputs
from benchmarks.measure import ROOT
from benchmarks.own import MEMORY
from profexd.api import literal
from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.export.build import build
from profexd.export.job import Job
from profexd.export.plan import plan
from profexd.export.stop import Stop

_SKEWED = (
    "SELECT *, CAST(floor({partitions} * pow((hash(profile_id, 99) % 1000000) / 1000000, 4))"
    " AS INTEGER) AS segment FROM profiles"
)
"""A few values have most of the rows."""
_PARTITIONS = 1_000
_LEAST_ROWS = 1_000
"""Per partition; fewer rows have fewer partitions."""
_ORDER = "-score"


@dataclass(frozen=True, slots=True)
class Parted:
    """What a build of several files took and gave."""

    seconds: float
    peak: int
    rows: int
    files: int
    smallest: int
    """Bytes, as of the largest."""
    largest: int
    most_rows: int
    fewest_rows: int


def split(inputs: Inputs, *, rows: int, max_size: int) -> Parted:
    """Measure an ordered CSV that is split; AssertionError where its parts are not the export."""
    keys = {"split": {"max_size": f"{max_size}B"}, "path": "out.csv"}
    return _measured(inputs, keys, rows, max_size)


def partitioned(inputs: Inputs, *, rows: int) -> Parted:
    """Measure an ordered CSV of skewed partitions; AssertionError where they are not the export."""
    keys = {"partition_by": ["segment"], "path": "out/${column:segment}.csv"}
    return _measured(inputs, keys, rows, None)


def _measured(inputs: Inputs, keys: dict[str, Any], rows: int, max_size: int | None) -> Parted:
    partitions = min(_PARTITIONS, max(10, rows // _LEAST_ROWS))
    query = _SKEWED.format(partitions=partitions)
    spool = inputs.folder / "parted"
    spool.mkdir()
    job = {"database": str(inputs.database), "spool": str(spool), "keys": keys, "query": query}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.parted", json.dumps(job)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    files = answer["files"]
    paths = [Path(file["spooled"]) for file in files]
    sizes = [path.stat().st_size for path in paths]
    try:
        if max_size is not None:
            assert all(size <= 1.1 * max_size for size in sizes), sizes
            assert [file["path"] for file in files] == [
                f"out-{number:03d}.csv" for number in range(1, len(files) + 1)
            ]
        _verify(inputs, files, query, partitions="partition_by" in keys)
    finally:
        for path in paths:
            path.unlink()
        spool.rmdir()
    result = Parted(
        seconds=answer["seconds"],
        peak=answer["peak"],
        rows=sum(file["rows"] for file in files),
        files=len(files),
        smallest=min(sizes),
        largest=max(sizes),
        most_rows=max(file["rows"] for file in files),
        fewest_rows=min(file["rows"] for file in files),
    )
    print(result, file=sys.stderr, flush=True)
    return result


def _verify(inputs: Inputs, files: list[dict[str, Any]], query: str, *, partitions: bool) -> None:
    """Compare the ids in the files, in their order, with those of the source in its own."""
    with duckdb.connect(str(inputs.database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET memory_limit = '2GB'")
        connection.execute("CREATE TEMP TABLE found (id VARCHAR)")
        for file in files:
            lines = f"read_csv({literal(file['spooled'])}, header = true, all_varchar = true)"
            [(count,)] = connection.execute(
                f"INSERT INTO found SELECT profile_id FROM {lines}"
            ).fetchall()
            assert count == file["rows"], file
        first = "segment, " if partitions else ""
        [(wrong, rows)] = connection.execute(
            "SELECT count(*) FILTER (WHERE id IS DISTINCT FROM profile_id), count(*)"
            " FROM (SELECT id FROM found) POSITIONAL JOIN (SELECT profile_id"
            f" FROM ({query}) ORDER BY {first}score DESC NULLS LAST, profile_id)"
        ).fetchall()
        [(all_rows,)] = connection.execute("SELECT count(*) FROM profiles").fetchall()
        assert (wrong, rows) == (0, all_rows), (wrong, rows, all_rows)


def main() -> None:
    """Do the one build that the first argument says."""
    job = json.loads(sys.argv[1])
    catalog = load_catalog()
    documents = {
        "settings": {"limits": {"memory": f"{MEMORY}B"}},
        "source": {
            "type": "duckdb",
            "database": job["database"],
            "query": job["query"],
            "profiles": {"key": "profile_id"},
        },
        "sinks": {"files": {"type": "file", "root": "/nowhere"}},
        "pipeline": {
            "source": "warehouse",
            "sink": "files",
            "order_by": _ORDER,
            "format": {"type": "csv"},
            **job["keys"],
        },
    }
    pipeline = pipeline_from_documents("bench", documents, catalog)
    run = Job(
        action="run",
        run_id="1",
        export_id="1",
        pipeline="bench",
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        documents=documents,
        spool=job["spool"],
    )
    import_module("pyarrow")
    began = time.perf_counter()
    outcome = build(
        pipeline,
        plan(run, pipeline, catalog),
        catalog=catalog,
        folder=Path(job["spool"]),
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=print,
    )
    seconds = time.perf_counter() - began
    files = [
        {"path": part.path, "spooled": str(part.file.path), "rows": part.file.rows}
        for part in outcome.parts
    ]
    print(json.dumps({"seconds": seconds, "peak": peak(), "files": files}))


if __name__ == "__main__":
    main()
