"""Every run that is not over, and how to find any run by its id."""

from __future__ import annotations

from profexd.daemon.runs.supervisor import Child
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Active
from profexd.daemon.state.store import Store
from profexd.daemon.timing.decide import NotFound
from profexd.wire import TREND_RUNS, TrendJson


class Roster:
    """Who waits, who is held, who runs, what is cleaned up. The core's parts alone change it."""

    def __init__(self, store: Store) -> None:
        self.pending: dict[str, Run] = {}
        self.held: dict[str, Run] = {}
        self.active: dict[str, Active] = {}
        self.cleaning: dict[str, Child] = {}
        self.stranded: dict[str, Run] = {}
        """Half-published runs that nobody can finish while their configuration is gone."""
        self.unwritten: dict[str, Run] = {}
        """Runs that are over, and whose end the store could not take yet."""
        self._store = store

    def unfinished(self, pipeline: str) -> list[Run]:
        """Return the runs of a pipeline that are held, running or waiting.

        Not those that send something again: they take nothing's place.
        """
        running = (*(active.run for active in self.active.values()), *self.stranded.values())
        everything = (*self.held.values(), *running, *self.pending.values())
        return [run for run in everything if run.pipeline == pipeline and run.origin is None]

    def blocked(self) -> set[str]:
        """Return the pipelines whose last run is still to be finished, or to be written down.

        What they run next would go by a state that is to move, and be overwritten by what is older.
        """
        resting = (active.run for active in self.active.values() if active.resting)
        unsettled = (*resting, *self.stranded.values(), *self.unwritten.values())
        return {run.pipeline for run in unsettled}

    def holding(self, pipeline: str) -> Run | None:
        """Return the run of a pipeline that is held, if one is."""
        return next((run for run in self.held.values() if run.pipeline == pipeline), None)

    def find(self, run_id: str) -> Run:
        """Return a run, alive or past; NotFound when there is none."""
        if run_id in self.active:
            return self.active[run_id].run
        alive = (self.pending, self.held, self.stranded, self.unwritten)
        found = (runs[run_id] for runs in alive if run_id in runs)
        run = next(found, None) or self._store.run(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}", hint="profexctl runs")
        return run

    def trend(self, pipeline: str) -> list[TrendJson]:
        """Return how the last runs of a pipeline that are over did, oldest first."""
        return self._store.trend(pipeline, TREND_RUNS)

    def recent(self, *, pipeline: str | None, status: str | None, limit: int) -> list[Run]:
        """Return runs, newest first."""
        found = self._store.runs(pipeline=pipeline, status=status, limit=limit)
        return [
            self.active[run.run_id].run
            if run.run_id in self.active
            else self.unwritten.get(run.run_id) or self.stranded.get(run.run_id, run)
            for run in found
        ]
