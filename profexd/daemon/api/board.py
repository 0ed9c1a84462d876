"""What clients see: every pipeline as an object, made when asked for, told of when it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from profexd.daemon.api.hub import Hub
from profexd.daemon.api.view import pipeline_json
from profexd.daemon.runs.roster import Roster
from profexd.daemon.state.records import Run
from profexd.daemon.state.scribe import Active
from profexd.daemon.state.store import Store
from profexd.daemon.timing.decide import NotFound
from profexd.daemon.timing.timetable import Timetable
from profexd.wire import PipelineJson, RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration, Entry

_PROGRESS_EVERY = 0.2
"""Seconds between two events of one run's progress."""
_BAD = (RunStatus.FAILED, RunStatus.INTERRUPTED)


class Board:
    """Reading is free for anyone on the loop; the core alone tells it what changed."""

    def __init__(
        self,
        catalog: Catalog,
        configuration: Configuration,
        timetable: Timetable,
        roster: Roster,
        hub: Hub,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._configuration = configuration
        self._timetable = timetable
        self._roster = roster
        self._hub = hub
        self._now = now
        self._last: dict[str, Run] = {}
        self._ended: dict[str, RunStatus] = {}
        self._views: dict[str, PipelineJson] = {}
        self._dirty: set[str] = set()

    # Reading

    def entry(self, name: str) -> Entry:
        """Return the entry of a pipeline; NotFound when there is none."""
        entry = self._configuration.pipelines.get(name)
        if entry is None:
            raise NotFound(f"there is no pipeline {name}", hint="profexctl list")
        return entry

    def pipeline(self, name: str) -> PipelineJson:
        """Return the pipeline object, with live progress."""
        entry = self.entry(name)
        running = (active for active in self._roster.active.values() if active.run.pipeline == name)
        active = next(running, None)
        if name not in self._views:
            self._views[name] = pipeline_json(
                entry,
                catalog=self._catalog,
                memory=self._timetable.memory(name),
                pause=self._timetable.pause(name),
                last=self._last.get(name),
                ended=self._ended.get(name),
                running=None if active is None else active.run,
                held=self._roster.holding(name) is not None,
                now=self._now(),
            )
        view = self._views[name]
        return view if active is None else {**view, "running": active.as_json()}

    def failing(self) -> int:
        """Return how many pipelines failed when they last ran."""
        return sum(self._ended.get(name) in _BAD for name in self._configuration.pipelines)

    # Telling

    def begin(self, store: Store) -> None:
        """Take over what earlier lives left."""
        self._last = store.last_started()
        self._ended = store.last_ended()

    def apply(self, configuration: Configuration) -> None:
        """Take over a configuration, and tell what is new, gone or different in it."""
        before = self._configuration.pipelines
        self._configuration = configuration
        for name in before.keys() - configuration.pipelines.keys():
            self._views.pop(name, None)
            self._hub.publish("pipeline", gone=name)
        for name, entry in configuration.pipelines.items():
            old = before.get(name)
            if old is None or not _same(old, entry):
                self.touch(name)
        self._hub.publish("config")

    def touch(self, name: str) -> None:
        """Note that a pipeline changed."""
        self._dirty.add(name)

    def run_changed(self, run: Run) -> None:
        """Tell of a run that began, went on or ended."""
        if run.origin is not None:
            # What it sends again says nothing of how the pipeline does.
            self.touch(run.pipeline)
            self._hub.publish("run", run=run.as_json())
            return
        if run.status is not RunStatus.PENDING:
            last = self._last.get(run.pipeline)
            if last is None or int(last.run_id) <= int(run.run_id):
                self._last[run.pipeline] = run
        if run.status.finished and run.status is not RunStatus.SKIPPED:
            self._ended[run.pipeline] = run.status
        self.touch(run.pipeline)
        self._hub.publish("run", run=run.as_json())

    def files_changed(self, active: Active) -> None:
        """Tell of a run whose files went on; of thousands, not one by one."""
        if active.telling is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() - active.told_at >= _PROGRESS_EVERY:
            active.told_at = loop.time()
            self.run_changed(active.run)
        else:
            active.telling = loop.call_later(_PROGRESS_EVERY, self._tell_of_files, active)

    def _tell_of_files(self, active: Active) -> None:
        active.telling = None
        self.files_changed(active)
        self.flush()

    def progressed(self, active: Active) -> None:
        """Tell how far a run is, not too often."""
        moment = asyncio.get_running_loop().time()
        if moment - active.shown_at >= _PROGRESS_EVERY:
            active.shown_at = moment
            self._hub.publish("progress", name=active.run.pipeline, running=active.as_json())

    def flush(self) -> None:
        """Tell of every pipeline that changed, once."""
        for name in self._dirty:
            self._views.pop(name, None)
            if name in self._configuration.pipelines:
                self._hub.publish("pipeline", pipeline=self.pipeline(name))
        self._dirty.clear()


def _same(old: Entry, new: Entry) -> bool:
    if old.problems != new.problems or old.file != new.file:
        return False
    if old.pipeline is None or new.pipeline is None:
        return old.pipeline is new.pipeline
    return old.pipeline.revision == new.pipeline.revision
