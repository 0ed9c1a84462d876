"""What an earlier daemon left: runs that waited, ran, published, were held, or had staged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from profexd.daemon.runs.endings import Endings
from profexd.daemon.runs.holds import Holds
from profexd.daemon.runs.lives import Runs
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import usable
from profexd.wire import RunStatus

log = logging.getLogger(__name__)


def recover(
    store: Store,
    runs: Runs,
    endings: Endings,
    holds: Holds,
    documents: Callable[[Run], dict[str, Any] | None],
) -> list[Run]:
    """Settle what was left; return the runs that ended with the earlier daemon.

    ``documents`` gives those of a run's pipeline as it is now, for where the stored ones had a
    secret withheld.
    """
    memories = store.memories()

    def export_id(run: Run) -> str:
        return memories[run.pipeline].export_id if run.pipeline in memories else "0"

    def known(run: Run) -> dict[str, Any] | None:
        return usable(run.documents, documents(run))

    interrupted: list[Run] = []
    leftovers = {run.run_id for run in store.with_handles()}
    for run in store.unfinished():
        if run.status is RunStatus.PENDING:
            runs.resume(run)
        elif run.status is RunStatus.HELD:
            runs.roster.held[run.run_id] = run
        elif run.publishing:
            # From the first publish on it only goes forward, if not now then later.
            if (its := known(run)) is not None:
                runs.finish(run, its, export_id(run))
            else:
                _warn(run, "a run had begun to publish, and its pipeline is gone")
        elif run.approved:
            # What an earlier process had staged it removes by itself.
            leftovers.discard(run.run_id)
            if (its := known(run)) is not None:
                runs.deliver(run, its, export_id(run))
            else:
                holds.hold_again(run)
        else:
            interrupted.append(endings.interrupt(run))
            _warn(run, "run_interrupted")
    for run_id in leftovers:
        left = store.run(run_id)
        if left is not None and left.status.finished:
            if (its := known(left)) is not None:
                endings.discard(left, its, export_id(left))
            else:
                _warn(left, "staged files are left: their pipeline is gone")
    return interrupted


def _warn(run: Run, what: str) -> None:
    log.warning(what, extra={"run_id": run.run_id, "pipeline": run.pipeline})
