"""Which kills are tried: every step of every pipeline, and moments that nobody chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Literal

from profexd.torture.strikes import Moment, Strike, Whom

_WHOM: tuple[Whom, ...] = ("worker", "daemon")
_MOMENTS: tuple[Moment, ...] = ("before", "committed")
_STEPS = (
    ("planned", 1),
    ("planned", 2),
    ("built", 1),
    ("staging", 1),
    ("staging", 2),
    ("staging", 3),
    ("staging", 4),
    ("publishing", 1),
    ("published", 1),
    ("published", 2),
    ("published", 3),
    ("finished", 1),
)
_FINISHING = (("published", 1), ("published", 2), ("finished", 1))
_DISCARDING = (("unpublished", 1), ("unpublished", 2), ("finished", 1))
_LONGEST = 3.0
"""Seconds that a worker takes at most, on a machine that is not busy."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run of a pipeline, and what is killed meanwhile; ``at`` kills the daemon by time."""

    pipeline: str
    strikes: tuple[Strike, ...] = ()
    at: float | None = None
    """Seconds after the run was asked for."""
    restart_at: float | None = None
    """Seconds after a daemon was started in place of one that was killed."""

    def __str__(self) -> str:
        words = [str(strike) for strike in self.strikes]
        if self.at is not None:
            words.append(f"daemon {self.at:.2f} s after the request")
        if self.restart_at is not None:
            words.append(f"daemon {self.restart_at:.2f} s after its start")
        return f"{self.pipeline}: {', then '.join(words) or 'nothing'}"


def scenarios(pipelines: Sequence[str], random: Random) -> Iterator[Scenario]:
    """Yield scenarios without end: all steps in a random order, others in between, and again."""
    while True:
        steps = [
            Scenario(name, _strikes(_at(event, count, moment, whom), random))
            for name, (event, count), moment, whom in product(pipelines, _STEPS, _MOMENTS, _WHOM)
            # More than one of a name is there only where there are several files.
            if count <= 2 or name in ("split", "partitions", "window", "several")
        ]
        random.shuffle(steps)
        for number, step in enumerate(steps):
            yield step
            if number % 2:
                yield _unforeseen(random.choice(pipelines), random)


def _at(event: str, count: int, moment: Moment, whom: Whom) -> Strike:
    return Strike(number=1, whom=whom, moment=moment, event=event, count=count)


def _strikes(first: Strike, random: Random) -> tuple[Strike, ...]:
    """Return a strike, and often a second one, at whoever cleans up after the first."""
    if random.random() < 0.5:
        return (first,)
    finishing = first.event in ("publishing", "published", "finished")
    event, count = random.choice(_FINISHING if finishing else _DISCARDING)
    action: Literal["finish", "discard"] = "finish" if finishing else "discard"
    second = Strike(
        number=2,
        whom=random.choice(_WHOM),
        moment=random.choice(_MOMENTS),
        action=action,
        event=event,
        count=count,
    )
    return first, second


def _unforeseen(pipeline: str, random: Random) -> Scenario:
    seconds = random.uniform(0, _LONGEST)
    match random.randrange(4):
        case 0:
            return Scenario(pipeline, at=seconds)
        case 1:
            return Scenario(pipeline, at=seconds, restart_at=random.uniform(0, _LONGEST))
        case 2:
            return Scenario(pipeline, (_timed("worker", seconds),))
        case _:
            return Scenario(pipeline, (_timed("daemon", seconds),))


def _timed(whom: Whom, seconds: float) -> Strike:
    return Strike(number=1, whom=whom, moment="timed", seconds=seconds)
