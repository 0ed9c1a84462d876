"""Sends one file over several ways, in alternation, and writes what that took."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SMALL = 10
"""The small file is this many times smaller: memory must not grow with the size."""
_GROWTH = 20e6
"""What may differ without being growth."""

Taken = tuple[float, float, int]
"""Seconds, seconds of CPU, and the peak of memory; a peak of 0 was not measured."""


@dataclass
class Way:
    """One way to bring the file there, and what each time took."""

    name: str
    send: Callable[[Path], Taken]
    found: list[Taken] = field(default_factory=list)

    def median(self, place: int) -> float:
        """Return the median of seconds (0) or of seconds of CPU (1)."""
        return statistics.median(one[place] for one in self.found)

    @property
    def peak(self) -> int:
        """The most memory of all times."""
        return max(one[2] for one in self.found)


def compare(ways: Sequence[Way], folder: Path, *, size: int, repeat: int, how: str) -> str:
    """Send ``size`` bytes ``repeat`` times each way; return a section of the page.

    profexd is the first way, the peer of its target the second; ``how`` says what is measured.
    """
    file, small = folder / "large.bin", folder / "small.bin"
    _make(file, size)
    _make(small, size // _SMALL)
    for turn in range(repeat):
        for way in ways if turn % 2 == 0 else reversed(ways):
            way.found.append(way.send(file))
            print(way.name, way.found[-1], file=sys.stderr, flush=True)
    return _table(ways, least=ways[0].send(small)[2], size=size, repeat=repeat, how=how)


def _table(ways: Sequence[Way], *, least: int, size: int, repeat: int, how: str) -> str:
    # Imported late: the process that is measured loads none of it.
    from benchmarks.report import measured, verdict

    ours, theirs = ways[0], ways[1]
    lines = [
        f"{size / 1e9:g} GB, {repeat} times each in alternation, in one run; {how}.",
        "",
        "| way | seconds | MB/s | CPU seconds | peak memory |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {way.name} | {way.median(0):.2f} | {size / 1e6 / way.median(0):.0f}"
        f" | {way.median(1):.2f} | {f'{way.peak / 1e6:.0f} MB' if way.peak else ''} |"
        for way in ways
    ]
    ratio = theirs.median(0) / ours.median(0)
    lines += [
        "",
        f"profexd is {ratio:.2f} × as fast as {theirs.name} (target: 1.0 {verdict(ratio >= 1.0)}).",
        f"With a file a {_SMALL}th as large its peak was {least / 1e6:.0f} MB:"
        f" memory does not grow with the file {verdict(ours.peak - least < _GROWTH)}.",
    ]
    return "\n".join(lines) + "\n\n" + measured()


def _make(file: Path, size: int) -> None:
    chunk = os.urandom(1_000_000)
    with file.open("wb") as out:
        for _ in range(size // len(chunk)):
            out.write(chunk)
