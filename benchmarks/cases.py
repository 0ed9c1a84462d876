"""What is measured: each export three ways, and how they are paired."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal["profexd", "copy", "same text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One export in one way.

    ``profexd`` is a real build. ``copy`` is what one would type: ``COPY table TO file``, with
    COPY's own gzip. ``same text`` is a COPY of the very expressions that profexd evaluates, so
    that both write the same text; it never compresses.
    """

    way: Way
    format: str
    compression: str = "none"
    ordered: bool = False

    @property
    def name(self) -> str:
        return self.format + (".gz" if self.compression == "gzip" else "")

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


EXPORTS = {
    "csv": ("csv", "none"),
    "csv.gz": ("csv", "gzip"),
    "json": ("json", "none"),
    "json.gz": ("json", "gzip"),
    "parquet": ("parquet", "none"),
}
"""Format and codec of each."""


def rivals(format_: str, compression: str, *, ordered: bool) -> list[Case]:
    """Return the ways to make one export, profexd's first."""
    ways: list[Way] = ["profexd", "copy"]
    if compression == "none":
        ways.append("same text")
    return [Case(way=way, format=format_, compression=compression, ordered=ordered) for way in ways]
