"""Warns of what the past tells: a time that went by unseen, a new name, an interval too short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from profexd.config.model import Pipeline
from profexd.config.text.problems import Path, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the run state holds of a pipeline's name, whether or not its file is there."""

    cursor: datetime
    """Up to when its occurrences are decided; at first, when its file was first seen."""
    once_done: bool = False
    content: str = ""
    """The digest of what its file last said."""
    ran: bool = False
    took: timedelta | None = None
    """How long its last run took that was done."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known at the time of reading."""

    now: datetime
    names: Mapping[str, Remembered] = field(default_factory=dict)


def warn_of_the_past(pipeline: Pipeline, scope: Scope, past: Past) -> None:
    """Warn of a schedule that will never come, or that comes faster than a run takes."""
    schedule = pipeline.schedule
    known = past.names.get(pipeline.name)
    path: Path = ("schedule", "when") if scope.has(("schedule", "when")) else ("schedule",)
    if schedule.kind == "once" and schedule.at is not None:
        latest = schedule.at + timedelta(seconds=schedule.jitter)
        # What came before the first sight of the file is not missed.
        unseen = known is None or (not known.once_done and known.cursor >= latest)
        if latest <= past.now and unseen:
            scope.add(
                path,
                f'"{schedule.text}" lies in the past: it will never run',
                'write a time to come, or "once" for as soon as the file is seen',
                "warning",
            )
    took = known.took if known else None
    if schedule.kind == "every" and took is not None and took.total_seconds() > schedule.seconds:
        then = "is skipped" if schedule.overlap == "skip" else "waits"
        scope.add(
            path,
            f'"{schedule.text}" is less than the last run took, {_long(took)}:'
            f" what is due while a run works {then}",
            "choose a longer interval",
            "warning",
        )


def renamed(contents: Mapping[str, str], past: Past) -> Iterator[tuple[str, str]]:
    """Yield (new name, old name) where a file says what one said that is gone.

    ``contents`` are the digests of the files that are there. A pipeline that has run under its
    new name has its own state, and nobody needs to know any longer.
    """
    gone = {
        one.content: name
        for name, one in past.names.items()
        if one.content and name not in contents
    }
    for name, content in contents.items():
        known = past.names.get(name)
        if content in gone and (known is None or not known.ran):
            yield name, gone[content]


def _long(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (seconds, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count)
