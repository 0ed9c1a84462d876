"""What is promised of recovery, and where it was not kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Invariant(StrEnum):
    """What has to be true whatever dies, whenever."""

    PARTIAL = "no reader ever sees half a file"
    SECOND = "nothing is delivered a second time"
    MISSING = "nothing is missing"
    LEFTOVER = "nothing is left over"
    CHANGES = "no change is lost or repeated"
    APPROVED = "what was approved is what is delivered"
    CHAIN = "manifests come last, and form one chain"
    STATUS = "every run says how it ended"
    STATE = "state moves only after delivery"


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was not kept, and what had been killed before."""

    invariant: Invariant
    pipeline: str
    words: str
    killed: str


@dataclass(slots=True)
class Findings:
    """What one sink's torture came to."""

    sink: str
    workers: int = 0
    daemons: int = 0
    rounds: int = 0
    files: int = 0
    """How many different files readers saw."""
    checks: Counter[Invariant] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return self.workers + self.daemons

    def count(self, invariant: Invariant) -> int:
        """Return how often a promise was not kept."""
        return sum(violation.invariant is invariant for violation in self.violations)
