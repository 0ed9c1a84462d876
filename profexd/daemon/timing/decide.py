"""The rules, as pure functions: what starts, what is refused or caught up, how things stand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from profexd.api.errors import ConfigurationInvalid, Permanent
from profexd.daemon.state.records import Memory, Pause, Run
from profexd.daemon.timing.schedule import latest, occurrences
from profexd.wire import PipelineState, RunStatus, Trigger

if TYPE_CHECKING:
    from profexd.config.model import Entry, Schedule

ON_TIME = timedelta(seconds=60)
"""An occurrence that is seen within so long was not missed."""
MOST_CAUGHT_UP = 1000
"""Of more occurrences than this the oldest are not caught up, whatever ``catch_up`` says."""
_MOST_INTERRUPTIONS = 3


class Refused(Permanent):
    """A request that makes no sense as things stand; ``code`` says why."""

    code = "refused"


class NotFound(Permanent):
    """There is no such pipeline or run."""

    code: ClassVar[str] = "not_found"


@dataclass(frozen=True, slots=True)
class Due:
    """An occurrence that asks for a run."""

    at: datetime
    trigger: Trigger


def due(
    schedule: Schedule,
    cursor: datetime,
    now: datetime,
    *,
    pipeline: str,
    starting: bool,
) -> list[Due]:
    """Return the occurrences after ``cursor`` that ask for a run now, by the catch-up rule.

    While ``starting`` everything up to now was missed, however fresh.
    """

    def trigger(at: datetime) -> Trigger:
        late = starting or now - at > ON_TIME
        return Trigger.CATCH_UP if late else Trigger.SCHEDULE

    if schedule.catch_up == "all":
        missed = occurrences(schedule, cursor, now, pipeline=pipeline)
        found: Iterable[datetime] = deque(missed, maxlen=MOST_CAUGHT_UP)
    else:
        last = latest(schedule, cursor, now, pipeline=pipeline)
        found = () if last is None else (last,)
    dues = [Due(at, trigger(at)) for at in found]
    if schedule.catch_up == "none":
        return [one for one in dues if one.trigger is Trigger.SCHEDULE]
    return dues


def may_rerun(schedule: Schedule, interruptions: int) -> bool:
    """Whether an occurrence whose run was interrupted asks for another one."""
    return schedule.catch_up != "none" and interruptions < _MOST_INTERRUPTIONS


def on_overlap(
    overlap: Literal["skip", "queue"], unfinished: Sequence[Run]
) -> Literal["queue", "skip"]:
    """Say what becomes of an occurrence while runs of its pipeline are unfinished."""
    if not unfinished:
        return "queue"
    if any(run.status is RunStatus.HELD for run in unfinished):
        return "skip"
    waiting = any(run.status is RunStatus.PENDING for run in unfinished)
    return "queue" if overlap == "queue" and not waiting else "skip"


def refuse_run_now(entry: Entry, pause: Pause | None, unfinished: Sequence[Run]) -> None:
    """Raise what speaks against running this pipeline by hand."""
    name = entry.name
    if entry.pipeline is None:
        raise ConfigurationInvalid(
            f"the pipeline {name} has errors in its file and never had a good version",
            hint=f"profexctl check {name}",
        )
    if not entry.pipeline.enabled:
        raise Refused(
            f"the pipeline {name} is disabled",
            hint=f"set enabled = true in {entry.file}",
            code="disabled",
        )
    if pause is not None:
        raise Refused(
            f"the pipeline {name} is paused by {pause.by}",
            hint=f"profexctl resume {name}",
            code="paused",
        )
    held = next((run for run in unfinished if run.status is RunStatus.HELD), None)
    if held is not None:
        raise Refused(
            f"run {held.run_id} of {name} is held",
            hint=f"profexctl approve {held.run_id}, or profexctl reject {held.run_id}",
            code="held",
        )
    if on_overlap(entry.pipeline.schedule.overlap, unfinished) == "skip":
        run = unfinished[-1]
        word = "waiting for its turn" if run.status is RunStatus.PENDING else "running"
        raise Refused(
            f"run {run.run_id} of {name} is {word}",
            hint=f"profexctl show {run.run_id}, or stop it first",
            code="already_running",
        )


def startable(
    pending: Iterable[Run],
    running: Iterable[Run],
    *,
    limit: int,
    may_start: Callable[[Run], bool],
) -> list[Run]:
    """Return the runs to start now: oldest first, one per pipeline, ``limit`` in all."""
    busy = {run.pipeline for run in running}
    free = limit - len(busy)
    chosen: list[Run] = []
    for run in pending:
        if len(chosen) >= free:
            break
        if run.pipeline not in busy and may_start(run):
            chosen.append(run)
            busy.add(run.pipeline)
    return chosen


def state_of(
    entry: Entry,
    *,
    memory: Memory,
    paused: bool,
    running: bool,
    ended: RunStatus | None,
    held: bool = False,
) -> PipelineState:
    """Return the first state that applies. ``ended``: how the last run ended."""
    pipeline = entry.pipeline
    checks = (
        (PipelineState.INVALID, entry.invalid or pipeline is None),
        (PipelineState.RUNNING, running),
        (PipelineState.HELD, held),
        (PipelineState.DISABLED, pipeline is not None and not pipeline.enabled),
        (PipelineState.PAUSED, paused),
        (PipelineState.FAILED, ended in (RunStatus.FAILED, RunStatus.INTERRUPTED)),
        (PipelineState.STOPPED, ended is RunStatus.STOPPED),
        (
            PipelineState.DONE,
            pipeline is not None and pipeline.schedule.kind == "once" and memory.once_done,
        ),
    )
    return next((state for state, applies in checks if applies), PipelineState.PENDING)
