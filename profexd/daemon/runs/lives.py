"""The lives of runs: created, started as children, told of by messages, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.api.units import parse_duration
from profexd.config.readers.documents import DEFAULT_TIMEOUT
from profexd.daemon.runs.children import Children
from profexd.daemon.runs.endings import Endings
from profexd.daemon.runs.roster import Roster
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.supervisor import WorkerSaid
from profexd.daemon.runs.targets import Turns
from profexd.daemon.state.ledger import MOST_WARNINGS
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Active, Scribe
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import withhold
from profexd.daemon.timing.decide import Refused
from profexd.export.job import Action
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

_LINGER = 10.0


class Runs:
    """Every run from its creation to its end. The core alone calls it."""

    def __init__(
        self,
        *,
        roster: Roster,
        endings: Endings,
        children: Children,
        store: Store,
        scribe: Scribe,
        turns: Turns,
        logs: RunLogs,
        now: Callable[[], datetime],
        changed: Callable[[Run], None],
        progressed: Callable[[Active], None],
        files_changed: Callable[[Active], None],
        expired: Callable[[str], None],
    ) -> None:
        self.roster = roster
        self._endings = endings
        self._children = children
        self._store = store
        self._scribe = scribe
        self._turns = turns
        self._logs = logs
        self._now = now
        self._changed = changed
        self._progressed = progressed
        self._files_changed = files_changed
        self._expired = expired

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
        self.roster.pending[run.run_id] = run
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
        self.roster.pending.pop(run.run_id, None)
        self._logs.begin(run.run_id)
        whom = f" by {run.by}" if run.by else ""
        self._logs.write(run.run_id, "info", f"started ({run.trigger}{whom})")
        action: Action = "run" if run.origin is None else "deliver"
        child = self._children.start(action, started, pipeline.documents, export_id)
        active = Active(started, child, pipeline.documents)
        active.timer = asyncio.get_running_loop().call_later(
            pipeline.timeout, self._expired, run.run_id
        )
        self.roster.active[run.run_id] = active
        self._changed(started)

    def finish(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Publish what a dead worker had begun to publish; the run goes on."""
        self._logs.begin(run.run_id)
        self._turns.keep(run)
        child = self._children.start("finish", run, documents, export_id)
        self.roster.active[run.run_id] = Active(run, child, documents)
        self._changed(run)

    def deliver(self, run: Run, documents: dict[str, Any], export_id: str) -> None:
        """Send what an approved run has built, once what it had staged before is removed."""
        self._logs.begin(run.run_id)
        child = self.roster.cleaning.get(run.run_id)
        child = child or self._children.start("deliver", run, documents, export_id)
        active = Active(run, child, documents)
        timeout = parse_duration(documents["pipeline"].get("timeout", DEFAULT_TIMEOUT))
        active.timer = asyncio.get_running_loop().call_later(timeout, self._expired, run.run_id)
        self.roster.active[run.run_id] = active
        self._changed(run)

    # Ending

    def stop(self, run_id: str, *, by: str) -> Run:
        """End a run on somebody's behalf, or refuse."""
        run = self.roster.find(run_id)
        if run_id in self.roster.pending:
            return self.drop(run, RunStatus.STOPPED, f"stopped by {by}")
        if run_id in self.roster.stranded:
            self._logs.write(run_id, "error", f"given up by {by}")
            return self._endings.give_up(run)
        active = self.roster.active.get(run_id)
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
        self._endings.end(active, "stop")
        return active.run

    def drop(self, run: Run, status: RunStatus, warning: str) -> Run:
        """End a run that is still waiting."""
        ended = replace(run, status=status, finished_at=self._now(), warnings=(warning,))
        self._store.save_run(ended)
        del self.roster.pending[run.run_id]
        self._endings.conclude(ended)
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
        del self.roster.pending[run.run_id]
        self._endings.conclude(ended)

    def timeout(self, run_id: str) -> None:
        """End a run whose time is over, where it can still end."""
        active = self.roster.active.get(run_id)
        if active is not None and not active.run.publishing and active.told is None:
            self._logs.write(run_id, "error", "the timeout is over")
            self._endings.end(active, "timeout")

    # What children say

    def said(self, said: WorkerSaid) -> None:
        """Take one message: into the store first, then acknowledge."""
        run_id = said.child.job.run_id
        active = self.roster.active.get(run_id)
        go = True
        if self.roster.cleaning.get(run_id) is said.child:
            cleaned = self._scribe.write_cleaning(run_id, said.message)
            if cleaned is not None:
                if run_id in self.roster.held:
                    self.roster.held[run_id] = cleaned
                self._changed(cleaned)
        elif active is not None and active.child is said.child:
            go = self._scribe.write(active, said.message)
            self._tell(active, said)
            if go and isinstance(said.message, Planned) and said.message.complete:
                other = self._turns.ask(active.run, said.child, said.n)
                if other is not None:
                    self._endings.waits(active, other)
                return
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
