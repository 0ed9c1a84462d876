"""Which kills are tried: every step of every pipeline, and moments that nobody chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random

from profexd.torture.strikes import Action, Moment, Strike, Whom

_Steps = tuple[tuple[str, int], ...]

_WHOM: tuple[Whom, ...] = ("worker", "daemon")
_MOMENTS: tuple[Moment, ...] = ("before", "committed")
_STEPS: _Steps = (
    ("planned", 1),
    ("planned", 2),
    ("built", 1),
    ("staging", 1),
    ("staging", 2),
    ("publishing", 1),
    ("published", 1),
    ("published", 2),
    ("finished", 1),
)
_MORE: _Steps = (*_STEPS, ("staging", 3), ("staging", 4), ("published", 3))
"""Of pipelines with several files."""
_VOUCHED: _Steps = (
    ("planned", 2),
    ("built", 1),
    ("staging", 4),
    ("publishing", 1),
    *(("published", count) for count in (1, 6, 8, 9, 10, 11, 12, 13, 14)),
    ("finished", 1),
)
"""Eight files or more; then signatures, manifests and markers, two of each."""
_HELD: _Steps = (("planned", 1), ("built", 1), ("finished", 1))
_APPROVED: _Steps = (
    ("planned", 1),
    ("built", 1),
    ("staging", 1),
    ("staging", 4),
    ("publishing", 1),
    *(("published", count) for count in (1, 2, 3, 4)),
    ("finished", 1),
)
_RESENT: _Steps = (
    ("planned", 1),
    ("staging", 3),
    ("publishing", 1),
    *(("published", count) for count in (1, 3, 5, 6)),
    ("finished", 1),
)
_RIVAL: _Steps = (("staging", 2), ("publishing", 1), ("published", 1), ("finished", 1))
_OF: dict[str, tuple[tuple[Action, _Steps], ...]] = {
    **dict.fromkeys(("split", "partitions", "window", "several"), (("run", _MORE),)),
    "vouched": (("run", _VOUCHED),),
    "held": (("run", _HELD), ("deliver", _APPROVED)),
    "resent": (("deliver", _RESENT),),
    "rival": (("run", _RIVAL),),
}
_FINISHING: _Steps = (("published", 1), ("published", 2), ("finished", 1))
_DISCARDING: _Steps = (("unpublished", 1), ("unpublished", 2), ("finished", 1))
_EXPORTED = ("full", "changed", "window", "vouched", "rival")
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
    drain_after: int | None = None
    """After so many strikes the daemon is told to end, and started again."""
    export: bool = False
    """Whether the pipeline is exported before the next start of a daemon."""
    reject: bool = False
    """Whether what is held is rejected."""

    def __str__(self) -> str:
        words = [str(strike) for strike in self.strikes]
        if self.at is not None:
            words.append(f"daemon {self.at:.2f} s after the request")
        if self.restart_at is not None:
            words.append(f"daemon {self.restart_at:.2f} s after its start")
        if self.drain_after is not None:
            words.append("SIGTERM")
        if self.export:
            words.append("an export")
        told = " (rejected)" if self.reject else ""
        return f"{self.pipeline}{told}: {', then '.join(words) or 'nothing'}"


def scenarios(pipelines: Sequence[str], random: Random) -> Iterator[Scenario]:
    """Yield scenarios without end: each pipeline in turn, its steps in a random order."""
    endless = {name: _steps(name, random) for name in pipelines}
    while True:
        names = list(pipelines)
        random.shuffle(names)
        for number, name in enumerate(names):
            yield next(endless[name])
            if number % 2:
                yield _unforeseen(random.choice(pipelines), random)


def _steps(name: str, random: Random) -> Iterator[Scenario]:
    while True:
        steps = [
            Strike(number=1, whom=whom, moment=moment, action=action, event=event, count=count)
            for action, found in _OF.get(name, (("run", _STEPS),))
            for (event, count), moment, whom in product(found, _MOMENTS, _WHOM)
        ]
        random.shuffle(steps)
        for step in steps:
            yield _scenario(name, step, random)


def _scenario(name: str, first: Strike, random: Random) -> Scenario:
    """Return a strike, and often more of them, at whoever cleans up or goes on after it."""
    scenario = Scenario(name, (first,))
    if name == "held" and first.action == "run":
        scenario = replace(scenario, reject=random.random() < 0.6)
    finishing = first.event in ("publishing", "published", "finished")
    again = [0, 1]
    if finishing:
        again = [0, 0, 1, 2, 4] if name == "rival" else [0, 0, 0, 1, 1, 2]
    for number in range(2, 2 + random.choice(again)):
        scenario = replace(
            scenario, strikes=(*scenario.strikes, _second(number, first, random, finishing))
        )
    if finishing and len(scenario.strikes) > 2 and random.random() < 0.7:
        scenario = replace(scenario, drain_after=3)
    if first.whom == "daemon" and name in _EXPORTED:
        scenario = replace(scenario, export=random.random() < 0.3)
    return scenario


def _second(number: int, first: Strike, random: Random, finishing: bool) -> Strike:
    action: Action = "finish" if finishing else random.choice(("discard", first.action))
    event, count = random.choice(_FINISHING if finishing else _DISCARDING)
    if action == "deliver":
        event, count = random.choice(_APPROVED)
    elif action == "run":
        action = "discard"
    return Strike(
        number=number,
        whom=random.choice(_WHOM),
        moment=random.choice(_MOMENTS),
        action=action,
        event=event,
        count=count,
    )


def _unforeseen(pipeline: str, random: Random) -> Scenario:
    seconds = random.uniform(0, _LONGEST)
    scenario = Scenario(pipeline, reject=pipeline == "held" and random.random() < 0.3)
    match random.randrange(4):
        case 0:
            return replace(scenario, at=seconds)
        case 1:
            return replace(scenario, at=seconds, restart_at=random.uniform(0, _LONGEST))
        case 2:
            return replace(scenario, strikes=(_timed(pipeline, "worker", seconds),))
        case _:
            return replace(scenario, strikes=(_timed(pipeline, "daemon", seconds),))


def _timed(pipeline: str, whom: Whom, seconds: float) -> Strike:
    action: Action = "deliver" if pipeline == "resent" else "run"
    return Strike(number=1, whom=whom, moment="timed", action=action, seconds=seconds)
