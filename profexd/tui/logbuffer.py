"""A run's log in memory: a ring of numbered lines that can be held still and filtered by level."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from itertools import islice
from typing import Literal, TypedDict

from profexd.tui import humane
from profexd.wire import LogLineJson


class Mark(TypedDict):
    """A line that the reader drew."""

    at: str
    level: Literal["mark"]
    message: str


Line = LogLineJson | Mark

CAPACITY = 10_000
LEVELS = ("debug", "info", "warning", "error")
LETTERS = {"debug": "D", "info": "I", "warning": "W", "error": "E", "mark": "-"}


class LogBuffer:
    """Keeps the last ``capacity`` lines. While held, new lines wait aside and are counted."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lines: deque[Line] = deque()
        self._waiting: deque[Line] = deque()
        self.first = 0
        self.held = False
        self.dropped = 0
        self.level = LEVELS[0]
        self.since = ""
        """Lines before this time are not shown: RFC 3339 in UTC, as they carry it."""

    @property
    def waiting(self) -> int:
        """How many lines came while held, the dropped ones among them not counted."""
        return len(self._waiting)

    @property
    def end(self) -> int:
        """The number that the next line will get."""
        return self.first + len(self._lines)

    def add(self, lines: Iterable[Line]) -> None:
        """Take in lines; the oldest fall out where there are too many."""
        if self.held:
            self._waiting.extend(lines)
            while len(self._waiting) > self._capacity:
                self._waiting.popleft()
                self.dropped += 1
        else:
            self._lines.extend(lines)
            self._trim()

    def mark(self, line: Mark) -> None:
        """Put a line of the reader's own after what is there, held or not."""
        self._lines.append(line)
        if not self.held:
            self._trim()

    def hold(self) -> None:
        """Keep what is there as it is."""
        self.held = True

    def release(self) -> None:
        """Take in what waited."""
        self.held = False
        self._lines.extend(self._waiting)
        self._waiting.clear()
        self._trim()

    def clear(self) -> None:
        """Forget everything but the level."""
        self.first = self.end
        self._lines.clear()
        self._waiting.clear()
        self.dropped = 0
        self.held = False

    def next_level(self) -> str:
        """Go to the next lowest level, and after the last back to the first."""
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]
        return self.level

    def shown_from(self, number: int) -> Iterator[tuple[int, Line]]:
        """Yield the lines of the chosen levels, from ``number`` on, with their numbers."""
        wanted = {"mark", *LEVELS[LEVELS.index(self.level) :]}
        start = max(number - self.first, 0)
        for index, line in enumerate(islice(self._lines, start, None), self.first + start):
            if line["level"] in wanted and line["at"] >= self.since:
                yield index, line

    def _trim(self) -> None:
        while len(self._lines) > self._capacity:
            self._lines.popleft()
            self.first += 1


def plain(line: Line, zone: tzinfo | None, *, times: bool) -> str:
    """Return a line as it is shown, saved and copied."""
    letter = LETTERS.get(line["level"], "?")
    instant = humane.parse(line["at"]) if times else None
    stamp = f"{instant.astimezone(zone):%H:%M:%S} " if instant else ""
    return f"{stamp}{letter} {line['message']}"
