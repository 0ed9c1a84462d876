"""Of what somebody is to be told: a run that failed, recovered, is held or is late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from profexd.api.options import NoticeEvent as Notice
from profexd.api.options import NotifierOptions
from profexd.daemon import inbox
from profexd.daemon.state.records import Run, rfc3339
from profexd.daemon.state.told import Late, ToldTables
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.config.notify import Notify
    from profexd.daemon.telling.notify import Teller

_REMEMBERED = timedelta(days=90)
"""An occurrence that was told to be late is remembered for so long."""
_LATE = NotifierOptions().late_after
_FORGET_EVERY = timedelta(days=1)


class Notices:
    """Decides who is told, and what has been told. The core alone calls it.

    What is to be told of a run is written in the transaction that ends it, and struck off when
    everybody was told: a daemon that dies in between tells when it is back.
    """

    def __init__(
        self,
        teller: Teller,
        store: ToldTables,
        *,
        pipeline: Callable[[str], Pipeline | None],
        find: Callable[[str], Run],
        post: Callable[[object], None],
    ) -> None:
        self._teller = teller
        self._store = store
        self._pipeline = pipeline
        self._find = find
        self._post = post
        self._held: set[str] = set()
        self._late = store.late(told=True)
        """What was told, or is being told."""
        self._missed = store.late(told=False)
        self._forget_at = datetime.min.replace(tzinfo=UTC)

    def begin(self, held: Iterable[Run]) -> None:
        """Tell what an earlier life did not come to tell."""
        for run_id, event in self._store.owed_notices():
            run = self._find(run_id)
            if event == "held" and run.status is not RunStatus.HELD:
                self._store.notice_told(run_id, event)
            elif event == "held":
                self.changed(run)
            else:
                self._tell(event, run)
        told = self._store.told_held()
        for run in held:
            if run.run_id not in told:
                self.changed(run)
        self._held |= told

    def changed(self, run: Run) -> None:
        """A run has changed: it may be held now, or no longer."""
        if run.status is not RunStatus.HELD:
            self._held.discard(run.run_id)
        elif run.run_id not in self._held:
            self._held.add(run.run_id)
            self._store.owe_notice(run.run_id, "held")
            self._tell("held", run)

    def over(self, run: Run) -> None:
        """A run has ended, or nobody can end it before the next start."""
        self._held.discard(run.run_id)
        event = self._store.notice_of(run) if run.status.finished else "failed"
        if event is not None:
            self._tell(event, run)

    def given_up(self, run: Run) -> None:
        """A run was interrupted, and nothing comes in its place."""
        self._store.owe_notice(run.run_id, "failed")
        self._tell("failed", run)

    def missed(self, pipeline: str, occurrence: datetime) -> None:
        """An occurrence has passed, and no run comes of it."""
        for late in self._awaited(pipeline, occurrence):
            self._missed.add(late)
            self._store.save_late(late, told=False)

    def told(self, message: inbox.Told) -> None:
        """Strike off what was told."""
        if not message.settled:
            return
        if isinstance(message.subject, Late):
            self._missed.discard(message.subject)
            self._store.save_late(message.subject, told=True)
        else:
            self._store.notice_told(message.subject, message.event)

    def look(self, now: datetime, runs: Iterable[Run]) -> None:
        """Tell of what is late by now."""
        for late, run in self._lateness(runs):
            if late.since <= now and late not in self._late:
                self._late.add(late)
                self._send("late", late, late.pipeline, run)
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY
            before = now - _REMEMBERED
            self._store.prune_late(before)
            self._late = {late for late in self._late if late.occurrence >= before}
            self._missed = {late for late in self._missed if late.occurrence >= before}

    def next_wake(self, runs: Iterable[Run]) -> datetime | None:
        """Return when the next run becomes late, unless it is over by then."""
        return min(
            (late.since for late, _ in self._lateness(runs) if late not in self._late),
            default=None,
        )

    def late_now(self, now: datetime, runs: Iterable[Run]) -> dict[str, int]:
        """Return of each pipeline with late runs how many there are, whoever is told of it."""
        late: dict[str, int] = {}
        for run in runs:
            if run.scheduled_at is not None and run.status is not RunStatus.HELD:
                after = min((one.late_after for one in self._notify(run.pipeline)), default=_LATE)
                if run.scheduled_at + timedelta(seconds=after) <= now:
                    late[run.pipeline] = late.get(run.pipeline, 0) + 1
        return late

    def _lateness(self, runs: Iterable[Run]) -> Iterator[tuple[Late, Run | None]]:
        for run in runs:
            if run.scheduled_at is not None and run.status is not RunStatus.HELD:
                for late in self._awaited(run.pipeline, run.scheduled_at):
                    yield late, run
        for late in self._missed:
            yield late, None

    def _awaited(self, pipeline: str, occurrence: datetime) -> set[Late]:
        return {
            Late(pipeline, occurrence, notify.late_after)
            for notify in self._notify(pipeline)
            if "late" in notify.on
        }

    def _notify(self, name: str) -> tuple[Notify, ...]:
        pipeline = self._pipeline(name)
        return () if pipeline is None else pipeline.notify

    def _tell(self, event: Notice, run: Run) -> None:
        self._send(event, run.run_id, run.pipeline, run)

    def _send(self, event: Notice, subject: str | Late, name: str, run: Run | None) -> None:
        def over(settled: bool) -> None:
            self._post(inbox.Told(event, subject, settled))

        places = [
            place
            for place, one in enumerate(self._notify(name))
            if event in one.on
            and (not isinstance(subject, Late) or one.late_after == subject.after)
        ]
        pipeline = self._pipeline(name)
        if pipeline is None or not places:
            over(True)
            return
        content: dict[str, Any] = {
            "event": event,
            "pipeline": name,
            "run": None if run is None else run.as_json(),
        }
        if run is None and isinstance(subject, Late):
            content["scheduled_at"] = rfc3339(subject.occurrence)
        self._teller.tell(pipeline, places, content, over)
