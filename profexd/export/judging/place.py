"""Where findings stand in the files: from what was found out to problems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profexd.config.model import Entry
    from profexd.export.judging.finding import Finding
    from profexd.wire import ProblemJson


def placed(entry: Entry, findings: Iterable[Finding]) -> list[ProblemJson]:
    """Return findings as problems, with their places in the files."""
    if entry.places is None:
        return []
    return [
        entry.places.problem(one.of, one.path, one.message, one.hint, one.severity)
        for one in findings
    ]
