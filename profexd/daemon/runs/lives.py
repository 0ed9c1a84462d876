"""The lives of runs: queued, started as children, told of by messages, ended and cleaned up."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.api.units import parse_duration
from profexd.config.readers.documents import DEFAULT_TIMEOUT
from profexd.config.text.values import digest
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import Child, Supervisor, WorkerEnded, WorkerSaid
from profexd.daemon.runs.targets import Turns
from profexd.daemon.state import ledger
from profexd.daemon.state.ledger import MOST_WARNINGS
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Active, Scribe
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import withhold
from profexd.daemon.timing.decide import NotFound, Refused
from profexd.export.job import Action, Handle, Job
from profexd.export.messages import (
    Finished,
    Logged,
    Planned,
    Progress,
    Published,
    Staging,
    Unpublished,
)
from profexd.wire import ErrorJson, RunStatus, Trigger

if TYPE_CHECKING:
    from profexd.config.model import Pipeline

log = logging.getLogger(__name__)

KILL_GRACE = 10.0
"""A worker that was asked to stop has so long to discard what it staged."""
_LINGER = 10.0
_PAUSES = (0.0, 1.0, 10.0)
"""Seconds before each try to finish what a dead worker had begun to publish."""


class Runs:
    """Every run that is not over. The core alone calls it, and is told of every change."""

    def __init__(
        self,
        *,
        store: Store,
        supervisor: Supervisor,
        logs: RunLogs,
        spool: Spool,
        now: Callable[[], datetime],
        changed: Callable[[Run], None],
        progressed: Callable[[Active], None],
        files_changed: Callable[[Active], None],
        over: Callable[[Run], None],
        expired: Callable[[str], None],
        publish_again: Callable[[str], None],
    ) -> None:
        self.pending: dict[str, Run] = {}
        self.held: dict[str, Run] = {}
        self.active: dict[str, Active] = {}
        self.cleaning: dict[str, Child] = {}
        self.unwritten: dict[str, Run] = {}
        """Runs that are over, and whose end the store could not take yet."""
        self._store = store
        self._supervisor = supervisor
        self._logs = logs
        self._spool = spool
        self._now = now
        self._changed = changed
        self._progressed = progressed
        self._files_changed = files_changed
        self._over = over
        self._expired = expired
        self._publish_again = publish_again
        self._scribe = Scribe(store, logs, now)
        self._turns = Turns(logs)

    # Asking

    def unfinished(self, pipeline: str) -> list[Run]:
        """Return the runs of a pipeline that are held, running or waiting.

        Not those that send something again: they take nothing's place.
        """
        running = (active.run for active in self.active.values())
        everything = (*self.held.values(), *running, *self.pending.values())
        return [run for run in everything if run.pipeline == pipeline and run.origin is None]

    def holding(self, pipeline: str) -> Run | None:
        """Return the run of a pipeline that is held, if one is."""
        return next((run for run in self.held.values() if run.pipeline == pipeline), None)

    def find(self, run_id: str) -> Run:
        """Return a run, alive or past; NotFound when there is none."""
        if run_id in self.active:
            return self.active[run_id].run
        run = self.pending.get(run_id) or self.held.get(run_id) or self.unwritten.get(run_id)
        run = run or self._store.run(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}", hint="profexctl runs")
        return run

    def recent(self, *, pipeline: str | None, status: str | None, limit: int) -> list[Run]:
        """Return runs, newest first."""
        found = self._store.runs(pipeline=pipeline, status=status, limit=limit)
        return [
            self.active[run.run_id].run
            if run.run_id in self.active
            else self.unwritten.get(run.run_id, run)
            for run in found
        ]

    # Beginning

    def create(
        self,
        pipeline: str,
        trigger: Trigger,
        *,
        scheduled_at: datetime | None = None,
        by: str = "",
        skipped: str = "",
        origin: str | None = None,
        sinks: tuple[str, ...] = (),
    ) -> Run:
        """Write a run down and let it wait, or, with a reason, as skipped."""
        now = self._now()
        run = Run(
            run_id=str(int(now.timestamp())),
            pipeline=pipeline,
            trigger=trigger,
            instant=now,
            by=by,
            scheduled_at=scheduled_at,
            origin=origin,
            sinks=sinks,
        )
        if skipped:
            run = replace(run, status=RunStatus.SKIPPED, finished_at=now, warnings=(skipped,))
        created = self._store.create_run(run)
        self._store.then(lambda: self._created(created))
        return created

    def _created(self, run: Run) -> None:
        if run.status is RunStatus.PENDING:
            self.resume(run)
        self._changed(run)

    def resume(self, run: Run) -> None:
        """Let a run wait for its turn."""
        self.pending[run.run_id] = run
        self._logs.expect(run.run_id)

    def start(self, run: Run, pipeline: Pipeline, export_id: str) -> None:
        """Start the child of a waiting run."""
        started = replace(
            run,
            status=RunStatus.RUNNING,
            started_at=self._now(),
            phase="plan",
            spooled=run.origin is None,
            documents=withhold(pipeline.documents, pipeline.secrets),
        )
        self._store.save_run(started)
        self.pending.pop(run.run_id, None)
        self._logs.begin(run.run_id)
        whom = f" by {run.by}" if run.by else ""
        self._logs.write(run.run_id, "info", f"started ({run.trigger}{whom})")
        action: Action = "run" if run.origin is None else "deliver"
        child = self._child(action, started, pipeline.documents, export_id)
        active = Active(started, child, pipeline.documents)
        active.timer = asyncio.get_running_loop().call_later(
            pipeline.timeout, self._expired, run.run_id
        )
        self.active[run.run_id] = active
        self._changed(started)

    def finish(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Publish what a dead worker had begun to publish; the run goes on."""
        self._logs.begin(run.run_id)
        self._turns.keep(run)
        child = self._child("finish", run, documents, export_id)
        self.active[run.run_id] = Active(run, child, documents)
        self._changed(run)

    def approve(
        self, run: Run, documents: dict[str, Any], export_id: str, *, by: str, note: str
    ) -> Run:
        """Deliver what a held run has built, on somebody's behalf."""
        approved = ledger.decided(run, "approved", by=by, note=note, now=self._now())
        approved = replace(approved, status=RunStatus.RUNNING)
        self._store.save_run(approved)
        self.held.pop(run.run_id, None)
        self._log_decision(approved)
        self.deliver(approved, documents, export_id)
        return approved

    def deliver(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Send what an approved run has built."""
        self._logs.begin(run.run_id)
        child = self._child("deliver", run, documents, export_id)
        active = Active(run, child, documents)
        timeout = parse_duration(documents["pipeline"].get("timeout", DEFAULT_TIMEOUT))
        active.timer = asyncio.get_running_loop().call_later(timeout, self._expired, run.run_id)
        self.active[run.run_id] = active
        self._changed(run)

    def hold(self, run: Run) -> None:
        """Let a run wait until somebody decides."""
        self.held[run.run_id] = run

    def hold_again(self, run: Run) -> None:
        """Let an approved run wait once more: it cannot be delivered as things stand."""
        assert run.hold is not None
        hold = replace(run.hold, decision=None, by="", note="", decided_at=None)
        held = replace(run, status=RunStatus.HELD, hold=hold, error=ledger.undelivered())
        self._store.save_run(held)
        self.hold(held)

    def reject(self, run: Run, *, by: str, note: str) -> Run:
        """End a held run on somebody's behalf."""
        rejected = ledger.decided(run, "rejected", by=by, note=note, now=self._now())
        rejected = replace(rejected, status=RunStatus.STOPPED, finished_at=self._now())
        ended = self._scribe.settle(rejected)
        self.held.pop(run.run_id, None)
        self._log_decision(rejected)
        self._conclude(ended)
        return ended

    def _log_decision(self, run: Run) -> None:
        assert run.hold is not None
        self._logs.write(run.run_id, "info", ledger.decision_of(run.hold))

    def discard(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Remove what an ended run left staged, in the background."""
        if run.run_id not in self.cleaning:
            self.cleaning[run.run_id] = self._child("discard", run, documents, export_id)

    def _child(self, action: Action, run: Run, documents: dict[str, Any], export_id: str) -> Child:
        handles: tuple[Handle, ...] = ()
        if action in ("finish", "discard", "deliver"):
            handles = self._store.handles(run.run_id)
        if action == "discard":
            handles = tuple(handle for handle in handles if not handle.published)
        parts = self._store.parts(run.origin or run.run_id) if action != "run" else []
        job = Job(
            action=action,
            run_id=run.run_id,
            export_id=export_id,
            pipeline=run.pipeline,
            instant=run.instant,
            begun=run.started_at,
            documents=documents,
            spool=str(self._spool.folder(run.run_id)),
            attempt=run.attempt,
            handles=handles,
            parts=tuple(parts),
            sinks=run.sinks,
            revision=digest(run.documents) if run.documents else "",
            state=self._store.state(run.pipeline) if action == "run" else {},
            keep=str(self._store.keep(run.pipeline)),
        )
        return self._supervisor.start(
            job, stderr=lambda line: self._logs.write(run.run_id, "warning", line)
        )

    # Ending

    def stop(self, run_id: str, *, by: str) -> Run:
        """End a run on somebody's behalf, or refuse."""
        run = self.find(run_id)
        if run_id in self.pending:
            return self.drop(run, RunStatus.STOPPED, f"stopped by {by}")
        active = self.active.get(run_id)
        if active is None and (run.status.finished or not run.publishing):
            raise Refused(
                f"run {run_id} is {run.status}: there is nothing to stop",
                hint=f"profexctl reject {run_id}" if run.status is RunStatus.HELD else "",
                code="not_running",
            )
        if active is None or active.run.publishing:
            raise Refused(
                f"run {run_id} has begun to publish and only goes forward",
                hint=f"profexctl show {run_id}",
                code="publishing",
            )
        self._logs.write(run_id, "info", f"stopped by {by}")
        self.end(active, "stop")
        return active.run

    def drop(self, run: Run, status: RunStatus, warning: str) -> Run:
        """End a run that is still waiting."""
        ended = replace(run, status=status, finished_at=self._now(), warnings=(warning,))
        self._store.save_run(ended)
        del self.pending[run.run_id]
        self._conclude(ended)
        return ended

    def fail(self, run: Run, why: ProfexdError) -> None:
        """End a run that waited for what cannot be done any more."""
        error: ErrorJson = {
            "code": why.error_code,
            "message": why.message,
            "hint": why.hint,
        }
        ended = replace(run, status=RunStatus.FAILED, finished_at=self._now(), error=error)
        self._store.save_run(ended)
        del self.pending[run.run_id]
        self._conclude(ended)

    def end(self, active: Active, reason: ledger.Reason) -> None:
        """Ask the child of a run to stop; it is killed where it does not."""
        active.reason = active.reason or reason
        self._turns.refuse(active.run.run_id)
        active.child.terminate(KILL_GRACE)

    def timeout(self, run_id: str) -> None:
        """End a run whose time is over, where it can still end."""
        active = self.active.get(run_id)
        if active is not None and not active.run.publishing and active.told is None:
            self._logs.write(run_id, "error", "the timeout is over")
            self.end(active, "timeout")

    # What children say

    def said(self, said: WorkerSaid) -> None:
        """Take one message: into the store first, then acknowledge."""
        run_id = said.child.job.run_id
        active = self.active.get(run_id)
        go = True
        if active is not None and active.child is said.child:
            go = self._scribe.write(active, said.message)
            self._tell(active, said)
            if go and isinstance(said.message, Planned) and said.message.complete:
                self._turns.ask(active.run, said.child, said.n)
                return
        elif self.cleaning.get(run_id) is said.child:
            cleaned = self._scribe.write_cleaning(run_id, said.message)
            if cleaned is not None:
                self._changed(cleaned)
        if said.message.durable:
            said.child.acknowledge(said.n, go=go)

    def _tell(self, active: Active, said: WorkerSaid) -> None:
        match said.message:
            case Progress():
                self._progressed(active)
            case Staging() | Published() | Unpublished():
                self._files_changed(active)
            case Finished():
                # The run is over once its process is gone; that must not take long.
                if active.timer is not None:
                    active.timer.cancel()
                loop = asyncio.get_running_loop()
                active.timer = loop.call_later(_LINGER, said.child.kill)
            case Logged(record=record):
                if record and len(active.run.warnings) <= MOST_WARNINGS:
                    self._changed(active.run)
            case _:
                self._changed(active.run)

    # Their end

    def ended(self, ended: WorkerEnded, *, draining: bool) -> None:
        """A child is gone: the run is over, or another child finishes it."""
        run_id = ended.child.job.run_id
        if self.cleaning.get(run_id) is ended.child:
            del self.cleaning[run_id]
            left = [handle for handle in self._store.handles(run_id) if not handle.published]
            if left:
                log.warning("staged files are left until the next start", extra={"run_id": run_id})
            return
        active = self.active.get(run_id)
        if active is None or active.child is not ended.child:
            return
        for timer in (active.timer, active.telling):
            if timer is not None:
                timer.cancel()
        active.telling = None
        if active.told is None and active.run.publishing:
            self._died_publishing(active, ended, draining=draining)
            return
        told = active.told is not None
        run = self._reload(run_id) if told else self._died(active, ended)
        # Not before the store has it: a message that could not be taken comes again.
        del self.active[run_id]
        staged = any(not handle.published for handle in self._store.handles(run_id))
        # A worker that ended in order has tried to discard; only the next start tries again.
        if staged and not told and not draining and run_id not in self.unwritten:
            self.discard(run, active.documents, ended.child.job.export_id)
        if run.status is RunStatus.RUNNING:
            self._pass_on(run)
            return
        if run.status is RunStatus.HELD:
            self.hold(run)
        self._conclude(run)

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
            self.unwritten[run.run_id] = run
            return run

    def write_again(self) -> None:
        """Write the ends that the store could not take."""
        for run_id, run in list(self.unwritten.items()):
            try:
                self._scribe.settle(run)
            except sqlite3.Error:
                return
            del self.unwritten[run_id]

    def _died_publishing(self, active: Active, ended: WorkerEnded, *, draining: bool) -> None:
        """Go forward: end what is published, or let others publish it, now or at the next start."""
        run = active.run
        self._logs.write(run.run_id, "error", f"the process died while it published: {ended.how}")
        if ledger.published(run):
            done = self._end(active, RunStatus.DONE)
            del self.active[run.run_id]
            self._conclude(done)
        elif not draining and active.deaths < len(_PAUSES):
            pause = _PAUSES[active.deaths]
            active.deaths += 1
            asyncio.get_running_loop().call_later(pause, self._publish_again, run.run_id)
        else:
            self._leave(active, ledger.half_published(ended.how))

    def publish_again(self, run_id: str, *, draining: bool) -> None:
        """Start the next process of a run whose last one died while it published."""
        active = self.active.get(run_id)
        if active is None or not active.child.task.done():
            return
        if draining:
            self._leave(active, ledger.half_published("the daemon ended"))
            return
        job = active.child.job
        active.child = self._child("finish", active.run, active.documents, job.export_id)

    def _leave(self, active: Active, error: ErrorJson) -> None:
        """Leave a run to the next start: it stays running in the store, with no process."""
        del self.active[active.run.run_id]
        self._pass_on(replace(active.run, error=error))

    def _pass_on(self, run: Run) -> None:
        error = run.error
        assert error is not None
        self._logs.write(run.run_id, "error", f"{error['message']} ({error['hint']})")
        self._turns.over(run.run_id)
        self._logs.end(run.run_id)
        self._changed(run)
        self._over(run)

    def _conclude(self, run: Run) -> None:
        self._turns.over(run.run_id)
        if run.error is None:
            summary = f"{run.status}: {run.rows} rows, {run.bytes} bytes"
            self._logs.write(run.run_id, "info", summary)
        else:
            hint = f" ({run.error['hint']})" if run.error["hint"] else ""
            self._logs.write(run.run_id, "error", f"{run.status}: {run.error['message']}{hint}")
        self._logs.end(run.run_id)
        self._changed(run)
        self._over(run)

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
