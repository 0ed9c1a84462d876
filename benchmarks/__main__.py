"""Runs every case in alternation and writes the table."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import EXPORTS, Case, rivals
from benchmarks.report import Line, MemoryLine, Time, report
from profexd.testing.warehouse import create_warehouse

Exports = Sequence[tuple[str, str]]
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a case gave."""

    seconds: float
    cpu: float
    size: int
    peak: int


def measure(case: Case, database: Path, folder: Path) -> Result:
    """Run one case in a process of its own."""
    job = {"case": case.as_json(), "database": str(database), "folder": str(folder / "work")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", json.dumps(job)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return Result(found["seconds"], found["cpu"], found["bytes"], found["peak"])


def compare(
    exports: Exports, database: Path, folder: Path, *, repeat: int, ordered: bool
) -> Iterable[Line]:
    """Yield a line per export: medians of alternating repetitions."""
    for format_, compression in exports:
        cases = rivals(format_, compression, ordered=ordered)
        results: dict[str, list[Result]] = {case.way: [] for case in cases}
        for turn in range(repeat):
            for case in cases if turn % 2 == 0 else reversed(cases):
                if case.way == "copy" and compression == "gzip" and turn:
                    continue  # half a minute each, and not close
                results[case.way].append(measure(case, database, folder))
        medians = {
            way: Time(
                statistics.median(result.seconds for result in found),
                statistics.median(result.cpu for result in found),
            )
            for way, found in results.items()
        }
        line = Line(
            name=cases[0].name,
            ordered=ordered,
            profexd=medians["profexd"],
            copy=medians["copy"],
            same_text=medians.get("same text"),
            size=results["profexd"][0].size,
        )
        print(line, file=sys.stderr)
        yield line


def memory(exports: Exports, database: Path, folder: Path) -> Iterable[MemoryLine]:
    """Yield the peak memory of each export, without an order and by the key."""
    for format_, compression in exports:
        results = [
            measure(
                Case(way="profexd", format=format_, compression=compression, ordered=ordered),
                database,
                folder,
            )
            for ordered in (False, True)
        ]
        line = MemoryLine(
            name=rivals(format_, compression, ordered=False)[0].name,
            peak=results[0].peak,
            peak_ordered=results[1].peak,
            seconds=results[0].seconds,
            seconds_ordered=results[1].seconds,
        )
        print(line, file=sys.stderr)
        yield line


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory-rows", type=int, default=5_000_000, help="0: not measured")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", action="append", choices=sorted(EXPORTS), help="repeatable")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    exports = [EXPORTS[name] for name in arguments.only or EXPORTS]
    with tempfile.TemporaryDirectory(prefix="profexd-bench-", dir=arguments.folder) as name:
        folder = Path(name)
        database = folder / "warehouse.duckdb"
        create_warehouse(database, profiles=arguments.rows)
        lines = [
            line
            for ordered in (False, True)
            for line in compare(exports, database, folder, repeat=arguments.repeat, ordered=ordered)
        ]
        peaks: list[MemoryLine] = []
        if arguments.memory_rows:
            database.unlink()
            create_warehouse(database, profiles=arguments.memory_rows)
            peaks = list(memory(exports, database, folder))
    text = report(
        lines,
        peaks,
        rows=arguments.rows,
        memory_rows=arguments.memory_rows,
        repeat=arguments.repeat,
    )
    arguments.report.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
