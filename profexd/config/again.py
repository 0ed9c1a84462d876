"""Reading files again: what a file said holds for as long as it, and all it refers to, stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from profexd.config.model import Pipeline
from profexd.config.sketch import Sketch
from profexd.config.text.problems import Scope
from profexd.wire import ProblemJson

_SETTLED_NS = 2 * 10**9
"""A file that changed later than so long ago may change again within one tick of its clock."""

Identity = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What one pipeline file said, before it was held against others."""

    problems: tuple[ProblemJson, ...]
    pipeline: Pipeline | None = None
    scope: Scope | None = None
    """Where its keys stand; none where it cannot be read."""
    content: str = ""
    sketch: Sketch | None = None
    """What there is to say of a file that is wrong."""


@dataclass(frozen=True, slots=True)
class _Kept:
    around: object = None
    reads: dict[str, tuple[Identity, Read]] = field(default_factory=dict)


class Readings:
    """What the last reading of a tree found; for one tree, and for several threads."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._kept = _Kept()

    def begin(self, around: object) -> Reading:
        """Begin to read; ``around`` is all that a pipeline goes by, apart from its own file."""
        kept = self._kept
        return Reading(self, kept if kept.around == around else _Kept(around), self._clock())

    def end(self, around: object, reads: dict[str, tuple[Identity, Read]]) -> None:
        """Keep what a whole reading found."""
        self._kept = _Kept(around, reads)


class Reading:
    """One reading of a tree."""

    def __init__(self, readings: Readings, kept: _Kept, now: int) -> None:
        self._readings = readings
        self._kept = kept
        self._now = now
        self._found: dict[str, tuple[Identity, Read]] = {}

    def read(self, name: str, path: Path, read: Callable[[], Read]) -> Read:
        """Return what a file says: what it said, where it is the same, else what ``read`` finds."""
        # Looked at first: what changes while it is read is another file the next time.
        identity = self._identity(path)
        known = self._kept.reads.get(name)
        found = known[1] if known is not None and known[0] == identity else read()
        if identity is not None:
            self._found[name] = identity, found
        return found

    def end(self) -> None:
        """Keep what was found, for the next reading."""
        self._readings.end(self._kept.around, self._found)

    def _identity(self, path: Path) -> Identity | None:
        """Return what tells a file from any other; None where nothing does for certain."""
        try:
            about = path.stat()
        except OSError:
            return None
        changed = max(about.st_mtime_ns, about.st_ctime_ns)
        if not 0 <= changed <= self._now - _SETTLED_NS:
            return None
        return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
