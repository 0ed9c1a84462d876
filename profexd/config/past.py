"""Warns of a pipeline whose one time to run has passed before anybody knew of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from profexd.config.model import Pipeline
from profexd.config.problems import Scope


@dataclass(frozen=True, slots=True)
class Unseen:
    """What is needed to know what will never run: the time, and what the run state knows."""

    now: datetime
    passed: Callable[[str, datetime], bool]
    """Whether a time went by, for a pipeline, that is neither run nor to be caught up."""


def warn_of_the_past(pipeline: Pipeline, scope: Scope, unseen: Unseen) -> None:
    """Warn where ``once at`` lies in the past: what came before the first sight is not missed."""
    schedule = pipeline.schedule
    if schedule.kind != "once" or schedule.at is None:
        return
    latest = schedule.at + timedelta(seconds=schedule.jitter)
    if latest <= unseen.now and unseen.passed(pipeline.name, latest):
        scope.add(
            ("schedule", "when") if scope.has(("schedule", "when")) else ("schedule",),
            f'"{schedule.text}" lies in the past: it will never run',
            'write a time to come, or "once" for as soon as the file is seen',
            "warning",
        )
