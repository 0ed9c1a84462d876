"""What is measured: each export, the ways to make it, and what is fair about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal[
    "profexd",
    "same text",
    "duckdb",
    "polars",
    "pyarrow",
    "clickhouse",
    "openpyxl",
    "xlsxwriter",
    "lxml",
]
SAMPLE = 20_000
"""Rows for the ways that loop over rows in Python; their time is scaled up to all rows."""
SHEET_ROWS = 200_000
MAX_SHEET_ROWS = 1_000_000
"""A sheet holds 1,048,576 rows."""
_SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}
_LOOPS: frozenset[Way] = frozenset({"openpyxl", "xlsxwriter", "lxml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One export in one way.

    ``profexd`` is a real build. ``same text`` is a COPY of the very expressions that profexd
    evaluates, so that both write the same text; it never compresses. All others are what one
    would type with that tool.
    """

    way: Way
    format: str
    compression: str = "none"
    ordered: bool = False
    rows: int

    @property
    def export(self) -> str:
        """The export's name in tables; Parquet compresses within the file."""
        if self.format == "parquet":
            return {"none": "parquet, plain", "gzip": "parquet, gzip"}.get(
                self.compression, "parquet, zstd"
            )
        return self.format + _SUFFIXES[self.compression]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Export:
    """A format with a codec, and the peers that can write it."""

    format: str
    compression: str
    peers: tuple[Way, ...]

    def cases(self, rows: int) -> list[Case]:
        """Return every way to make it, profexd's first."""
        rows = min(rows, SHEET_ROWS) if self.format == "excel" else rows
        return [
            Case(
                way=way,
                format=self.format,
                compression=self.compression,
                rows=min(rows, SAMPLE) if way in _LOOPS else rows,
            )
            for way in ("profexd", *self.peers)
        ]


_PEERS: dict[str, tuple[Way, ...]] = {
    "csv": ("duckdb", "polars", "pyarrow", "clickhouse"),
    "json": ("duckdb", "polars", "clickhouse"),
    "parquet": ("duckdb", "polars", "pyarrow", "clickhouse"),
    "xml": ("clickhouse", "lxml"),
}
EXPORTS: tuple[Export, ...] = (
    *(
        Export(format_, compression, peers)
        for format_, peers in _PEERS.items()
        for compression in ("none", "gzip", "zstd")
    ),
    Export("excel", "none", ("openpyxl", "xlsxwriter")),
)
"""A workbook is compressed in itself: no codec around it."""

BESIDE_COPY = ("csv", "json", "parquet")
"""Formats that COPY can write from profexd's own expressions."""


def beside_copy(format_: str, rows: int, *, ordered: bool) -> list[Case]:
    """Return profexd's way and the COPY of the same text."""
    compression = "zstd" if format_ == "parquet" else "none"
    ways: tuple[Way, ...] = ("profexd", "same text")
    return [
        Case(way=way, format=format_, compression=compression, ordered=ordered, rows=rows)
        for way in ways
    ]
