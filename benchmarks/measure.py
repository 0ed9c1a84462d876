"""Runs cases in processes of their own, in alternation, each with an end to its patience."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cases import Case, Way
from benchmarks.inputs import Inputs

ROOT = Path(__file__).resolve().parent.parent
CAP = 60.0
"""Seconds after which no case goes on."""
_PATIENCE = 8.0
"""A peer may take this many times as long as profexd took; then its time is said to be longer."""
_LEAST_CAP = 10.0
_SLOW = 2.5
"""What takes this many times as long as the fastest is not repeated: it is not close."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a case gave: medians over its runs, scaled to all rows where it had fewer."""

    case: Case
    seconds: float
    cpu: float
    size: int
    peak: int
    runs: int = 1
    capped: bool = False
    """It was ended: it takes longer than ``seconds``."""


def measure(case: Case, inputs: Inputs, cap: float = CAP) -> Result:
    """Run one case in a process of its own."""
    folder = inputs.folder / "work"
    job = {"case": case.as_json(), "inputs": str(inputs.folder), "folder": str(folder)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.child", json.dumps(job)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=cap,
        )
    except subprocess.TimeoutExpired:
        result = Result(case, cap, 0.0, 0, 0, capped=True)
    else:
        result = Result(case, **json.loads(done.stdout.splitlines()[-1]))
    print(result, file=sys.stderr, flush=True)
    return result


class Comparison:
    """The ways to make one export, measured once each turn."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        """profexd's first; it has all rows."""
        self._found: dict[Way, list[Result]] = {case.way: [] for case in cases}
        self._turns = 0
        self._cap = CAP

    def turn(self, inputs: Inputs) -> None:
        """Measure each way that is close, in the other order than the last time."""
        fastest = min((runs[0].seconds for runs in self._found.values() if runs), default=0.0)
        for case in self.cases if self._turns % 2 == 0 else reversed(self.cases):
            runs = self._found[case.way]
            if runs and case.way != "profexd" and runs[0].seconds > _SLOW * fastest:
                continue
            result = _scaled(measure(case, inputs, self._cap), self.cases[0].rows)
            runs.append(result)
            if case.way == "profexd":
                self._cap = min(CAP, max(_LEAST_CAP, _PATIENCE * result.seconds))
        self._turns += 1

    def results(self) -> dict[Way, Result]:
        """Return the medians."""
        return {way: _median(runs) for way, runs in self._found.items()}


def compare(
    comparisons: Sequence[Comparison], inputs: Inputs, *, repeat: int, budget: float
) -> list[dict[Way, Result]]:
    """Take up to ``repeat`` turns of all, but begin no second turn after ``budget`` seconds."""
    end = time.monotonic() + budget
    for turn in range(repeat):
        for comparison in comparisons:
            if turn == 0 or time.monotonic() < end:
                comparison.turn(inputs)
    return [comparison.results() for comparison in comparisons]


def _scaled(result: Result, rows: int) -> Result:
    if result.case.rows >= rows:
        return result
    factor = rows / result.case.rows
    return replace(
        result,
        seconds=result.seconds * factor,
        cpu=result.cpu * factor,
        size=round(result.size * factor),
    )


def _median(runs: Sequence[Result]) -> Result:
    return replace(
        runs[0],
        seconds=statistics.median(run.seconds for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        peak=max(run.peak for run in runs),
        runs=len(runs),
        capped=any(run.capped for run in runs),
    )
