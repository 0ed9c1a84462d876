"""What the store remembers of runs and pipelines: frozen values, and their looks on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from profexd.wire import (
    ComparisonJson,
    ErrorJson,
    FileJson,
    FileKind,
    HoldJson,
    PausedJson,
    RunJson,
    RunStatus,
    Trigger,
)


def rfc3339(instant: datetime) -> str:
    """Return the instant as RFC 3339 in UTC, with milliseconds where there are any."""
    moment = instant.astimezone(UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def _optional(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file at one sink."""

    sink: str
    path: str
    uri: str
    rows: int = 0
    bytes: int = 0
    sha256: str = ""
    status: str | None = None
    kind: str = FileKind.DATA

    def as_json(self) -> FileJson:
        """Return the ``files[]`` object of a run."""
        return {
            "path": self.path,
            "uri": self.uri,
            "sink": self.sink,
            "rows": self.rows,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "status": self.status,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """That a run is held, or was: since when, until when at most, and what was decided."""

    at: datetime
    until: datetime
    decision: Literal["approved", "rejected"] | None = None
    by: str = ""
    note: str = ""
    decided_at: datetime | None = None

    def as_json(self) -> HoldJson:
        """Return the ``hold`` object of a run."""
        return {
            "at": rfc3339(self.at),
            "until": rfc3339(self.until),
            "decision": self.decision,
            "by": self.by,
            "note": self.note,
            "decided_at": _optional(self.decided_at),
        }

    @classmethod
    def from_json(cls, value: HoldJson) -> Hold:
        """Return what ``as_json`` made."""
        decided_at = value["decided_at"]
        return cls(
            at=datetime.fromisoformat(value["at"]),
            until=datetime.fromisoformat(value["until"]),
            decision=value["decision"],
            by=value["by"],
            note=value["note"],
            decided_at=None if decided_at is None else datetime.fromisoformat(decided_at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as the store holds it."""

    run_id: str
    pipeline: str
    trigger: Trigger
    instant: datetime
    status: RunStatus = RunStatus.PENDING
    by: str = ""
    """Who asked for it, where somebody did."""
    attempt: int = 1
    retry_at: str | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    phase: str | None = None
    rows: int = 0
    """Delivered: published at every sink. So are the bytes."""
    bytes: int = 0
    files: tuple[FileRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    error: ErrorJson | None = None
    publishing: bool = False
    """Whether it has begun to publish: from then on it only goes forward."""
    owed: bool = False
    """Whether it was interrupted and the catch-up rule has not decided yet."""
    checks: tuple[ComparisonJson, ...] = ()
    """How it compared with ``[checks]``, where it got so far."""
    hold: Hold | None = None
    """Set once it was held."""
    spooled: bool = False
    """Whether its folder may still stand in the spool."""
    state: dict[str, Any] | None = field(default=None, repr=False)
    """What the next run is to know once this one is delivered, from the build until then."""
    origin: str | None = None
    """The run whose stored files it sends again, where it does."""
    sinks: tuple[str, ...] = ()
    """The sinks that it sends them to."""
    documents: dict[str, Any] | None = field(default=None, repr=False)
    """The configuration it started with, without literal secrets, until nothing is staged."""

    def as_json(self) -> RunJson:
        """Return the run object of the API."""
        return {
            "run_id": self.run_id,
            "pipeline": self.pipeline,
            "status": str(self.status),
            "trigger": str(self.trigger),
            "attempt": self.attempt,
            "retry_at": self.retry_at,
            "scheduled_at": _optional(self.scheduled_at),
            "started_at": _optional(self.started_at),
            "finished_at": _optional(self.finished_at),
            "phase": self.phase,
            "rows": self.rows,
            "bytes": self.bytes,
            "files": [file.as_json() for file in self.files],
            "warnings": list(self.warnings),
            "error": self.error,
            "origin": self.origin,
            "checks": list(self.checks),
            "hold": None if self.hold is None else self.hold.as_json(),
        }

    @property
    def approved(self) -> bool:
        """Whether it was held, and is to be delivered."""
        return self.hold is not None and self.hold.decision == "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Who paused a pipeline, when, why, and until when."""

    by: str
    at: datetime
    reason: str = ""
    until: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.until is not None and self.until <= now

    def as_json(self) -> PausedJson:
        """Return the ``paused`` object of a pipeline."""
        return {
            "by": self.by,
            "at": rfc3339(self.at),
            "reason": self.reason,
            "until": _optional(self.until),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of a pipeline's name; it outlives the file."""

    name: str
    export_id: str
    cursor: datetime
    """Every occurrence up to here is decided."""
    timing: str = ""
    """The timing of the schedule that the cursor belongs to."""
    active: bool = False
    """Whether it was enabled, not paused and there when last looked at."""
    once_done: bool = False
