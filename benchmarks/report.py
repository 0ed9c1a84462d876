"""Writes what was measured as Markdown, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

MEMORY_LIMIT = 10**9
MEMORY_BOUND = MEMORY_LIMIT + 300 * 10**6
SPEED_BOUND = 1.2
GZIP_BOUND = 7.0


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds by the clock, and of all cores together."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} ({self.cpu:.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Median times of one export in each way."""

    name: str
    ordered: bool
    profexd: Time
    copy: Time
    same_text: Time | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLine:
    """Peak memory (resident bytes) of one export, without an order and by the key."""

    name: str
    peak: int
    peak_ordered: int
    seconds: float
    seconds_ordered: float


def report(
    lines: Sequence[Line],
    peaks: Sequence[MemoryLine],
    *,
    rows: int,
    memory_rows: int,
    repeat: int,
) -> str:
    """Return the page."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "isal"))
    text = f"""# Benchmarks

`make bench` (`python -m benchmarks`) wrote this page. It builds files with profexd's own build
(source, SQL, codec, SHA-256, spool) and with DuckDB's COPY, each in a process of its own, in
alternation, on a made-up warehouse of 20 columns, nested ones too. Times are medians of {repeat}
runs, without the start of the interpreter; COPY with gzip runs once. In parentheses: CPU seconds
of all threads, with the start of the interpreter, which suffer less where a machine is shared.
Both sides have the same memory limit (`limits.memory`, 1 GB) and all cores.

- **COPY** is what one would type: `COPY table TO file (FORMAT …)`, with COPY's own gzip.
- **COPY of the same text** evaluates the very expressions profexd does (RFC 3339 times, JSON for
  nested values, exact digits, NULLs left out), so that both write the same text.

Measured {datetime.now(UTC):%Y-%m-%d} on {_machine()}; Python {platform.python_version()},
{packages}.

## Speed: {rows:,} rows × 20 columns
"""
    for ordered, title in ((False, "No order"), (True, "Ordered by the key")):
        text += f"\n{title}:\n\n" + _table(line for line in lines if line.ordered == ordered)
    text += f"""
Bounds: csv.gz at least {GZIP_BOUND:g} times as fast as COPY's own gzip; csv, json and parquet at
most {SPEED_BOUND:g} times as long as the COPY that writes the same text.
"""
    if peaks:
        text += f"""
## Memory: {memory_rows:,} rows × 20 columns

Peak resident memory of the whole process. The bound is `limits.memory` + 300 MB =
{MEMORY_BOUND / 1e6:,.0f} MB.

| export | peak, no order | peak, by the key | seconds, no order | seconds, by the key |
|---|--:|--:|--:|--:|
"""
        for peak in peaks:
            text += (
                f"| {peak.name} | {_megabytes(peak.peak)} | {_megabytes(peak.peak_ordered)}"
                f" | {peak.seconds:.1f} | {peak.seconds_ordered:.1f} |\n"
            )
    return text


def _table(lines: Iterable[Line]) -> str:
    text = "| export | MB | profexd s | COPY s | COPY of the same text s | bound |\n"
    text += "|---|--:|--:|--:|--:|---|\n"
    for line in lines:
        if line.same_text is not None:
            ratio = line.profexd.wall / line.same_text.wall
            same = str(line.same_text)
            bound = f"{ratio:.2f} × {_verdict(ratio <= SPEED_BOUND)}"
        else:
            faster = line.copy.wall / line.profexd.wall
            same = "–"
            met = faster >= GZIP_BOUND or line.name != "csv.gz"
            bound = f"{faster:.1f} times as fast {_verdict(met)}"
        text += (
            f"| {line.name} | {line.size / 1e6:.0f} | {line.profexd} | {line.copy}"
            f" | {same} | {bound} |\n"
        )
    return text


def _verdict(met: bool) -> str:
    return "✓" if met else "✗"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB {_verdict(size <= MEMORY_BOUND)}"


def _machine() -> str:
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores ({model or platform.machine()}), {memory:.0f} GB,"
        f" Linux {platform.release()}"
    )
