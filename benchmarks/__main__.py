"""Measures as the arguments say and writes what was found into the page."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import changed, many, parted, s3, sftp, soak, terminal
from benchmarks.cases import BESIDE_COPY, EXPORTS, MAX_SHEET_ROWS, Case, beside_copy
from benchmarks.inputs import Inputs
from benchmarks.measure import ROOT, Comparison, Result, compare, measure
from benchmarks.page import put
from benchmarks.report import TARGETS, memory_section, own_section, peers_section, split_section

_PEERS_SECONDS = 390.0
_OWN_SECONDS = 90.0
"""Nothing is measured again after these."""
_SPLIT_ROWS = 860_000
_SPLIT_SIZE = 100_000_000
"""So many rows are about three files of so many bytes."""


def _peers(inputs: Inputs, *, rows: int, repeat: int, only: Sequence[str]) -> str:
    comparisons = [
        Comparison(export.cases(rows)) for export in EXPORTS if not only or export.format in only
    ]
    # Where something is promised, it is measured again first.
    comparisons.sort(key=lambda comparison: comparison.cases[0].export not in TARGETS)
    found = compare(comparisons, inputs, repeat=repeat, budget=_PEERS_SECONDS)
    order = {(export.format, export.compression): at for at, export in enumerate(EXPORTS)}
    found.sort(
        key=lambda cell: order[cell["profexd"].case.format, cell["profexd"].case.compression]
    )
    return peers_section(found, rows=rows)


def _own(inputs: Inputs, *, rows: int, repeat: int, only: Sequence[str]) -> str:
    comparisons = [
        Comparison(beside_copy(format_, rows, ordered=ordered))
        for ordered in (False, True)
        for format_ in BESIDE_COPY
        if not only or format_ in only
    ]
    found = compare(comparisons, inputs, repeat=repeat, budget=_OWN_SECONDS)
    return own_section(found, rows=rows)


def _memory(inputs: Inputs, *, rows: int, only: Sequence[str]) -> str:
    found: list[tuple[Result, Result]] = []
    for export in EXPORTS:
        codec = "zstd" if export.format == "parquet" else "none"
        if export.compression != codec or (only and export.format not in only):
            continue
        some = min(rows, MAX_SHEET_ROWS) if export.format == "excel" else rows
        unordered, ordered = (
            measure(
                Case(
                    way="profexd",
                    format=export.format,
                    compression=codec,
                    ordered=ordered,
                    rows=some,
                ),
                inputs,
                cap=600.0,
            )
            for ordered in (False, True)
        )
        found.append((unordered, ordered))
    return memory_section(found, rows=rows)


def _split(inputs: Inputs, *, rows: int, partition_rows: int) -> str:
    inputs.write(rows, copies=False)
    max_size = rows * _SPLIT_SIZE // _SPLIT_ROWS
    parts = parted.split(inputs, rows=rows, max_size=max_size)
    inputs.write(partition_rows, copies=False)
    return split_section(parts, parted.partitioned(inputs, rows=partition_rows))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parts = ("peers", "own", "memory", "split")
    parser.add_argument("--peers", action="store_true", help="only beside other tools")
    parser.add_argument("--own", action="store_true", help="only beside COPY of the same text")
    parser.add_argument("--memory", action="store_true", help="only the peak memory")
    parser.add_argument("--split", action="store_true", help="only exports of several files")
    parser.add_argument("--sftp", action="store_true", help="beside OpenSSH's sftp, as root")
    parser.add_argument("--sftp-bytes", type=int, default=10**9)
    parser.add_argument("--s3", metavar="AWS", help="beside `aws s3 cp`; where that program is")
    parser.add_argument("--s3-bytes", type=int, default=10**9)
    parser.add_argument("--changed", action="store_true", help="a second run in mode changed")
    parser.add_argument("--changed-rows", type=int, default=10_000_000)
    parser.add_argument("--shuffled", action="store_true", help="with --changed: in no order")
    parser.add_argument("--many", action="store_true", help="a daemon with many pipelines")
    parser.add_argument("--many-pipelines", type=int, default=1_000)
    parser.add_argument("--many-runs", type=int, default=40)
    parser.add_argument("--many-rest", type=float, default=60.0, help="seconds")
    parser.add_argument("--soak", action="store_true", help="thousands of runs in a row")
    parser.add_argument("--soak-runs", type=int, default=10_000, help="real ones")
    parser.add_argument("--soak-spoken", type=int, default=10_000, help="without real work")
    parser.add_argument("--soak-minutes", type=float, default=600, help="at most")
    parser.add_argument("--terminal", action="store_true", help="the interface, in a real tmux")
    parser.add_argument("--terminal-rest", type=float, default=60.0, help="seconds")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory-rows", type=int, default=2_000_000)
    parser.add_argument("--split-rows", type=int, default=_SPLIT_ROWS, help="about 300 MB")
    parser.add_argument("--partition-rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=3, help="at most, of what is not slow")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=sorted({export.format for export in EXPORTS}),
        help="a format; repeatable",
    )
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument(
        "--report",
        type=Path,
        default=ROOT / "docs" / "benchmarks.md",
        help="the page; sections that were not measured stay as they are",
    )
    arguments = parser.parse_args()
    wanted = [part for part in parts if getattr(arguments, part)]
    # One needs a server, and so root, the other many rows: only where it is asked for.
    asked = (
        arguments.sftp or arguments.s3 or arguments.changed or arguments.many or arguments.terminal
    )
    asked = asked or arguments.soak
    wanted = wanted or ([] if asked else list(parts))
    with tempfile.TemporaryDirectory(prefix="profexd-bench-", dir=arguments.folder) as name:
        inputs = Inputs(Path(name))
        rows, repeat, only = arguments.rows, arguments.repeat, arguments.only
        if "peers" in wanted or "own" in wanted:
            inputs.write(rows, copies="peers" in wanted)
        if "peers" in wanted:
            section = _peers(inputs, rows=rows, repeat=repeat, only=only)
            put(arguments.report, "peers", section)
        if "own" in wanted:
            put(arguments.report, "own", _own(inputs, rows=rows, repeat=repeat, only=only))
        if "memory" in wanted:
            inputs.write(arguments.memory_rows, copies=False)
            put(arguments.report, "memory", _memory(inputs, rows=arguments.memory_rows, only=only))
        if "split" in wanted:
            section = _split(
                inputs, rows=arguments.split_rows, partition_rows=arguments.partition_rows
            )
            put(arguments.report, "split", section)
        if arguments.sftp:
            section = sftp.section(Path(name), size=arguments.sftp_bytes, repeat=arguments.repeat)
            put(arguments.report, "sftp", section)
        if arguments.s3:
            section = s3.section(
                Path(name), size=arguments.s3_bytes, repeat=repeat, aws=arguments.s3
            )
            put(arguments.report, "s3", section)
        if arguments.changed:
            section = changed.section(
                Path(name), rows=arguments.changed_rows, shuffled=arguments.shuffled
            )
            put(arguments.report, "changed", section)
        if arguments.many:
            section = many.section(
                Path(name),
                pipelines=arguments.many_pipelines,
                runs=arguments.many_runs,
                rest=arguments.many_rest,
            )
            put(arguments.report, "many", section)
        if arguments.terminal:
            section = terminal.section(
                Path(name), starts=5, pipelines=1_000, running=20, rest=arguments.terminal_rest
            )
            put(arguments.report, "terminal", section)
        if arguments.soak:
            section = soak.section(
                Path(name),
                runs=arguments.soak_runs,
                spoken=arguments.soak_spoken,
                seconds=60 * arguments.soak_minutes,
            )
            put(arguments.report, "soak", section)
    print(arguments.report.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
