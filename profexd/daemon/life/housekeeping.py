"""Cleaning up: what an earlier daemon left, folders of the spool, kept files, old history."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from profexd.daemon.api.audit import AuditLog
from profexd.daemon.runs.lives import Runs
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.state.kept import KeptFiles
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import usable
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.config.model import Configuration

log = logging.getLogger(__name__)

_SWEEP_EVERY = timedelta(hours=1)
_Documents = dict[str, Any]


class Housekeeping:
    """Removes what is needed no longer. The core alone calls it."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        logs: RunLogs,
        spool: Spool,
        now: Callable[[], datetime],
        audit: AuditLog | None = None,
    ) -> None:
        self._audit = audit
        self._store = store
        self._runs = runs
        self._logs = logs
        self._spool = spool
        self._now = now
        self._kept_files = KeptFiles(store)
        self._next_sweep = datetime.min.replace(tzinfo=UTC)
        self._kept = False

    def recover(self, documents: Callable[[Run], _Documents | None]) -> None:
        """Settle what an earlier daemon left: runs that wait, ran, published or staged.

        ``documents`` gives those of a run's pipeline as it is now, for where the stored ones
        had a secret withheld.
        """
        memories = self._store.memories()

        def export_id(run: Run) -> str:
            return memories[run.pipeline].export_id if run.pipeline in memories else "0"

        leftovers = {run.run_id for run in self._store.with_handles()}
        for run in self._store.unfinished():
            if run.status is RunStatus.PENDING:
                self._runs.resume(run)
            elif run.status is RunStatus.HELD:
                self._runs.hold(run)
            elif run.publishing:
                # From the first publish on it only goes forward, if not now then later.
                known = usable(run.documents, documents(run))
                if known is None:
                    log.warning(
                        "a run had begun to publish, and its pipeline is gone",
                        extra={"run_id": run.run_id, "pipeline": run.pipeline},
                    )
                else:
                    self._runs.finish(run, known, export_id(run))
            elif run.approved:
                # What an earlier process had staged it removes by itself.
                leftovers.discard(run.run_id)
                known = usable(run.documents, documents(run))
                if known is None:
                    self._runs.hold_again(run)
                else:
                    self._runs.deliver(run, known, export_id(run))
            else:
                ended = self._runs.interrupt(run)
                log.warning(
                    "run_interrupted", extra={"run_id": run.run_id, "pipeline": run.pipeline}
                )
                self._drop_spool(ended)
                known = usable(run.documents, documents(run))
                if run.run_id in leftovers and known is not None:
                    self._runs.discard(ended, known, export_id(run))
                    leftovers.discard(run.run_id)
        for run_id in leftovers:
            left = self._store.run(run_id)
            if left is None or not left.status.finished:
                continue
            known = usable(left.documents, documents(left))
            if known is None:
                log.warning(
                    "staged files are left: their pipeline is gone", extra={"run_id": run_id}
                )
            else:
                self._runs.discard(left, known, export_id(left))
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
        """Remove folders that belong to no run: previews, and runs that are forgotten."""
        for name in self._spool.names():
            run = self._store.run(name)
            if run is None or (run.status.finished and not run.spooled):
                self._spool.remove(name)
