"""What the configuration says once it is valid: frozen values, nothing that reaches out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from profexd.api.options import FormatOptions, Secret, SinkOptions
from profexd.config.notify import Notify
from profexd.config.readers.checks import Checks
from profexd.config.readers.manifest import Manifest
from profexd.config.shape import (
    ChangesChoice,
    ColumnsChoice,
    Conditions,
    EventRoles,
    EventsChoice,
    IdentityChoice,
    ProfileRoles,
)

if TYPE_CHECKING:
    from pathlib import Path

    from profexd.config.sketch import Sketch
    from profexd.config.template import Template
    from profexd.config.text.problems import Places
    from profexd.wire import ProblemJson


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    concurrent_runs: int = 2
    memory: int = 10**9
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """profexd.toml. Durations are seconds, sizes bytes."""

    account_id: str = "default"
    instance_id: str = "0"
    timezone: str = "UTC"
    shutdown_grace: float = 60.0
    limits: Limits = field(default_factory=Limits)
    spool_keep: float = 2 * 86400.0
    spool_max_size: int = 20 * 10**9
    history_keep: float = 90 * 86400.0
    log_format: Literal["auto", "text", "logfmt", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_listen: str = ""
    access_admin: tuple[str, ...] = ()
    access_operator: tuple[str, ...] = ("@profexd",)
    access_viewer: tuple[str, ...] = ()
    signing_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from. Exactly one of ``table`` and ``query`` is set."""

    name: str
    """Its name, or ``(inline)``."""
    database: str | None
    table: str | None
    query: str | None
    kind: Literal["profiles", "events"]
    lock_wait: float
    key: str | None
    """The ``[profiles] key``: the tie-break of every order."""
    profiles: ProfileRoles = field(default_factory=ProfileRoles)
    events: EventRoles = field(default_factory=EventRoles)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkChoice:
    """One sink of a pipeline: its name (or ``(inline)``), its type and its valid options."""

    name: str
    type: str
    options: SinkOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatChoice:
    type: str
    options: FormatOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a pipeline runs; ``text`` is how the file says it.

    ``kind``: ``manual``; ``once`` (``at``: an instant, or None for as soon as seen); ``every``
    (``seconds``, counted from 00:00 UTC of each day); ``cron`` (``expression``: five fields of
    wall clock in ``timezone``; ``hourly`` and ``daily at`` become this).
    """

    kind: Literal["manual", "once", "every", "cron"] = "manual"
    text: str = "manual"
    expression: str = ""
    seconds: int = 0
    at: datetime | None = None
    timezone: str = "UTC"
    start: datetime | None = None
    """Aware, UTC; included."""
    end: datetime | None = None
    """Aware, UTC; not included."""
    jitter: float = 0.0
    catch_up: Literal["latest", "all", "none"] = "latest"
    overlap: Literal["skip", "queue"] = "skip"

    @property
    def frequency(self) -> Literal["once", "recurring", "manual"]:
        """The word of the pipeline object's ``frequency``."""
        match self.kind:
            case "manual" | "once":
                return self.kind
            case _:
                return "recurring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    attempts: int = 5
    backoff: float = 10.0
    max_backoff: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """When the next part begins; at least one of the two is set."""

    max_size: int | None = None
    """Bytes of a file as delivered."""
    max_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A valid pipeline with everything it refers to."""

    name: str
    description: str
    enabled: bool
    source: Source
    sinks: tuple[SinkChoice, ...]
    path: Template
    """The whole path below the sink's root, extension included."""
    schedule: Schedule
    timezone: str
    """The zone of dates in the path."""
    format: FormatChoice
    compression: str
    split: Split | None
    order_by: tuple[tuple[str, bool], ...]
    """(column, descending), without the key's tie-break."""
    where: str | None
    filter: Conditions | None = None
    identity: IdentityChoice | None = None
    columns: ColumnsChoice | None = None
    changes: ChangesChoice | None = None
    """Set in mode ``changed`` alone."""
    events: EventsChoice | None = None
    partition_by: tuple[str, ...] = ()
    on_existing: Literal["overwrite", "fail", "suffix"]
    timeout: float
    retry: Retry
    checks: Checks = field(default_factory=Checks)
    manifest: Manifest | None = None
    notify: tuple[Notify, ...] = ()
    settings: Settings
    secrets: tuple[Secret, ...]
    """Every secret of its sinks, of whom it tells and of what signs, for redaction."""
    documents: dict[str, Any] = field(repr=False)
    """The effective documents (``settings``, ``pipeline``, ``source``, ``sinks`` by name), as
    ``pipeline_from_documents`` takes them: what a worker is sent."""
    revision: str
    """SHA-256 of ``documents``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of ``pipelines/``.

    ``pipeline`` is the last good version, or None when there never was one. The pipeline is
    invalid when any of ``problems`` is an error.
    """

    name: str
    file: Path
    pipeline: Pipeline | None
    problems: tuple[ProblemJson, ...] = ()
    places: Places | None = field(default=None, repr=False, compare=False)
    """Where its keys stand, unless the file is gone or cannot be read."""
    content: str = ""
    """The digest of what the file says; empty where it cannot be read."""
    sketch: Sketch | None = None
    """What there is to say of a file that never was right, and could be read."""

    @property
    def invalid(self) -> bool:
        """Whether the file as it is now cannot be used."""
        return any(problem["severity"] == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that the files say, and every problem of every file."""

    directory: Path
    settings: Settings
    pipelines: dict[str, Entry]
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    problems: tuple[ProblemJson, ...]
    sink_documents: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the files of ``sinks`` say that are right."""
    document: dict[str, Any] = field(default_factory=dict, repr=False)
    """profexd.toml as last read without an error: what a broken one is replaced with."""
