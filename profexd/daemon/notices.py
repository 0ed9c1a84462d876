"""Of what somebody is to be told: a run that failed, recovered, is held or is late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profexd.config.notify import Notice, Notify
from profexd.daemon.records import Run
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.daemon.notify import Teller

_ENDS = (RunStatus.DONE, RunStatus.FAILED, RunStatus.INTERRUPTED)
_LOOK_BACK = 50
"""Skipped and stopped runs in a row beyond which a recovery goes unnoticed."""


class Notices:
    """Decides who is told; the core alone calls it."""

    def __init__(
        self,
        teller: Teller,
        *,
        notify: Callable[[str], tuple[Notify, ...]],
        earlier: Callable[[str, int], list[Run]],
    ) -> None:
        self._teller = teller
        self._notify = notify
        self._earlier = earlier
        self._held: set[str] = set()
        self._late: set[tuple[str, int]] = set()
        """Run and place of the ``[[notify]]`` that was told that it is late."""

    def changed(self, run: Run) -> None:
        """A run has changed: it may be held now."""
        if run.status is RunStatus.HELD and run.run_id not in self._held:
            self._held.add(run.run_id)
            self._tell("held", run)

    def over(self, run: Run) -> None:
        """A run has ended."""
        self._held.discard(run.run_id)
        self._late = {told for told in self._late if told[0] != run.run_id}
        if run.status is RunStatus.FAILED:
            self._tell("failed", run)
        elif run.status is RunStatus.DONE and self._failed_before(run):
            self._tell("recovered", run)

    def look(self, now: datetime, runs: Iterable[Run]) -> None:
        """Tell of the runs that are late by now."""
        for run, place, notify, when in self._lateness(runs):
            if when <= now and (run.run_id, place) not in self._late:
                self._late.add((run.run_id, place))
                self._teller.tell(notify, "late", run.pipeline, run.as_json())

    def next_wake(self, runs: Iterable[Run]) -> datetime | None:
        """Return when the next run becomes late, unless it is over by then."""
        return min(
            (
                when
                for run, place, _, when in self._lateness(runs)
                if (run.run_id, place) not in self._late
            ),
            default=None,
        )

    def _lateness(self, runs: Iterable[Run]) -> Iterator[tuple[Run, int, Notify, datetime]]:
        for run in runs:
            if run.scheduled_at is None or run.status is RunStatus.HELD:
                continue
            for place, notify in enumerate(self._notify(run.pipeline)):
                if "late" in notify.on:
                    when = run.scheduled_at + timedelta(seconds=notify.late_after)
                    yield run, place, notify, when

    def _failed_before(self, run: Run) -> bool:
        if not self._notify(run.pipeline):
            return False
        ends = (
            one.status
            for one in self._earlier(run.pipeline, _LOOK_BACK)
            if int(one.run_id) < int(run.run_id) and one.status in _ENDS
        )
        return next(ends, RunStatus.DONE) is not RunStatus.DONE

    def _tell(self, event: Notice, run: Run) -> None:
        for notify in self._notify(run.pipeline):
            if event in notify.on:
                self._teller.tell(notify, event, run.pipeline, run.as_json())
