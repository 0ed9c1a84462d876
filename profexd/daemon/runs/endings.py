"""The ends of runs: what it means that a child is gone, and who goes on where it must."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from profexd.daemon.runs.children import Children
from profexd.daemon.runs.roster import Roster
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.supervisor import WorkerEnded
from profexd.daemon.runs.targets import Turns
from profexd.daemon.state import ledger
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Active, Scribe
from profexd.daemon.state.store import Store
from profexd.wire import ErrorJson, RunStatus

log = logging.getLogger(__name__)

KILL_GRACE = 10.0
"""A worker that was asked to stop has so long to discard what it staged."""
_PAUSES = (0.0, 1.0, 10.0, 60.0, 600.0)
"""Seconds before each try to finish what a dead worker had begun to publish; the last one stays."""
_QUICK_TRIES = 3
"""After so many in vain somebody is told."""


class Endings:
    """Ends runs, in the store first. The core alone calls it."""

    def __init__(
        self,
        *,
        roster: Roster,
        children: Children,
        store: Store,
        scribe: Scribe,
        turns: Turns,
        logs: RunLogs,
        now: Callable[[], datetime],
        changed: Callable[[Run], None],
        over: Callable[[Run], None],
        publish_again: Callable[[str], None],
    ) -> None:
        self._roster = roster
        self._children = children
        self._store = store
        self._scribe = scribe
        self._turns = turns
        self._logs = logs
        self._now = now
        self._changed = changed
        self._over = over
        self._publish_again = publish_again
        self._draining = False

    def end(self, active: Active, reason: ledger.Reason) -> None:
        """Ask the child of a run to stop; it is killed where it does not."""
        active.reason = active.reason or reason
        self._turns.refuse(active.run.run_id)
        active.child.terminate(KILL_GRACE)

    def ended(self, ended: WorkerEnded, *, draining: bool) -> None:
        """A child is gone: the run is over, or another child finishes it."""
        run_id = ended.child.job.run_id
        cleaned = self._roster.cleaning.get(run_id) is ended.child
        if cleaned:
            del self._roster.cleaning[run_id]
            if any(not handle.published for handle in self._store.handles(run_id)):
                log.warning("staged files are left until the next start", extra={"run_id": run_id})
        active = self._roster.active.get(run_id)
        if active is None or active.child is not ended.child:
            return
        if cleaned and not active.reason and not draining:
            # It was approved meanwhile.
            job = ended.child.job
            active.child = self._children.start(
                "deliver", active.run, active.documents, job.export_id
            )
            return
        if cleaned:
            active.reason = active.reason or "drain"
        _forget_timers(active)
        if active.told is None and active.run.publishing:
            self._died_publishing(active, ended, draining=draining)
            return
        told = active.told is not None
        run = self._reload(run_id) if told else self._died(active, ended)
        # Not before the store has it: a message that could not be taken comes again.
        del self._roster.active[run_id]
        staged = any(not handle.published for handle in self._store.handles(run_id))
        # A worker that ended in order has tried to discard; only the next start tries again.
        if staged and not told and not draining and run_id not in self._roster.unwritten:
            self.discard(run, active.documents, ended.child.job.export_id)
        if run.status is RunStatus.RUNNING:
            self._turns.over(run_id)
            self._pass_on(run)
            return
        if run.status is RunStatus.HELD:
            self._roster.held[run.run_id] = run
        self.conclude(run)

    def let_go(self, active: Active) -> None:
        """Do not wait for the process of a run that is written to be held: it has nothing to do."""
        _forget_timers(active)
        active.child.kill()
        del self._roster.active[active.run.run_id]
        self._roster.held[active.run.run_id] = active.run
        self.conclude(active.run)

    def _died(self, active: Active, ended: WorkerEnded) -> Run:
        if active.reason:
            return self._end(active, RunStatus.STOPPED)
        error = ended.violation or ledger.died(ended.how, ended.last_words)
        return self._end(active, RunStatus.FAILED, error)

    def _end(self, active: Active, status: RunStatus, error: ErrorJson | None = None) -> Run:
        """End a run. It is over even where the store cannot take that yet."""
        try:
            return self._scribe.end(active, status, error)
        except sqlite3.Error as why:
            log.error(  # noqa: TRY400 - a full disk is no mistake of ours
                "the end of a run is not written yet",
                extra={"run_id": active.run.run_id, "error": str(why)},
            )
            run = ledger.ended(active.run, status, error, reason=active.reason, now=self._now())
            self._roster.unwritten[run.run_id] = run
            return run

    def write_again(self) -> Iterator[Run]:
        """Write the ends that the store could not take; yields what is written now."""
        for run_id, run in list(self._roster.unwritten.items()):
            try:
                written = self._scribe.write_end(run)
            except sqlite3.Error:
                return
            del self._roster.unwritten[run_id]
            yield written

    def _died_publishing(self, active: Active, ended: WorkerEnded, *, draining: bool) -> None:
        """Go forward: end what is published, or let others publish it, now or at the next start."""
        run = active.run
        self._logs.write(run.run_id, "error", f"the process died while it published: {ended.how}")
        if ledger.published(run):
            done = self._end(active, RunStatus.DONE)
            del self._roster.active[run.run_id]
            self.conclude(done)
            return
        active.deaths += 1
        if draining:
            self._leave(active, ended.how)
            return
        if active.deaths > _QUICK_TRIES:
            self._say_stuck(active, ledger.half_published(ended.how))
        pause = _PAUSES[min(active.deaths, len(_PAUSES)) - 1]
        active.resting = True
        loop = asyncio.get_running_loop()
        active.timer = loop.call_later(pause, self._publish_again, run.run_id)

    def publish_again(self, run_id: str) -> None:
        """Start the next process of a run whose last one died while it published."""
        active = self._roster.active.get(run_id)
        if active is not None and active.resting:
            active.resting = False
            job = active.child.job
            active.child = self._children.start(
                "finish", active.run, active.documents, job.export_id
            )

    def strand(self, run: Run) -> None:
        """Keep a half-published run in the way of what comes after it: nobody can finish it now."""
        run = replace(run, error=ledger.stranded(run))
        self._turns.keep(run)
        self._roster.stranded[run.run_id] = run
        self._logs.begin(run.run_id)
        self._log_error(run, ledger.stranded(run))
        self._logs.end(run.run_id)
        self._changed(run)

    def complete(self, run: Run) -> None:
        """End a run that an earlier daemon did not come to end: all of it is published."""
        ended = ledger.ended(run, RunStatus.DONE, None, reason="", now=self._now())
        self._logs.begin(run.run_id)
        self.conclude(self._scribe.settle(ended))

    def give_up(self, run: Run) -> Run:
        """End a half-published run that nobody can finish, because somebody wants so."""
        ended = ledger.ended(run, RunStatus.FAILED, run.error, reason="", now=self._now())
        ended = self._scribe.settle(ended)
        del self._roster.stranded[run.run_id]
        self._logs.begin(run.run_id)
        self.conclude(ended)
        return ended

    def drain(self) -> None:
        """Leave to the next start what is tried again only after a pause, and who waits for it."""
        self._draining = True
        for active in list(self._roster.active.values()):
            if active.resting:
                self._leave(active, "the daemon ended")
        for run_id in self._roster.stranded:
            self._end_behind(run_id)

    def waits(self, active: Active, other: str) -> None:
        """A run waits for the files of another, which may have been left to the next start."""
        if self._draining and other not in self._roster.active:
            self.end(active, "drain")

    def _say_stuck(self, active: Active, error: ErrorJson) -> None:
        """Say once that a run is stuck half-published; it stays in the way of what comes after it.

        What later runs write must not be overwritten by what this one built before them.
        """
        if active.run.error is not None:
            return
        run = active.run = replace(active.run, error=error)
        self._log_error(run, error)
        self._changed(run)
        self._over(run)

    def _leave(self, active: Active, how: str) -> None:
        """Leave a run to the next start: it stays running in the store, with no process.

        Its files stay its own until then: who waits for them ends with this daemon.
        """
        if active.timer is not None:
            active.timer.cancel()
        del self._roster.active[active.run.run_id]
        self._end_behind(active.run.run_id)
        self._pass_on(replace(active.run, error=ledger.half_published(how)))

    def _end_behind(self, run_id: str) -> None:
        for behind in self._turns.behind(run_id):
            waiting = self._roster.active.get(behind)
            if waiting is not None:
                self.end(waiting, "drain")

    def _pass_on(self, run: Run) -> None:
        error = run.error
        assert error is not None
        self._log_error(run, error)
        self._logs.end(run.run_id)
        self._changed(run)
        self._over(run)

    def _log_error(self, run: Run, error: ErrorJson, *, before: str = "") -> None:
        hint = f" ({error['hint']})" if error["hint"] else ""
        self._logs.write(run.run_id, "error", f"{before}{error['message']}{hint}")

    def conclude(self, run: Run) -> None:
        """Tell everybody that a run is over; the store has it already."""
        self._turns.over(run.run_id)
        if run.error is None:
            summary = f"{run.status}: {run.rows} rows, {run.bytes} bytes"
            self._logs.write(run.run_id, "info", summary)
        else:
            self._log_error(run, run.error, before=f"{run.status}: ")
        self._logs.end(run.run_id)
        self._changed(run)
        self._over(run)

    def discard(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Remove what an ended run left staged, in the background."""
        if run.run_id not in self._roster.cleaning:
            self._roster.cleaning[run.run_id] = self._children.start(
                "discard", run, documents, export_id
            )

    def interrupt(self, run: Run) -> Run:
        """Record that a run ended with an earlier daemon, before it had begun to publish."""
        ended = self._scribe.settle(
            ledger.ended(run, RunStatus.INTERRUPTED, None, reason="", now=self._now())
        )
        self._logs.write(run.run_id, "error", "the daemon ended while the run was going on")
        return ended

    def _reload(self, run_id: str) -> Run:
        run = self._store.run(run_id)
        assert run is not None
        return run


def _forget_timers(active: Active) -> None:
    for timer in (active.timer, active.telling):
        if timer is not None:
            timer.cancel()
    active.timer = active.telling = None
