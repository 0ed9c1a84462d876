"""How fast a run goes, and when its phase will be over: from the progress that was heard of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from profexd.wire import RunningJson

_LEAST = timedelta(seconds=1)
"""Shorter spans say nothing about a pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The first and the last progress of one phase of one run."""

    run_id: str
    phase: str | None
    since: datetime
    first: RunningJson
    at: datetime
    last: RunningJson

    @property
    def span(self) -> timedelta | None:
        """How long the phase was watched, once that says something."""
        span = self.at - self.since
        return span if span >= _LEAST else None

    @property
    def rows_per_second(self) -> float | None:
        """How many rows a second."""
        return self._rate(self.last["rows"] - self.first["rows"])

    @property
    def bytes_per_second(self) -> float | None:
        """How many bytes a second."""
        return self._rate(self.last["bytes"] - self.first["bytes"])

    def left(self, now: datetime) -> timedelta | None:
        """Return how long the phase will still take, if it goes on as it did."""
        begun, done = self.first["percent"], self.last["percent"]
        if self.span is None or begun is None or done is None or done <= begun:
            return None
        whole = self.span * ((100.0 - done) / (done - begun))
        return max(whole - (now - self.at), timedelta())

    def _rate(self, amount: int) -> float | None:
        return amount / self.span.total_seconds() if self.span and amount > 0 else None


def paced(pace: Pace | None, running: RunningJson, at: datetime) -> Pace:
    """Return the pace after one more progress; another run or phase begins anew."""
    if (
        pace is None
        or (pace.run_id, pace.phase) != (running["run_id"], running["phase"])
        or running["rows"] < pace.last["rows"]
    ):
        return Pace(running["run_id"], running["phase"], at, running, at, running)
    return replace(pace, at=at, last=running)
