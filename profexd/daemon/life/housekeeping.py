"""Cleaning up: folders of the spool, kept files, old history."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from profexd.daemon.api.audit import AuditLog
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.state.kept import KeptFiles
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.config.model import Configuration

log = logging.getLogger(__name__)

_SWEEP_EVERY = timedelta(hours=1)


class Housekeeping:
    """Removes what is needed no longer. The core alone calls it."""

    def __init__(
        self,
        store: Store,
        logs: RunLogs,
        spool: Spool,
        now: Callable[[], datetime],
        audit: AuditLog | None = None,
    ) -> None:
        self._audit = audit
        self._store = store
        self._logs = logs
        self._spool = spool
        self._now = now
        self._kept_files = KeptFiles(store)
        self._next_sweep = datetime.min.replace(tzinfo=UTC)
        self._kept = False

    def begin(self, interrupted: Iterable[Run]) -> None:
        """Remove the folders of runs that ended with an earlier daemon, and what is of no run."""
        for run in interrupted:
            self._drop_spool(run)
        self._remove_strangers()

    def over(self, run: Run, configuration: Configuration) -> None:
        """A run has ended: decide on its folder, and on what it and the one before it keep."""
        if run.status.finished:
            self._kept_files.clean(run.pipeline)
        if run.spooled and run.status.finished:
            if not self._keeps(run, configuration):
                self._drop_spool(run)
            self._expire(configuration)
        self.tick(self._now(), configuration)

    def tick(self, now: datetime, configuration: Configuration) -> None:
        """Sweep when it is time."""
        # Later than that it can only be by a clock that was ahead.
        if now >= self._next_sweep or self._next_sweep > now + _SWEEP_EVERY:
            self.sweep(configuration)

    def next_wake(self) -> datetime | None:
        """Return when to sweep next; history alone is not worth waking up for."""
        return self._next_sweep if self._kept else None

    def sweep(self, configuration: Configuration) -> None:
        """Remove what is older than it is kept."""
        now = self._now()
        self._expire(configuration)
        present = frozenset(configuration.pipelines)
        self._store.touch(present, now)
        oldest = now - timedelta(seconds=configuration.settings.history_keep)
        for run_id in self._store.prune(oldest, keep=present):
            self._logs.remove(run_id)
        self._kept_files.sweep()
        if self._audit is not None:
            self._audit.prune(configuration.settings.history_keep)
        self._next_sweep = now + _SWEEP_EVERY

    def _expire(self, configuration: Configuration) -> None:
        """Remove kept folders that are too old, and the oldest where they are too much."""
        settings = configuration.settings
        for run in self._store.spooled(before=self._now() - timedelta(seconds=settings.spool_keep)):
            self._drop_spool(run)
        total = self._store.spooled_bytes()
        if total > settings.spool_max_size:
            for run in self._store.spooled(before=self._now()):
                if total <= settings.spool_max_size:
                    break
                self._drop_spool(run)
                total -= run.bytes
        self._kept = total > 0

    def _keeps(self, run: Run, configuration: Configuration) -> bool:
        return run.status is RunStatus.DONE and configuration.settings.spool_keep > 0

    def _drop_spool(self, run: Run) -> None:
        with self._store.transaction():
            self._store.save_run(replace(run, spooled=False))
            self._store.save_parts(run.run_id, None)
        self._spool.remove(run.run_id)

    def _remove_strangers(self) -> None:
        """Remove folders and logs that belong to no run: previews, and runs that are forgotten."""
        for name in self._spool.names():
            run = self._store.run(name)
            if run is None or (run.status.finished and not run.spooled):
                self._spool.remove(name)
        # A life may have ended between forgetting runs and removing their logs.
        for name in self._logs.names() - self._store.run_ids():
            self._logs.remove(name)
