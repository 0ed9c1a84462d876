"""When a process is to be killed, and what had happened when it was: files between two processes.

Loaded for every run that is tortured, so it imports the standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FOLDER = "PROFEXD_TORTURE"
"""The variable that names the folder of strikes."""

Whom = Literal["worker", "daemon"]
Action = Literal["run", "deliver", "finish", "discard"]
Moment = Literal["before", "committed", "timed"]
Progress = Literal["no", "told", "granted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One kill: of whom, and when.

    ``before``: the worker has said the message, and the daemon has not heard it. ``committed``:
    the daemon has written it down, and the worker does not know. ``timed``: so many seconds after
    the worker began.
    """

    number: int
    whom: Whom
    moment: Moment
    action: Action = "run"
    event: str = ""
    count: int = 1
    """Which of the messages of that name."""
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.moment == "timed":
            return f"{self.whom} {self.seconds:.2f} s into {self.action}"
        which = f" {self.count}" if self.count > 1 else ""
        when = "before" if self.moment == "before" else "after"
        return f"{self.whom} {when} {self.event}{which} of {self.action}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A kill that happened, and how far the worker was: had it asked to publish, may it?"""

    strike: Strike
    run_id: str
    publishing: Progress
    finished: Progress


def arm(folder: Path, strike: Strike) -> None:
    """Let the next worker that fits be struck."""
    _write(folder / f"armed-{strike.number}.json", json.dumps(asdict(strike)))


def armed(folder: Path) -> Iterator[Strike]:
    """Yield the strikes that have not happened."""
    for path in sorted(folder.glob("armed-*.json")):
        try:
            yield Strike(**json.loads(path.read_text()))
        except FileNotFoundError:
            continue


def claim(folder: Path, strike: Strike) -> bool:
    """Take an armed strike; of several processes one gets it."""
    try:
        (folder / f"armed-{strike.number}.json").rename(folder / f"claimed-{strike.number}.json")
    except FileNotFoundError:
        return False
    return True


def record(folder: Path, struck: Struck) -> None:
    """Write down that a strike is about to happen."""
    _write(folder / f"struck-{struck.strike.number}.json", json.dumps(asdict(struck)))


def struck(folder: Path) -> list[Struck]:
    """Return the strikes that have happened since ``clear``."""
    found = []
    for path in sorted(folder.glob("struck-*.json")):
        value = json.loads(path.read_text())
        found.append(Struck(**{**value, "strike": Strike(**value["strike"])}))
    return found


def clear(folder: Path) -> None:
    """Forget all strikes."""
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.rename(path)
