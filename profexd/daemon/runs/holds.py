"""Held runs: what waits until somebody approves or rejects it, or until its time is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.daemon.runs.lives import Runs
from profexd.daemon.state.records import Run
from profexd.daemon.state.withheld import usable
from profexd.daemon.timing.decide import Refused
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.daemon.timing.timetable import Timetable

log = logging.getLogger(__name__)

DAEMON = "profexd"
"""Who rejects a run whose time is over."""


class Holds:
    """Decides on held runs. The core alone calls it."""

    def __init__(
        self,
        runs: Runs,
        timetable: Timetable,
        documents: Callable[[Run], dict[str, Any] | None],
    ) -> None:
        self._runs = runs
        self._timetable = timetable
        self._documents = documents

    def approve(self, run_id: str, *, by: str, note: str) -> Run:
        """Deliver what a held run has built; Refused where that cannot be."""
        run = self._held(run_id)
        documents = usable(run.documents, self._documents(run))
        if documents is None:
            raise Refused(
                f"run {run_id} cannot be delivered: the pipeline {run.pipeline} is gone, and with"
                " it the secrets of its sinks",
                hint=f"put its file back, or profexctl reject {run_id}",
                code="held",
            )
        export_id = self._timetable.export_id(run.pipeline)
        return self._runs.approve(run, documents, export_id, by=by, note=note)

    def reject(self, run_id: str, *, by: str, note: str) -> Run:
        """End a held run; what it has built goes."""
        return self._runs.reject(self._held(run_id), by=by, note=note)

    def expire(self, now: datetime) -> None:
        """Reject the runs whose time is over."""
        for run in list(self._runs.held.values()):
            if run.hold is not None and run.hold.until <= now:
                log.warning("hold_expired", extra={"run_id": run.run_id, "pipeline": run.pipeline})
                self._runs.reject(run, by=DAEMON, note="nobody decided in time (hold_expiry)")

    def skip_waiting(self) -> None:
        """Skip the runs that wait behind a held one."""
        for run in list(self._runs.pending.values()) if self._runs.held else ():
            held = self._runs.holding(run.pipeline)
            if held is not None and run.origin is None:
                self._runs.drop(run, RunStatus.SKIPPED, because(held))

    def next_wake(self) -> datetime | None:
        """Return when the next hold expires."""
        ends = [run.hold.until for run in self._runs.held.values() if run.hold is not None]
        return min(ends, default=None)

    def _held(self, run_id: str) -> Run:
        run = self._runs.find(run_id)
        if run_id not in self._runs.held:
            raise Refused(
                f"run {run_id} is {run.status}, not held",
                hint=f"profexctl show {run_id}",
                code="not_held",
            )
        return run


def because(held: Run) -> str:
    """Return why nothing else of a pipeline runs while ``held`` is held."""
    return f"run {held.run_id} is held: approve or reject it first"
