"""The JSON shapes, words and codes of the control API, shared by daemon, CLI and TUI."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, Literal, NotRequired, TypedDict

API_VERSION = 1
HEARTBEAT_SECONDS = 15
TREND_RUNS = 20
"""Of so many runs ``GET /v1/trends`` tells, for each pipeline."""


class RunStatus(StrEnum):
    """How a run stands. Waiting for a turn is pending; waiting for a retry is running."""

    PENDING = "pending"
    RUNNING = "running"
    HELD = "held"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to the run by itself."""
        return self not in (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.HELD)


class PipelineState(StrEnum):
    """How a pipeline stands: the first that applies, in this order."""

    INVALID = "invalid"
    RUNNING = "running"
    HELD = "held"
    DISABLED = "disabled"
    PAUSED = "paused"
    FAILED = "failed"
    STOPPED = "stopped"
    DONE = "done"
    PENDING = "pending"

    @property
    def letter(self) -> str:
        """The one letter that stands for the state in a table."""
        return _LETTERS[self]


_LETTERS = {
    PipelineState.INVALID: "I",
    PipelineState.RUNNING: "R",
    PipelineState.HELD: "H",
    PipelineState.DISABLED: "D",
    PipelineState.PAUSED: "P",
    PipelineState.FAILED: "F",
    PipelineState.STOPPED: "S",
    PipelineState.DONE: "O",
    PipelineState.PENDING: "-",
}


class Phase(StrEnum):
    """The five rooms of a run."""

    PLAN = "plan"
    BUILD = "build"
    CHECK = "check"
    DELIVER = "deliver"
    RECORD = "record"


class FileStatus(StrEnum):
    """How one file at one sink stands."""

    STAGED = "staged"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    FAILED = "failed"


class Trigger(StrEnum):
    """What made a run."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"
    ONCE = "once"
    MANUAL = "manual"
    RESEND = "resend"
    EXPORT = "export"


class FileKind(StrEnum):
    """What a file of a run is for."""

    DATA = "data"
    SIGNATURE = "signature"
    MANIFEST = "manifest"
    MARKER = "marker"


class Role(IntEnum):
    """What a caller may do; each role may do all that the ones below may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Exit(IntEnum):
    """Exit codes of every command but the bare daemon."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    TIMEOUT = 4
    DENIED = 5
    INTERRUPTED = 130


class ErrorJson(TypedDict):
    code: str
    message: str
    hint: str


class ProblemJson(TypedDict):
    file: str
    line: int
    column: int
    key: str
    message: str
    hint: str
    severity: Literal["error", "warning"]


class FileJson(TypedDict):
    path: str
    uri: str
    sink: str
    rows: int
    bytes: int
    sha256: str
    status: str | None
    kind: NotRequired[str]
    """A word of ``FileKind``."""


class ComparisonJson(TypedDict):
    """One check of a run: its limit as written, what was found now and in the last delivered run.

    ``column`` is empty where it is about rows; the check ``header`` has no limit.
    """

    check: str
    column: str
    limit: str
    value: str
    before: str | None
    ok: bool


class HoldJson(TypedDict):
    """That a run is held, or was, and who decided what; ``until`` it is rejected by itself."""

    at: str
    until: str
    decision: Literal["approved", "rejected"] | None
    by: str
    note: str
    decided_at: str | None


class RunJson(TypedDict):
    run_id: str
    pipeline: str
    status: str
    trigger: str
    attempt: int
    retry_at: str | None
    scheduled_at: str | None
    started_at: str | None
    finished_at: str | None
    phase: str | None
    rows: int
    bytes: int
    files: list[FileJson]
    warnings: list[str]
    error: ErrorJson | None
    checks: list[ComparisonJson]
    hold: HoldJson | None
    origin: NotRequired[str | None]
    """The run whose files it sends again, where it does."""


class TrendJson(TypedDict):
    """What is left of a run in ``GET /v1/trends``: oldest first, for each pipeline."""

    run_id: str
    status: str
    seconds: float
    rows: int


class PausedJson(TypedDict):
    by: str
    at: str
    reason: str
    until: str | None


class RunningJson(TypedDict):
    run_id: str
    phase: str | None
    percent: float | None
    rows: int
    bytes: int


class PipelineJson(TypedDict):
    name: str
    file: str
    description: str
    kind: str
    export_id: str
    enabled: bool
    paused: PausedJson | None
    state: str
    source: str
    sinks: list[str]
    format: str
    filter: str
    path: str
    uri: str
    schedule: str
    frequency: Literal["once", "recurring", "manual"]
    next_run_at: str | None
    next_runs: list[str]
    problems: list[ProblemJson]
    last_run: RunJson | None
    running: RunningJson | None


class PluginJson(TypedDict):
    name: str
    kind: Literal["format", "codec", "sink", "notifier", "entry point"]
    version: str
    distribution: str
    status: Literal["ok", "broken"]
    error: str | None


class PreviewJson(TypedDict):
    pipeline: str
    files: list[dict[str, str]]
    columns: list[dict[str, str]]
    added: list[str]
    removed: list[str]
    rows_matching: int
    rows: list[list[Any]]
    text: str


class ProbeJson(TypedDict):
    pipeline: str
    sink: str
    type: str
    ok: bool
    message: str
    hint: str
    policy: str
    """The least rights that the sink needs, where its storage has a language for them."""


class WhyConditionJson(TypedDict):
    """One condition that a row must pass, or a group of them, with what lies in it behind it.

    ``kind`` is ``condition``, ``all``, ``any`` or ``where``; ``depth`` is 0 for what must hold by
    itself, and one more inside a group; ``value`` is that of the property.
    """

    depth: int
    kind: str
    text: str
    holds: bool
    value: Any


class StandingJson(TypedDict):
    """How a profile stands to the last delivered run, ``since``: in mode changed."""

    state: Literal["added", "changed", "removed", "unchanged"]
    since: str


class WhyJson(TypedDict):
    pipeline: str
    key: str
    column: str
    """The column that holds the key."""
    rows: int
    """How many rows of the source have the key; 0: it is unknown."""
    exported: bool
    """Whether every condition lets it in."""
    conditions: list[WhyConditionJson]
    changes: StandingJson | None


class CheckJson(TypedDict):
    ok: bool
    problems: list[ProblemJson]
    online: NotRequired[list[ProbeJson]]
    """What the sinks said, where they were asked."""


class SettingJson(TypedDict):
    """One value that a pipeline goes by, as text; ``file`` is empty for a built-in default."""

    key: str
    value: str
    file: str
    line: int


class EffectiveJson(TypedDict):
    """What a pipeline goes by; ``stale`` while its file is invalid: its last good version."""

    pipeline: str
    file: str
    stale: bool
    values: list[SettingJson]
    problems: list[ProblemJson]


class ReloadJson(TypedDict):
    """The last reading of the files: when, at whose request, and whether there was no error."""

    at: str
    source: str
    ok: bool


class DiagnosticsJson(TypedDict):
    """How the daemon itself does."""

    loop_lag: float
    memory: int
    clients: int
    running: list[RunJson]
    reload: ReloadJson | None
    problems: list[ProblemJson]


class InfoJson(TypedDict):
    version: str
    api: int
    boot_id: str
    pid: int
    host: str
    started_at: str
    config: str
    state: str
    spool: str
    role: str
    pipelines: int
    running: int
    problems: NotRequired[int]
    """How many errors the files have, those of profexd.toml too."""


class AuditJson(TypedDict):
    """One line of the audit log: who asked for what, of what, and what came of it."""

    at: str
    user: str
    uid: int
    role: str
    action: str
    object: str
    result: Literal["ok", "refused", "denied"]
    code: str
    """Why it was refused; empty where it was not."""
    details: dict[str, str]
    """What came with it, such as a reason, and the run that it began."""


class NoticeJson(TypedDict):
    """What became of telling somebody: ``notice`` is the event that was told of."""

    notice: str
    pipeline: str
    run_id: str | None
    by: str
    """``webhook``, ``command``, or the notifier of a plugin."""
    told: bool
    error: str


class EventJson(TypedDict):
    """One line of ``GET /v1/events``.

    ``type`` is ``hello`` (with ``boot_id``), ``pipeline`` (with the whole ``pipeline``, or
    ``gone``: its name), ``run`` (with the whole ``run``), ``progress`` (with ``running`` and
    ``name``), ``notice`` (with ``notice``: who was told), ``heartbeat`` or ``lagged`` (fetch
    everything anew). ``seq`` grows by one with each event of a boot; heartbeats repeat the last.
    """

    type: Literal["hello", "pipeline", "run", "progress", "config", "notice", "heartbeat", "lagged"]
    seq: int
    at: str
    boot_id: NotRequired[str]
    pipeline: NotRequired[PipelineJson]
    gone: NotRequired[str]
    run: NotRequired[RunJson]
    name: NotRequired[str]
    running: NotRequired[RunningJson]
    notice: NotRequired[NoticeJson]


class LogLineJson(TypedDict):
    """One line of ``GET /v1/runs/{id}/log`` (ndjson)."""

    at: str
    level: Literal["debug", "info", "warning", "error"]
    message: str
