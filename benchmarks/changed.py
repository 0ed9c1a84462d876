"""The second run in mode ``changed`` beside a full one, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import ROOT
from benchmarks.own import MEMORY
from benchmarks.report import MEMORY_BOUND, measured
from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.export.build import build
from profexd.export.plan import Plan
from profexd.export.stop import Stop
from profexd.testing.warehouse import create_warehouse

CHANGE = "UPDATE profiles SET visits = visits + 1 WHERE hash(profile_id, 7) % 100 = 0"
SHUFFLE = "CREATE OR REPLACE TABLE profiles AS FROM profiles ORDER BY hash(profile_id, 5)"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """What one run took and gave."""

    name: str
    seconds: float
    cpu: float
    peak: int
    rows: int
    kept: int
    """Bytes of its baseline."""


def section(folder: Path, *, rows: int, shuffled: bool) -> str:
    """Return what the runs gave, and whether the bounds hold."""
    unordered, ordered, first, second = found = steps(folder, rows=rows, shuffled=shuffled)
    order = "in no order" if shuffled else "in the order of their keys"
    text = f"""CSV of {rows:,} profiles of 20 columns, which lie in the source {order}: two runs
in mode `full`, then the first and, after one profile in a hundred has changed, the second in mode
`changed`. The second takes at most half as long as a full one; no process holds more than
`limits.memory` + 300 MB = {MEMORY_BOUND / 1e6:,.0f} MB; what is kept is under 40 bytes a profile.

| run | rows | seconds | CPU seconds | peak MB | kept, bytes a profile |
|---|--:|--:|--:|--:|--:|
"""
    for step in found:
        kept = f"{step.kept / rows:.1f}" if step.kept else "–"
        text += (
            f"| {step.name} | {step.rows:,} | {step.seconds:.1f} | {step.cpu:.1f}"
            f" | {step.peak / 1e6:,.0f} | {kept} |\n"
        )
    for full in (ordered, unordered):
        text += (
            f"\nOf *{full.name}* the second run takes {second.seconds / full.seconds:.2f} of the"
            f" time, {second.cpu / full.cpu:.2f} of the CPU time."
        )
    held = (
        second.seconds <= ordered.seconds / 2
        and max(first.peak, second.peak) <= MEMORY_BOUND
        and max(first.kept, second.kept) < 40 * rows
    )
    return f"{text}\nThe bounds {'hold' if held else 'do not hold'}.\n\n{measured()}"


def steps(folder: Path, *, rows: int, shuffled: bool) -> list[Step]:
    """Return a full run, without order and by the key, then the first and second in ``changed``.

    Between the last two, one profile in a hundred changes.
    """
    database = folder / "changing.duckdb"
    database.unlink(missing_ok=True)
    create_warehouse(database, profiles=rows)
    if shuffled:
        _execute(database, SHUFFLE)
    found = [
        _run(folder, "full, no order", number=1, key=False, mode="full", state={})[0],
        _run(folder, "full, by the key", number=2, key=True, mode="full", state={})[0],
    ]
    first, state = _run(folder, "changed, first", number=3, key=True, mode="changed", state={})
    _execute(database, CHANGE)
    second, _ = _run(folder, "changed, second", number=4, key=True, mode="changed", state=state)
    database.unlink()
    return [*found, first, second]


def _execute(database: Path, statement: str) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET memory_limit = '4GB'")
        connection.execute(statement)


def _run(folder: Path, name: str, **job: Any) -> tuple[Step, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.changed", json.dumps({**job, "folder": str(folder)})],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    state = answer.pop("state")
    step = Step(name, **answer)
    print(step, file=sys.stderr, flush=True)
    return step, state


def main() -> None:
    """Do the one run that the first argument says."""
    job = json.loads(sys.argv[1])
    folder = Path(job["folder"])
    pipeline = _pipeline(folder / "changing.duckdb", key=job["key"], mode=job["mode"])
    plan = Plan(
        run_id=str(job["number"]),
        export_id="1",
        pipeline="bench",
        instant=_BEGIN + timedelta(days=job["number"]),
        path="profiles",
        member="profiles",
        state=job["state"],
        keep=folder / "kept" / "bench",
    )
    spool = folder / f"spool-{job['number']}"
    spool.mkdir()
    import_module("pyarrow")
    began, worked = time.perf_counter(), time.process_time()
    outcome = build(
        pipeline,
        plan,
        catalog=load_catalog(),
        folder=spool,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=print,
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    for part in outcome.parts:
        part.file.path.unlink()
    spool.rmdir()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "peak": _peak(),
                "rows": sum(part.file.rows for part in outcome.parts),
                "kept": outcome.state.get("changes", {}).get("size", 0),
                "state": outcome.state,
            }
        )
    )


def _pipeline(database: Path, *, key: bool, mode: str) -> Any:
    profiles = {"profiles": {"key": "profile_id"}} if key else {}
    documents = {
        "settings": {"limits": {"memory": f"{MEMORY}B"}},
        "source": {"type": "duckdb", "database": str(database), "table": "profiles", **profiles},
        "sinks": {"files": {"type": "file", "root": "/nowhere"}},
        "pipeline": {
            "source": "warehouse",
            "sink": "files",
            "path": "profiles-${run_id}",
            "mode": mode,
            "format": {"type": "csv"},
        },
    }
    return pipeline_from_documents("bench", documents, load_catalog())


def _peak() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


if __name__ == "__main__":
    main()
