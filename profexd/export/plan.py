"""Plan: from a pipeline and an occurrence to the names, fixed before any work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is fixed once a run is created; a retry has the same."""

    run_id: str
    export_id: str
    pipeline: str
    instant: datetime
    path: str
    """The file's path below the root of each sink."""
    member: str
    """The file's name without the codec's extension, as an archive shows it."""
    media_type: str
