"""The dispatcher: what is due or asked for becomes a run, and what may start is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from profexd.api.errors import ProfexdError
from profexd.daemon import inbox
from profexd.daemon.api.board import Board
from profexd.daemon.runs.holds import Holds, because
from profexd.daemon.runs.lives import Runs
from profexd.daemon.runs.resends import Resends
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.telling.notices import Notices
from profexd.daemon.timing import decide
from profexd.daemon.timing.timetable import Timetable
from profexd.wire import RunStatus, Trigger

if TYPE_CHECKING:
    from profexd.config.model import Configuration, Pipeline


class Dispatcher:
    """Creates and starts runs. The core alone calls it."""

    def __init__(
        self,
        *,
        store: Store,
        runs: Runs,
        holds: Holds,
        resends: Resends,
        notices: Notices,
        board: Board,
        timetable: Timetable,
        configuration: Callable[[], Configuration],
        scheduling: bool,
    ) -> None:
        self._store = store
        self._runs = runs
        self._roster = runs.roster
        self._holds = holds
        self._resends = resends
        self._notices = notices
        self._board = board
        self._timetable = timetable
        self._configuration = configuration
        self._scheduling = scheduling

    def run_now(self, request: inbox.RunNow) -> Run:
        """Create the run that somebody asks for; Refused where that cannot be."""
        name = request.name
        entry = self._board.entry(name)
        if request.export:
            stranded = [run for run in self._roster.stranded.values() if run.pipeline == name]
            decide.refuse_run_now(entry, None, stranded)
        else:
            decide.refuse_run_now(entry, self._timetable.pause(name), self._roster.unfinished(name))
        trigger = Trigger.EXPORT if request.export else Trigger.MANUAL
        held = self._roster.holding(name)
        skipped = "" if held is None else because(held)
        return self._runs.create(name, trigger, by=request.by, skipped=skipped)

    def drop_orphans(self) -> None:
        """Skip what waits for pipelines that are gone."""
        for run in list(self._roster.pending.values()):
            if run.origin is None and run.pipeline not in self._configuration().pipelines:
                self._runs.drop(run, RunStatus.SKIPPED, "the file of the pipeline is gone")

    def tick(self, now: datetime, *, starting: bool) -> None:
        """Create the runs that are due, and tell of what is late."""
        for name in [*self._timetable.rewind(now), *self._timetable.pauses_over(now)]:
            self._board.touch(name)
        for name in self._timetable.due_names(now):
            entry = self._configuration().pipelines[name]
            assert entry.pipeline is not None
            self._board.touch(name)
            if entry.pipeline.schedule.kind == "once" and self._roster.unfinished(name):
                continue
            with self._timetable.transaction():
                missed = self._timetable.missed(name, now, starting=starting)
                if missed is not None:
                    self._notices.missed(name, missed)
                waiting = self._roster.unfinished(name)
                for due in self._timetable.take(name, now, starting=starting):
                    run = self._occurrence(entry.pipeline, due, waiting)
                    if run.status is RunStatus.PENDING:
                        waiting.append(run)
        self._notices.look(now, self.waited_for())

    def waited_for(self) -> list[Run]:
        """The runs that are not over, and may begin if they have not."""
        pending = [run for run in self._roster.pending.values() if self._may_start(run)]
        return pending + [active.run for active in self._roster.active.values()]

    def _occurrence(self, pipeline: Pipeline, due: decide.Due, unfinished: list[Run]) -> Run:
        schedule = pipeline.schedule
        skipped = ""
        # A backlog that is to be caught up in full waits in full.
        in_full = due.trigger is Trigger.CATCH_UP and schedule.catch_up == "all"
        held = self._roster.holding(pipeline.name)
        if held is not None:
            skipped = because(held)
        elif not in_full and decide.on_overlap(schedule.overlap, unfinished) == "skip":
            skipped = f"run {unfinished[-1].run_id} was not over"
        return self._runs.create(pipeline.name, due.trigger, scheduled_at=due.at, skipped=skipped)

    def catch_up_owed(self) -> None:
        """Repeat the runs that ended with an earlier daemon, where their schedule says so."""
        for run in self._store.owed():
            self._catch_up_interrupted(run)

    def _catch_up_interrupted(self, run: Run) -> None:
        entry = self._configuration().pipelines.get(run.pipeline)
        if entry is not None and entry.pipeline is None:
            # Nobody can say before its file is mended.
            return
        with self._store.transaction():
            self._store.save_run(replace(run, owed=False))
            if entry is None or entry.pipeline is None or not self._timetable.active(run.pipeline):
                return
            schedule = entry.pipeline.schedule
            covered = schedule.catch_up != "all" and self._roster.unfinished(run.pipeline)
            times = self._store.interruptions(run.pipeline, run.scheduled_at)
            if covered:
                return
            if decide.may_rerun(schedule, times):
                self._runs.create(run.pipeline, Trigger.CATCH_UP, scheduled_at=run.scheduled_at)
            else:
                self._notices.given_up(run)

    def pump(self) -> None:
        """Start what may start."""
        self._holds.skip_waiting()
        blocked = self._roster.blocked()
        chosen = decide.startable(
            self._roster.pending.values(),
            [active.run for active in self._roster.active.values() if not active.resting],
            limit=self._configuration().settings.limits.concurrent_runs,
            may_start=lambda run: run.pipeline not in blocked and self._may_start(run),
        )
        for run in chosen:
            try:
                pipeline = self._pipeline_of(run)
            except ProfexdError as why:
                self._runs.fail(run, why)
                continue
            self._runs.start(run, pipeline, self._timetable.export_id(run.pipeline))

    def _pipeline_of(self, run: Run) -> Pipeline:
        if run.origin is not None:
            return self._resends.pipeline(run)
        pipeline = self._configuration().pipelines[run.pipeline].pipeline
        assert pipeline is not None
        return pipeline

    def _may_start(self, run: Run) -> bool:
        if run.origin is not None:
            return self._scheduling
        entry = self._configuration().pipelines.get(run.pipeline)
        if entry is None or entry.pipeline is None:
            return False
        if run.trigger is Trigger.EXPORT:
            return True
        return self._scheduling and self._timetable.active(run.pipeline)
