"""The core: the only writer of state, one inbox, one message handled at a time to its end."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.daemon import inbox
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.api.board import Board
from profexd.daemon.api.hub import Hub
from profexd.daemon.dispatcher import Dispatcher
from profexd.daemon.life.housekeeping import Housekeeping
from profexd.daemon.runs.children import Children
from profexd.daemon.runs.endings import Endings
from profexd.daemon.runs.holds import Holds
from profexd.daemon.runs.lives import Runs
from profexd.daemon.runs.recovery import Recovery
from profexd.daemon.runs.resends import Resends
from profexd.daemon.runs.roster import Roster
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import WORKER, Supervisor, WorkerEnded, WorkerSaid
from profexd.daemon.runs.targets import Turns
from profexd.daemon.state.database import StoreUnusable
from profexd.daemon.state.ledger import misspoke, state_unusable
from profexd.daemon.state.records import Pause, Run
from profexd.daemon.state.scribe import Scribe
from profexd.daemon.state.store import Store
from profexd.daemon.telling.notices import Notices
from profexd.daemon.telling.notify import Teller
from profexd.daemon.timing import decide
from profexd.daemon.timing.timetable import Timetable
from profexd.export.messages import Progress
from profexd.wire import NoticeJson, RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration, Pipeline

log = logging.getLogger(__name__)

_LOOK_AGAIN = 5.0
_TRY_AGAIN = 5.0
_MOST_HELD = 10_000


class Core:
    """Decides and records; children do the work, and the hub tells of it.

    Reading its attributes is free for anyone on the loop; changing anything goes through
    ``ask`` or ``post``.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        catalog: Catalog,
        configuration: Configuration,
        store: Store,
        logs: RunLogs,
        hub: Hub,
        now: Callable[[], datetime],
        environ: Mapping[str, str],
        argv: Sequence[str] = WORKER,
        observe: Callable[[Run], None] = lambda run: None,
        noticed: Callable[..., None] = lambda event, *, told: None,
        audit: AuditLog | None = None,
        scheduling: bool = True,
    ) -> None:
        self.catalog = catalog
        self.configuration = configuration
        self.hub = hub
        self.logs = logs
        self.now = now
        self.draining = False
        self._scheduling = scheduling
        self._store = store
        self._observe = observe
        self._inbox: asyncio.Queue[tuple[object, asyncio.Future[Any] | None]] = asyncio.Queue()
        self.supervisor = Supervisor(
            environ=environ, report=self.post, argv=argv, plugins=catalog.homes
        )
        self.roster = roster = Roster(store)
        scribe = Scribe(store, logs, now)
        turns = Turns(logs)
        children = Children(store, self.supervisor, logs, spool)
        self._endings = Endings(
            roster=roster,
            children=children,
            store=store,
            scribe=scribe,
            turns=turns,
            logs=logs,
            now=now,
            changed=self._run_changed,
            over=self._run_over,
            publish_again=lambda run_id: self.post(inbox.PublishAgain(run_id)),
        )
        self.runs = Runs(
            roster=roster,
            endings=self._endings,
            children=children,
            store=store,
            scribe=scribe,
            turns=turns,
            logs=logs,
            now=now,
            changed=self._run_changed,
            progressed=lambda active: self.board.progressed(active),
            files_changed=lambda active: self.board.files_changed(active),
            expired=lambda run_id: self.post(inbox.TimedOut(run_id)),
        )
        self.timetable = Timetable(store, now)
        self.holds = Holds(
            self.runs,
            self._endings,
            store=store,
            scribe=scribe,
            logs=logs,
            timetable=self.timetable,
            documents=self._documents,
            now=now,
        )
        self._recovery = Recovery(
            self.runs,
            self._endings,
            self.holds,
            store=store,
            timetable=self.timetable,
            documents=self._documents,
        )
        self.resends = Resends(store, self.runs, catalog, lambda: self.configuration)
        self.board = Board(catalog, configuration, self.timetable, roster, hub, now)

        def noted(said: NoticeJson) -> None:
            hub.publish("notice", notice=said)
            noticed(said["notice"], told=said["told"])

        self._teller = Teller(self.supervisor, now, noted)
        self.notices = Notices(
            self._teller, store, pipeline=self._pipeline, find=roster.find, post=self.post
        )
        self._dispatcher = Dispatcher(
            store=store,
            runs=self.runs,
            holds=self.holds,
            resends=self.resends,
            notices=self.notices,
            board=self.board,
            timetable=self.timetable,
            configuration=lambda: self.configuration,
            scheduling=scheduling,
        )
        self._housekeeping = Housekeeping(store, logs, spool, now, audit)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._quiet = asyncio.Event()

    # The inbox

    def post(self, message: object) -> None:
        """Put a message into the inbox, from the loop's thread."""
        self._inbox.put_nowait((message, None))

    async def ask(self, message: object) -> Any:
        """Put a message into the inbox and wait for its answer, or the error it raises."""
        if self._closed:
            raise _ending()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait((message, answer))
        return await answer

    async def serve(self) -> None:
        """Handle messages until everything has ended after ``Drain``."""
        while not (self.draining and self._idle()):
            message, answer = await self._inbox.get()
            result, why = self._try(message)
            if isinstance(message, WorkerSaid):
                message.child.handled()
            if answer is not None and not answer.done():
                if why is None:
                    answer.set_result(result)
                else:
                    answer.set_exception(why)
        self._closed = True
        while not self._inbox.empty():
            _, answer = self._inbox.get_nowait()
            if answer is not None and not answer.done():
                answer.set_exception(_ending())
        self._quiet.set()

    def _idle(self) -> bool:
        return not (self.roster.active or self.roster.cleaning or self._teller.busy)

    def _try(self, message: object) -> tuple[Any, ProfexdError | None]:
        """Handle one message; whatever goes wrong with it, the next is handled too."""
        result, refusal = None, None
        try:
            result = self._handle(message)
        except ProfexdError as why:
            refusal = why
        except Exception as why:  # noqa: BLE001 - the daemon outlives its own mistakes
            refusal = _failure(why)
            if isinstance(message, WorkerSaid):
                # What it said is not in the store, so it must not go on.
                message.child.reject(
                    state_unusable(why)
                    if isinstance(why, sqlite3.Error)
                    else misspoke(f"{message.message.event}: {why}")
                )
            # The end of a child must not be lost, and what was due still is.
            self._post_later(message if isinstance(message, WorkerEnded) else inbox.Tick())
            self.board.flush()
            return None, refusal
        if not _is_chatter(message):
            try:
                self._settle()
            except Exception as why:  # noqa: BLE001 - as above; the message itself is handled
                _failure(why)
                self._post_later(inbox.Tick())
        return result, refusal

    def _post_later(self, message: object) -> None:
        asyncio.get_running_loop().call_later(_TRY_AGAIN, self.post, message)

    async def quiet(self) -> None:
        """Wait until ``serve`` has ended."""
        await self._quiet.wait()

    def _handle(self, message: object) -> Any:
        match message:
            case WorkerSaid():
                self.runs.said(message)
            case WorkerEnded():
                self._endings.ended(message, draining=self.draining)
            case inbox.RunNow():
                if self.draining:
                    raise _ending()
                return self._dispatcher.run_now(message)
            case inbox.StopRun(run_id=run_id, by=by):
                return self.runs.stop(run_id, by=by)
            case inbox.ApproveRun(run_id=run_id, by=by, note=note):
                if self.draining:
                    raise _ending()
                return self.holds.approve(run_id, by=by, note=note)
            case inbox.RejectRun(run_id=run_id, by=by, note=note):
                return self.holds.reject(run_id, by=by, note=note)
            case inbox.ResendRun(run_id=run_id, sink=sink, by=by):
                if self.draining:
                    raise _ending()
                return self.resends.ask(run_id, sink, by=by)
            case inbox.PausePipeline():
                return self._pause(message)
            case inbox.ResumePipeline(name=name, by=by):
                return self._resume(name, by)
            case inbox.Loaded(configuration=configuration):
                self._load(configuration)
            case inbox.TimedOut(run_id=run_id):
                self.runs.timeout(run_id)
            case inbox.PublishAgain(run_id=run_id):
                self._endings.publish_again(run_id)
            case inbox.Told():
                self.notices.told(message)
            case inbox.Drain():
                self.draining = True
                self._endings.drain()
            case inbox.Cancel():
                self._cancel()
        return None

    def _settle(self) -> None:
        """After each message: start what may start, say what changed, wait for what is next."""
        for written in self._endings.write_again():
            self._housekeeping.over(written, self.configuration)
        if not self.draining:
            if self._scheduling:
                self._tick(starting=False)
            self._dispatcher.pump()
        self.board.flush()
        self._arm()

    # Start and configuration

    def begin(self) -> None:
        """Settle what an earlier life left, decide on what was missed, start what may start.

        StoreUnusable where that cannot be written down.
        """
        try:
            self._begin()
        except sqlite3.Error as why:
            raise _unusable(why) from why

    def _begin(self) -> None:
        if self._scheduling:
            self.timetable.apply(self.configuration)
        else:
            self.timetable.remember(self.configuration)
        self._housekeeping.begin(self._recovery.begin())
        self.board.begin(self._store)
        self.notices.begin(self._store.runs(status="held", limit=_MOST_HELD))
        self._dispatcher.drop_orphans()
        self.holds.expire(self.now())
        if self._scheduling:
            self._tick(starting=True)
            self._dispatcher.catch_up_owed()
        self._dispatcher.pump()
        self._housekeeping.sweep(self.configuration)
        self.board.flush()
        self._arm()

    def _load(self, configuration: Configuration) -> None:
        self.timetable.apply(configuration)
        self.configuration = configuration
        self._dispatcher.drop_orphans()
        self.board.apply(configuration)
        self._recovery.again()
        if self._scheduling and not self.draining:
            self._dispatcher.catch_up_owed()
        self._housekeeping.sweep(configuration)

    def _documents(self, run: Run) -> dict[str, Any] | None:
        if run.origin is not None:
            try:
                return self.resends.pipeline(run).documents
            except ProfexdError:
                return None
        entry = self.configuration.pipelines.get(run.pipeline)
        return None if entry is None or entry.pipeline is None else entry.pipeline.documents

    # Requests

    def _pause(self, request: inbox.PausePipeline) -> None:
        self.board.entry(request.name)
        self.timetable.set_pause(
            request.name,
            Pause(by=request.by, at=self.now(), reason=request.reason, until=request.until),
        )
        log.info("paused", extra={"pipeline": request.name, "by": request.by})
        self.board.touch(request.name)

    def _resume(self, name: str, by: str) -> None:
        self.board.entry(name)
        self.timetable.set_pause(name, None)
        log.info("resumed", extra={"pipeline": name, "by": by})
        self.board.touch(name)

    def _cancel(self) -> None:
        self.draining = True
        self._endings.drain()
        for active in list(self.roster.active.values()):
            self._endings.end(active, "drain")
        for child in list(self.roster.cleaning.values()):
            child.terminate(1.0)
        self._teller.cancel()

    # Time

    def _tick(self, *, starting: bool) -> None:
        now = self.now()
        self.holds.expire(now)
        self._dispatcher.tick(now, starting=starting)
        self._housekeeping.tick(now, self.configuration)

    def late(self) -> dict[str, int]:
        """Return of each pipeline how many of its runs are late, where there are any."""
        return self.notices.late_now(self.now(), self._dispatcher.waited_for())

    def _pipeline(self, name: str) -> Pipeline | None:
        entry = self.configuration.pipelines.get(name)
        return None if entry is None else entry.pipeline

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wakes = [
            self.timetable.next_wake(),
            self._housekeeping.next_wake(),
            self.holds.next_wake(),
            self.notices.next_wake(self._dispatcher.waited_for()),
        ]
        now = self.now()
        # What is due and still waits, waits for a run to end, and that wakes the core by itself.
        instants = [wake for wake in wakes if wake is not None and wake > now]
        idle = self.draining or not self._scheduling or not instants
        if idle and not self.roster.unwritten:
            return
        delay = _TRY_AGAIN if self.roster.unwritten else _LOOK_AGAIN
        if not idle:
            # The loop's clock stands still while the machine sleeps, and nobody says when the
            # wall clock is set: look again soon enough.
            delay = min(delay, (min(instants) - now).total_seconds())
        self._timer = asyncio.get_running_loop().call_later(delay, self.post, inbox.Tick())

    def _run_changed(self, run: Run) -> None:
        self.board.run_changed(run)
        self.notices.changed(run)

    def _run_over(self, run: Run) -> None:
        self._observe(run)
        if run.status is RunStatus.HELD:
            return
        if run.status.finished or not self.draining:
            self.notices.over(run)
        # What is still to be written must not be written in part.
        if run.run_id not in self.roster.unwritten:
            self._housekeeping.over(run, self.configuration)


def _failure(why: Exception) -> ProfexdError:
    if isinstance(why, sqlite3.Error):
        log.error("state_unusable", extra={"error": str(why)})
        return _unusable(why)
    log.error("core_failed", exc_info=why)
    return ProfexdError(f"the daemon failed: {why}", hint="its log says more")


def _unusable(why: Exception) -> StoreUnusable:
    error = state_unusable(why)
    return StoreUnusable(error["message"], hint=error["hint"])


def _ending() -> ProfexdError:
    return decide.Refused("the daemon is about to end", code="draining")


def _is_chatter(message: object) -> bool:
    """Whether a message can make nothing due."""
    return isinstance(message, WorkerSaid) and isinstance(message.message, Progress)
