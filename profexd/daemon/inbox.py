"""What reaches the core: requests of the API, of signals, of the watcher and of timers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profexd.api.options import NoticeEvent as Notice
    from profexd.config.model import Configuration
    from profexd.daemon.state.told import Late


@dataclass(frozen=True, slots=True)
class RunNow:
    name: str
    by: str
    export: bool = False
    """``profexd export``: it ignores schedule and pause."""


@dataclass(frozen=True, slots=True)
class StopRun:
    run_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ApproveRun:
    run_id: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RejectRun:
    run_id: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResendRun:
    run_id: str
    sink: str | None
    by: str


@dataclass(frozen=True, slots=True)
class PausePipeline:
    name: str
    by: str
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResumePipeline:
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The files were read anew."""

    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Tick:
    """Something may be due."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The ``timeout`` of a run is over."""

    run_id: str


@dataclass(frozen=True, slots=True)
class PublishAgain:
    """The process of a run died while it published; another may try."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Told:
    """Everybody was told, or will not be: of a run, or of a late occurrence; or nobody was."""

    event: Notice
    subject: str | Late
    """The id of the run, or what is late."""
    settled: bool
    """False where it was given up because the daemon ends: the next start tells."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Start nothing more; end when nothing runs any more."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End what still runs, and then end."""
