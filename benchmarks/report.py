"""Writes what was measured as Markdown, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.cases import MAX_SHEET_ROWS, SAMPLE, SHEET_ROWS, Way
from benchmarks.measure import Result
from benchmarks.parted import Parted

MEMORY_BOUND = 1_300 * 10**6
"""``limits.memory`` + 300 MB."""
OWN_BOUND = 1.2
TARGETS = {
    "csv": 1.0,
    "csv.gz": 1.5,
    "csv.zst": 1.3,
    "json": 1.0,
    "json.gz": 1.3,
    "parquet, zstd": 0.95,
    "xml": 1.5,
    "excel": 15.0,
}
"""Of the fastest peer's time, how many of profexd's it must be."""
NAMES: dict[Way, str] = {
    "profexd": "profexd",
    "duckdb": "DuckDB COPY",
    "polars": "polars",
    "pyarrow": "pyarrow",
    "clickhouse": "ClickHouse",
    "openpyxl": "openpyxl",
    "xlsxwriter": "xlsxwriter",
    "lxml": "lxml",
}
_LOOPS: tuple[Way, ...] = ("openpyxl", "xlsxwriter", "lxml")
_COLUMNS: tuple[Way, ...] = ("profexd", "duckdb", "polars", "pyarrow", "clickhouse")
_PACKAGES = (
    "duckdb",
    "pyarrow",
    "isal",
    "polars",
    "chdb-core",
    "openpyxl",
    "xlsxwriter",
    "lxml",
)

Cell = Mapping[Way, Result]


def peers_section(cells: Sequence[Cell], *, rows: int) -> str:
    """Return ratios to the fastest peer, then what was measured."""
    text = f"""Speed of each tool over {rows:,} rows ({min(rows, SHEET_ROWS):,} for Excel), as a
ratio to the *fastest peer* of the row: the fastest peer has 1.00, and profexd above 1.00 is faster
than all of them. ✓ and ✗ say whether profexd's target is met.

{_ratios(cells)}
- profexd and DuckDB read the DuckDB file, both within 1 GB (`limits.memory`). DuckDB is
  `COPY table TO file`, with COPY's own codecs and DuckDB's own notation of nested values and times.
- polars (`scan_parquet`, `sink_csv`, `sink_ndjson`, `sink_parquet`), pyarrow (`iter_batches`,
  `CSVWriter`, `CompressedOutputStream`, `ParquetWriter`) and ClickHouse (chdb:
  `SELECT … INTO OUTFILE`) read a Parquet copy (snappy) of the same rows, which is faster for them
  than the DuckDB file. For CSV and XML, polars and ClickHouse turn lists, structs and maps into
  JSON text as profexd does; pyarrow cannot, and reads a copy where they are text already.
- Python libraries take rows from DuckDB (`fetchmany`): openpyxl `write_only`, xlsxwriter
  `constant_memory`, lxml `xmlfile`. They are measured at {min(rows, SAMPLE):,} rows, and their
  time is scaled up.
- Peers' codecs have their usual levels: for zstd 3 in DuckDB, polars and ClickHouse, 1 in pyarrow.
  profexd's are those that make files as small in the least time, 1 for zstd and for gzip: the size
  of each file is below. Parquet compresses within the file. JSON is one object per line. XML is an
  element per column, as ClickHouse and lxml write it too.
- What takes over 2.5 times as long as the fastest ran once; `<` and `>`: ended at a limit of 8
  times profexd's time.

{_details(cells)}"""
    return text + measured()


def own_section(cells: Sequence[Cell], *, rows: int) -> str:
    """Return profexd beside the COPY that writes the same text."""
    text = f"""The COPY evaluates the very expressions that profexd does (RFC 3339 times, JSON for
nested values, exact digits, NULLs left out) over {rows:,} rows within the same 1 GB, straight to a
file: what is more in profexd's time is its own. At most {OWN_BOUND:g} times as long is the bound.

| export | order | MB | profexd s (CPU) | COPY s (CPU) | ratio | of CPU |
|---|---|--:|--:|--:|--:|--:|
"""
    for cell in cells:
        ours, copy = cell["profexd"], cell["same text"]
        ratio = ours.seconds / copy.seconds
        text += (
            f"| {ours.case.export} | {'by the key' if ours.case.ordered else 'none'}"
            f" | {ours.size / 1e6:,.0f} | {_time(ours)} | {_time(copy)}"
            f" | {ratio:.2f} {verdict(ratio <= OWN_BOUND)} | {ours.cpu / copy.cpu:.2f} |\n"
        )
    return text + "\n" + measured()


def memory_section(results: Sequence[tuple[Result, Result]], *, rows: int) -> str:
    """Return the peak memory of each format."""
    text = f"""Peak resident memory of the whole process over {rows:,} rows (Excel: at most
{MAX_SHEET_ROWS:,}). The bound is `limits.memory` + 300 MB = {MEMORY_BOUND / 1e6:,.0f} MB.

| export | peak, no order | peak, by the key | seconds, no order | seconds, by the key |
|---|--:|--:|--:|--:|
"""
    for unordered, ordered in results:
        text += (
            f"| {unordered.case.export} | {_peak(unordered)} | {_peak(ordered)}"
            f" | {unordered.seconds:.1f} | {ordered.seconds:.1f} |\n"
        )
    return text + "\n" + measured()


def split_section(parts: Parted, partitions: Parted) -> str:
    """Return what exports of several files gave."""
    text = f"""Ordered CSV, split at a third of its size, and ordered CSV in partitions of very
different sizes; peak resident memory of the whole process, whose bound is `limits.memory` + 300 MB
= {MEMORY_BOUND / 1e6:,.0f} MB. Every file was read again: the rows are those of the source, in its
order, each file has its header, and no part is larger than `max_size` by more than a tenth.

| export | rows | files | bytes of a file | rows of a file | seconds | peak |
|---|--:|--:|--:|--:|--:|--:|
"""
    for name, found in (("split", parts), ("partitions", partitions)):
        text += (
            f"| {name} | {found.rows:,} | {found.files:,}"
            f" | {found.smallest:,} to {found.largest:,}"
            f" | {found.fewest_rows:,} to {found.most_rows:,}"
            f" | {found.seconds:.1f} | {found.peak / 1e6:,.0f} MB"
            f" {verdict(found.peak <= MEMORY_BOUND)} |\n"
        )
    return text + "\n" + measured()


def _ratios(cells: Sequence[Cell]) -> str:
    text = f"| export | {' | '.join(NAMES[way] for way in _COLUMNS)} | Python library | target |\n"
    text += f"|---|{'--:|' * len(_COLUMNS)}---|--:|\n"
    for cell in cells:
        export = cell["profexd"].case.export
        fastest = min(result.seconds for way, result in cell.items() if way != "profexd")
        ratios = [_ratio(cell.get(way), fastest) for way in _COLUMNS]
        loops = ", ".join(
            f"{NAMES[way]} {_ratio(cell[way], fastest)}" for way in _LOOPS if way in cell
        )
        target = TARGETS.get(export)
        met = ""
        if target is not None:
            met = f"{target:g} {verdict(fastest / cell['profexd'].seconds >= target)}"
        ratios[0] = f"**{ratios[0]}**"
        text += f"| {export} | {' | '.join(ratios)} | {loops or '–'} | {met or '–'} |\n"
    return text


def _details(cells: Sequence[Cell]) -> str:
    text = "| export | tool | seconds | CPU seconds | peak MB | file MB | runs |\n"
    text += "|---|---|--:|--:|--:|--:|--:|\n"
    for cell in cells:
        rows = cell["profexd"].case.rows
        for way, result in cell.items():
            scaled = " (scaled)" if result.case.rows < rows else ""
            text += f"| {result.case.export} | {NAMES[way]}{scaled} |"
            if result.capped:
                text += f" > {result.seconds:.0f} | – | – | – | {result.runs} |\n"
                continue
            text += (
                f" {result.seconds:.2f} | {result.cpu:.1f} | {result.peak / 1e6:,.0f}"
                f" | {result.size / 1e6:,.0f} | {result.runs} |\n"
            )
    return text + "\n"


def _ratio(result: Result | None, fastest: float) -> str:
    if result is None:
        return "–"
    return f"{'< ' if result.capped else ''}{fastest / result.seconds:.2f}"


def _time(result: Result) -> str:
    return f"{result.seconds:.2f} ({result.cpu:.1f})"


def verdict(met: bool) -> str:
    """Say whether a target is met."""
    return "✓" if met else "✗"


def _peak(result: Result) -> str:
    return f"{result.peak / 1e6:,.0f} MB {verdict(result.peak <= MEMORY_BOUND)}"


def _installed(package: str) -> str:
    """Return name and version, or nothing: peers are there only where they are measured."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def measured() -> str:
    """Return when, on what machine and with which packages it was measured."""
    packages = [text for name in _PACKAGES if (text := _installed(name))]
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores"
        f" ({model or platform.machine()}), {memory:.0f} GB, Linux {platform.release()},"
        f" load {os.getloadavg()[1]:.1f}; Python {platform.python_version()},\n"
        f"{', '.join(packages[:4])},\n{', '.join(packages[4:])}.\n"
    )
