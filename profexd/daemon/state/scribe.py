"""Writes down what a worker says about its run, before the worker may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from profexd.config.readers.checks import HOLD_EXPIRY
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.supervisor import Child
from profexd.daemon.state import ledger
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.export.job import Handle
from profexd.export.messages import (
    Built,
    Checked,
    Finished,
    Logged,
    Message,
    Planned,
    Progress,
    Published,
    Publishing,
    Retrying,
    Staging,
    Unpublished,
)
from profexd.wire import ErrorJson, FileKind, FileStatus, RunningJson, RunStatus


@dataclass(slots=True)
class Active:
    """A run that is going on, and its child."""

    run: Run
    child: Child
    documents: dict[str, Any]
    percent: float | None = None
    rows: int = 0
    bytes: int = 0
    shown_at: float = 0.0
    reason: ledger.Reason = ""
    told: Finished | None = None
    deaths: int = 0
    """How many processes of it died since it began to publish."""
    resting: bool = False
    """Whether it has no process for now: the next one publishes the rest after a pause."""
    timer: asyncio.TimerHandle | None = None
    told_at: float = 0.0
    telling: asyncio.TimerHandle | None = None
    """Tells of its files soon, where it was told of them just now."""

    def as_json(self) -> RunningJson:
        """Return the ``running`` object of a pipeline."""
        return {
            "run_id": self.run.run_id,
            "phase": self.run.phase,
            "percent": self.percent,
            "rows": self.rows,
            "bytes": self.bytes,
        }


class Scribe:
    """Brings messages into the store and the log; the core alone has one."""

    def __init__(self, store: Store, logs: RunLogs, now: Callable[[], datetime]) -> None:
        self._store = store
        self._logs = logs
        self._now = now

    def write(self, active: Active, message: Message) -> bool:
        """Write one message down; return whether the run may go on."""
        run = active.run
        match message:
            case Progress():
                self._progress(active, message)
            case Logged(level=level, message=text, record=record):
                self._logs.write(run.run_id, level, text)
                if record and len(run.warnings) <= ledger.MOST_WARNINGS:
                    self._update(active, ledger.warned(run, text))
                elif record:
                    # How many there are is written with whatever is written next.
                    active.run = ledger.warned(run, text)
            case Planned(files=files):
                self._update(active, ledger.planned(run, files), files=True)
                return not active.reason
            case Built(files=files, state=state):
                left = run.state if state is None else state
                with self._store.transaction():
                    self._update(active, replace(ledger.built(run, files), state=left), files=True)
                    if run.spooled:
                        self._store.save_parts(run.run_id, files)
                data = [file for file in files if file.get("kind", "data") == FileKind.DATA]
                active.rows = sum(int(file["rows"]) for file in data)
                active.bytes = sum(int(file["bytes"]) for file in data)
            case Staging(sink=sink, staged=staged, complete=complete):
                with self._store.transaction():
                    self._store.save_handle(run.run_id, Handle(sink=sink, staged=staged))
                    if complete:
                        self._file(active, sink, staged["target"], FileStatus.STAGED)
            case Publishing():
                if active.reason:
                    return False
                self._update(active, replace(run, publishing=True))
            case Published(sink=sink, path=path):
                with self._store.transaction():
                    self._store.mark_published(run.run_id, sink, path)
                    self._file(active, sink, path, FileStatus.PUBLISHED)
            case Unpublished(sink=sink, path=path, status=status):
                with self._store.transaction():
                    self._store.forget_handle(run.run_id, sink, path)
                    self._file(active, sink, path, FileStatus(status))
            case Retrying(attempt=attempt, retry_at=retry_at):
                self._update(active, replace(run, attempt=attempt, retry_at=retry_at))
            case Checked(checks=checks):
                self._update(active, ledger.checked(run, checks))
            case Finished():
                self._finished(active, message)
                active.told = message
        return True

    def write_cleaning(self, run_id: str, message: Message) -> Run | None:
        """Write down what a worker says that discards what an ended run had staged.

        Returns the run where that changed it.
        """
        match message:
            case Unpublished(sink=sink, path=path, status=status):
                return self._cleaned(run_id, sink, path, FileStatus(status))
            case Logged(level=level, message=text):
                self._logs.write(run_id, level, text)
            case Finished(error=error) if error is not None:
                self._logs.write(run_id, "error", f"{error['message']} ({error['hint']})")
        return None

    def _cleaned(self, run_id: str, sink: str, path: str, status: FileStatus) -> Run | None:
        run = self._store.run(run_id)
        if run is None:
            return None
        run = ledger.file_became(run, sink, path, status)
        with self._store.transaction():
            self._store.forget_handle(run_id, sink, path)
            self._store.mark_file(run_id, sink, path, str(status))
            return self.close(run)

    def end(self, active: Active, status: RunStatus, error: ErrorJson | None = None) -> Run:
        """Write down how a run ended, or that the next start goes on with it."""
        ended = ledger.ended(active.run, status, error, reason=active.reason, now=self._now())
        if ended.status is RunStatus.HELD:
            ended = ledger.built(ended, self._store.parts(ended.run_id))
        written = self.write_end(ended)
        if not written.status.finished:
            active.run = written
        return written

    def write_end(self, run: Run) -> Run:
        """Write a run as it was left: it is over, the next start goes on, or it is held again."""
        if run.status.finished:
            return self.settle(run)
        with self._store.transaction():
            self._store.save_run(run)
            if run.status is RunStatus.HELD:
                self._store.save_files(run)
                self._store.owe_notice(run.run_id, "held", again=True)
        return run

    def _finished(self, active: Active, message: Finished) -> None:
        status = RunStatus(message.status)
        error: ErrorJson | None = message.error  # type: ignore[assignment]
        held = status is RunStatus.HELD
        forward = status in (RunStatus.DONE, RunStatus.FAILED)
        if not (status.finished or held) or (active.run.publishing and not forward):
            raise ValueError(f"the run is {active.run.status}, and ends as {status}")
        if held and active.reason != "stop":
            expiry = float(message.detail.get("expiry", HOLD_EXPIRY))
            self._update(active, ledger.held(active.run, error, expiry=expiry, now=self._now()))
        else:
            self.end(active, RunStatus.STOPPED if held else status, error)

    def settle(self, run: Run) -> Run:
        """Write an ended run, and forget what of it needs no settling any more."""
        with self._store.transaction():
            for handle in self._store.handles(run.run_id):
                if handle.published or run.status is RunStatus.DONE:
                    self._store.forget_handle(run.run_id, handle.sink, handle.staged["target"])
            if run.status is RunStatus.DONE and run.state is not None:
                self._store.save_state(run.pipeline, run.run_id, run.state)
            closed = self.close(replace(run, state=None))
            if (event := self._store.notice_of(closed)) is not None:
                self._store.owe_notice(closed.run_id, event)
            return closed

    def close(self, run: Run) -> Run:
        """Write an ended run. While something is staged it is known where, and how to reach it."""
        if run.status.finished and not self._store.handles(run.run_id):
            run = replace(run, documents=None)
        self._store.save_run(run)
        return run

    def _update(self, active: Active, run: Run, *, files: bool = False) -> None:
        with self._store.transaction():
            self._store.save_run(run)
            if files:
                self._store.save_files(run)
        active.run = run

    def _file(self, active: Active, sink: str, path: str, status: FileStatus) -> None:
        active.run = ledger.file_became(active.run, sink, path, status)
        self._store.mark_file(active.run.run_id, sink, path, str(status))

    def _progress(self, active: Active, progress: Progress) -> None:
        entered = progress.phase != active.run.phase
        if entered:
            active.run = replace(active.run, phase=progress.phase)
            self._logs.write(active.run.run_id, "info", f"phase {progress.phase}")
        active.percent = progress.percent
        active.rows = progress.rows or active.rows
        active.bytes = progress.bytes or active.bytes
        if entered:
            active.shown_at = 0.0
