"""What a worker's message changes on the record of its run: pure, from record to record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from profexd.api.errors import SpoolCorrupt
from profexd.daemon.state.records import FileRecord, Hold, Run
from profexd.wire import ComparisonJson, ErrorJson, FileKind, FileStatus, RunStatus, Trigger

MOST_WARNINGS = 100
"""Of more than these the record of a run says only how many."""
_LONGEST_WARNING = 1000

Reason = Literal["", "stop", "timeout", "drain"]
"""Why the core ended a run, where it did."""


def planned(run: Run, files: Iterable[dict[str, str]]) -> Run:
    """The names are fixed."""
    records = tuple(
        FileRecord(
            sink=file["sink"],
            path=file["path"],
            uri=file["uri"],
            kind=FileKind(file.get("kind", FileKind.DATA)),
        )
        for file in files
    )
    return replace(run, files=records)


def built(run: Run, parts: list[dict[str, Any]]) -> Run:
    """Sizes and sums are known; parts that the plan could not foresee are added at every sink."""
    sizes = {part["path"]: part for part in parts}
    files = tuple(
        replace(
            file,
            rows=int(sizes[file.path]["rows"]),
            bytes=int(sizes[file.path]["bytes"]),
            sha256=str(sizes[file.path]["sha256"]),
        )
        if file.path in sizes
        else file
        for file in run.files
    )
    return replace(run, files=files)


def file_became(run: Run, sink: str, path: str, status: FileStatus) -> Run:
    """One file at one sink is staged, published, discarded or failed."""
    files = tuple(
        replace(file, status=str(status)) if (file.sink, file.path) == (sink, path) else file
        for file in run.files
    )
    # A part counts once it is delivered: published at every sink. Receipts are no part of it.
    withheld = {file.path for file in files if file.status != FileStatus.PUBLISHED}
    delivered = {
        file.path: file
        for file in files
        if file.path not in withheld and file.kind == FileKind.DATA
    }.values()
    return replace(
        run,
        files=files,
        rows=sum(file.rows for file in delivered),
        bytes=sum(file.bytes for file in delivered),
    )


def warned(run: Run, message: str) -> Run:
    """A sentence for the record; of many the last says how many more there are."""
    message = message[:_LONGEST_WARNING]
    if message in run.warnings:
        return run
    if len(run.warnings) < MOST_WARNINGS:
        return replace(run, warnings=(*run.warnings, message))
    *kept, last = run.warnings
    if len(kept) < MOST_WARNINGS:
        kept, more = [*run.warnings], 1
    else:
        more = int(last.split()[1]) + 1
    return replace(run, warnings=(*kept, f"and {more} more: the log of the run has them"))


def ended(
    run: Run, status: RunStatus, error: ErrorJson | None, *, reason: Reason, now: datetime
) -> Run:
    """The run is over. ``reason`` turns a stop into what it was for."""
    owed = False
    if status is RunStatus.STOPPED:
        match reason:
            case "timeout":
                status, error = RunStatus.FAILED, timed_out(run)
            case "drain":
                status = RunStatus.INTERRUPTED
    if status is RunStatus.INTERRUPTED and run.approved:
        # Its files are built, and somebody has decided: the next start goes on.
        return replace(run, error=undelivered(), retry_at=None)
    if status is RunStatus.FAILED and error is not None and _may_wait(run, error):
        return held_again(run, error, now=now)
    if status is RunStatus.INTERRUPTED:
        owed = run.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP, Trigger.ONCE)
        error = error or interrupted_error()
    return replace(
        run,
        status=status,
        error=None if status in (RunStatus.DONE, RunStatus.STOPPED) else error,
        finished_at=now,
        retry_at=None,
        owed=owed,
    )


def checked(run: Run, checks: list[dict[str, Any]]) -> Run:
    """It was compared with ``[checks]``."""
    found: list[ComparisonJson] = [
        {
            "check": str(one["check"]),
            "column": str(one["column"]),
            "limit": str(one["limit"]),
            "value": str(one["value"]),
            "before": None if one["before"] is None else str(one["before"]),
            "ok": bool(one["ok"]),
        }
        for one in checks
    ]
    return replace(run, checks=tuple(found))


def held(run: Run, error: ErrorJson | None, *, expiry: float, now: datetime) -> Run:
    """A check failed: the run waits, with its files built, until somebody decides."""
    return replace(
        run,
        status=RunStatus.HELD,
        error=error,
        retry_at=None,
        hold=Hold(at=now, until=now + timedelta(seconds=expiry)),
    )


def _may_wait(run: Run, error: ErrorJson) -> bool:
    """Whether a run that could not be delivered is held once more: its files are what they were."""
    return run.approved and not run.publishing and error["code"] != SpoolCorrupt.code


def held_again(run: Run, error: ErrorJson, *, now: datetime) -> Run:
    """What was approved was not delivered: nothing is visible, and somebody is to decide anew."""
    assert run.hold is not None
    error = {
        "code": error["code"],
        "message": f"approved, and not delivered: {error['message']}",
        "hint": f"{error['hint']}; then profexctl approve {run.run_id} sends the same files,"
        f" profexctl reject {run.run_id} removes them".removeprefix("; then "),
    }
    files = tuple(replace(file, status=None) for file in run.files)
    hold = Hold(at=now, until=now + (run.hold.until - run.hold.at))
    return replace(
        run,
        status=RunStatus.HELD,
        files=files,
        error=error,
        retry_at=None,
        attempt=1,
        hold=hold,
    )


def decided(
    run: Run, decision: Literal["approved", "rejected"], *, by: str, note: str, now: datetime
) -> Run:
    """Somebody has decided on a held run; why it was held stays on its record."""
    assert run.hold is not None
    hold = replace(run.hold, decision=decision, by=by, note=note, decided_at=now)
    if run.error is not None:
        run = warned(run, run.error["message"])
    return replace(warned(run, decision_of(hold)), hold=hold, error=None)


def decision_of(hold: Hold) -> str:
    """Return what was decided on a held run, by whom and why."""
    return f"{hold.decision} by {hold.by}" + (f": {hold.note}" if hold.note else "")


def died(how: str, last_words: str) -> ErrorJson:
    """Return the error of a run whose process ended without a last message."""
    killed = "SIGKILL" in how
    return {
        "code": "worker_died",
        "message": f"the process of the run died: {how}"
        + (f": {last_words}" if last_words else ""),
        "hint": (
            "it may have been killed for want of memory: see dmesg, and limits.memory"
            if killed
            else "the log of the run says more"
        ),
    }


def published(run: Run) -> bool:
    """Whether every file is visible at every sink."""
    return bool(run.files) and all(file.status == FileStatus.PUBLISHED for file in run.files)


def undelivered() -> ErrorJson:
    """Return the error of a run that was approved, and that the daemon's end kept from going on."""
    return {
        "code": "interrupted",
        "message": "the daemon ended before the approved files were published",
        "hint": "the next start of the daemon goes on",
    }


def half_published(how: str) -> ErrorJson:
    """Return the error of a run that began to publish, and that nobody could finish yet."""
    return {
        "code": "worker_died",
        "message": f"the process of the run died again and again while it published: {how}",
        "hint": "the daemon tries again every ten minutes, and at its next start;"
        " nothing else writes its files until then; the log of the run says more",
    }


def stranded(run: Run) -> ErrorJson:
    """Return the error of a run that began to publish, and whose configuration is gone."""
    return {
        "code": "interrupted",
        "message": f"the run had begun to publish, and the configuration of {run.pipeline} is gone,"
        " and with it the secrets of its sinks",
        "hint": "put its files back: the rest is published then, and until then nothing else writes"
        f" the files of the run; or give it up: profexctl stop {run.run_id}",
    }


def state_unusable(why: Exception) -> ErrorJson:
    """Return the error of what could not be written down."""
    return {
        "code": "state_unusable",
        "message": f"run state cannot be written: {why}",
        "hint": "make room in the state directory, or see what is wrong with its disk",
    }


def misspoke(violation: str) -> ErrorJson:
    """Return the error of a run whose process said what is no message."""
    return {
        "code": "worker_died",
        "message": f"the process of the run said something that is no message: {violation}",
        "hint": "a plugin may write to the wrong place; the log of the run says more",
    }


def timed_out(run: Run) -> ErrorJson:
    """Return the error of a run that took too long."""
    return {
        "code": "timeout",
        "message": f"the run took longer than the timeout of {run.pipeline}",
        "hint": "raise timeout in its file, or find out what is slow in the log of the run",
    }


def interrupted_error() -> ErrorJson:
    """Return the error of a run that ended because the daemon did."""
    return {
        "code": "interrupted",
        "message": "the daemon ended while the run was going on",
        "hint": "what it had staged is removed; the catch-up rule decides whether it runs again",
    }
