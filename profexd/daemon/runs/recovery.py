"""What an earlier daemon left: runs that waited, ran, published, were held, or had staged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from profexd.daemon.runs.endings import Endings
from profexd.daemon.runs.holds import Holds
from profexd.daemon.runs.lives import Runs
from profexd.daemon.state import ledger
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import usable
from profexd.daemon.timing.timetable import Timetable
from profexd.wire import RunStatus

log = logging.getLogger(__name__)


class Recovery:
    """Settles what an earlier life left. The core alone calls it.

    ``documents`` gives those of a run's pipeline as it is now, for where the stored ones had a
    secret withheld.
    """

    def __init__(
        self,
        runs: Runs,
        endings: Endings,
        holds: Holds,
        *,
        store: Store,
        timetable: Timetable,
        documents: Callable[[Run], dict[str, Any] | None],
    ) -> None:
        self._runs = runs
        self._roster = runs.roster
        self._endings = endings
        self._holds = holds
        self._store = store
        self._timetable = timetable
        self._documents = documents

    def begin(self) -> list[Run]:
        """Settle what was left; return the runs that ended with the earlier daemon."""
        interrupted: list[Run] = []
        leftovers = {run.run_id for run in self._store.with_handles()}
        for run in self._store.unfinished():
            if run.status is RunStatus.PENDING:
                self._runs.resume(run)
            elif run.status is RunStatus.HELD:
                self._roster.held[run.run_id] = run
            elif run.publishing:
                # From the first publish on it only goes forward, if not now then later.
                self._finish(run)
            elif run.approved:
                # What an earlier process had staged it removes by itself.
                leftovers.discard(run.run_id)
                if (its := self._known(run)) is not None:
                    self._runs.deliver(run, its, self._timetable.export_id(run.pipeline))
                else:
                    self._holds.hold_again(run)
            else:
                interrupted.append(self._endings.interrupt(run))
                _warn(run, "run_interrupted")
        for run_id in leftovers:
            self._discard(run_id)
        return interrupted

    def again(self) -> None:
        """Go on with the half-published runs that nobody could finish, where that is possible."""
        for run in list(self._roster.stranded.values()):
            if self._known(run) is not None:
                del self._roster.stranded[run.run_id]
                self._finish(run)

    def _finish(self, run: Run) -> None:
        its = self._known(run)
        if its is None and ledger.published(run):
            self._endings.complete(run)
        elif its is None:
            self._endings.strand(run)
            _warn(run, "a run had begun to publish, and its pipeline is gone")
        else:
            self._runs.finish(run, its, self._timetable.export_id(run.pipeline))

    def _discard(self, run_id: str) -> None:
        left = self._store.run(run_id)
        if left is None or not (left.status.finished or left.status is RunStatus.HELD):
            return
        if (its := self._known(left)) is not None:
            self._endings.discard(left, its, self._timetable.export_id(left.pipeline))
        else:
            _warn(left, "staged files are left: their pipeline is gone")

    def _known(self, run: Run) -> dict[str, Any] | None:
        return usable(run.documents, self._documents(run))


def _warn(run: Run, what: str) -> None:
    log.warning(what, extra={"run_id": run.run_id, "pipeline": run.pipeline})
