"""Held runs: what waits until somebody approves or rejects it, or until its time is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.daemon.runs.endings import Endings
from profexd.daemon.runs.lives import Runs
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.state import ledger
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Scribe
from profexd.daemon.state.store import Store
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
        endings: Endings,
        *,
        store: Store,
        scribe: Scribe,
        logs: RunLogs,
        timetable: Timetable,
        documents: Callable[[Run], dict[str, Any] | None],
        now: Callable[[], datetime],
    ) -> None:
        self._runs = runs
        self._roster = runs.roster
        self._endings = endings
        self._store = store
        self._scribe = scribe
        self._logs = logs
        self._timetable = timetable
        self._documents = documents
        self._now = now

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
        approved = ledger.decided(run, "approved", by=by, note=note, now=self._now())
        approved = replace(approved, status=RunStatus.RUNNING, attempt=1)
        self._store.save_run(approved)
        self._forget(run_id)
        self._log_decision(approved)
        self._runs.deliver(approved, documents, self._timetable.export_id(run.pipeline))
        return approved

    def reject(self, run_id: str, *, by: str, note: str) -> Run:
        """End a held run; what it has built goes."""
        return self._reject(self._held(run_id), by=by, note=note)

    def hold_again(self, run: Run) -> None:
        """Let an approved run wait once more: it cannot be delivered as things stand."""
        assert run.hold is not None
        hold = replace(run.hold, decision=None, by="", note="", decided_at=None)
        held = replace(run, status=RunStatus.HELD, hold=hold, error=ledger.undelivered())
        self._store.save_run(held)
        self._roster.held[run.run_id] = held

    def expire(self, now: datetime) -> None:
        """Reject the runs whose time is over."""
        for run in list(self._roster.held.values()):
            if run.hold is not None and run.hold.until <= now:
                log.warning("hold_expired", extra={"run_id": run.run_id, "pipeline": run.pipeline})
                self._reject(run, by=DAEMON, note="nobody decided in time (hold_expiry)")

    def skip_waiting(self) -> None:
        """Skip the runs that wait behind a held one."""
        for run in list(self._roster.pending.values()) if self._roster.held else ():
            held = self._roster.holding(run.pipeline)
            if held is not None and run.origin is None:
                self._runs.drop(run, RunStatus.SKIPPED, because(held))

    def next_wake(self) -> datetime | None:
        """Return when the next hold expires."""
        ends = [run.hold.until for run in self._roster.held.values() if run.hold is not None]
        return min(ends, default=None)

    def _reject(self, run: Run, *, by: str, note: str) -> Run:
        rejected = ledger.decided(run, "rejected", by=by, note=note, now=self._now())
        rejected = replace(rejected, status=RunStatus.STOPPED, finished_at=self._now())
        documents = usable(run.documents, self._documents(run))
        ended = self._scribe.settle(rejected)
        self._forget(run.run_id)
        self._log_decision(rejected)
        if documents is not None and self._store.handles(run.run_id):
            export_id = self._timetable.export_id(run.pipeline)
            self._endings.discard(ended, documents, export_id)
        self._endings.conclude(ended)
        return ended

    def _forget(self, run_id: str) -> None:
        del self._roster.held[run_id]
        # What is decided now is written; that it was held is not to be written over it.
        self._roster.unwritten.pop(run_id, None)

    def _log_decision(self, run: Run) -> None:
        assert run.hold is not None
        self._logs.write(run.run_id, "info", ledger.decision_of(run.hold))

    def _held(self, run_id: str) -> Run:
        run = self._roster.find(run_id)
        active = self._roster.active.get(run_id)
        if active is not None and run.status is RunStatus.HELD:
            self._endings.let_go(active)
        if run_id not in self._roster.held:
            raise Refused(
                f"run {run_id} is {run.status}, not held",
                hint=f"profexctl show {run_id}",
                code="not_held",
            )
        return run


def because(held: Run) -> str:
    """Return why nothing else of a pipeline runs while ``held`` is held."""
    return f"run {held.run_id} is held: approve or reject it first"
