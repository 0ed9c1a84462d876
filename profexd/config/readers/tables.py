"""What the tables of all files have in common: strict reading, defaults as written, rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from profexd.api.options import Check, Duration
from profexd.config.text.problems import Mistake
from profexd.config.zones import zone_problem


@dataclass(frozen=True, slots=True)
class Add:
    """What to write where a required key is missing."""

    text: str


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def at_least(least: float, shown: str) -> Callable[[Any], Any]:
    """A rule for a number; ``shown`` is how people write the least."""

    def check(value: float) -> float:
        if value < least:
            raise ValueError(f"must be at least {shown}")
        return value

    return check


def _zone(name: str) -> str:
    problem = zone_problem(name)
    if problem:
        raise Mistake(*problem)
    return name


def written(text: str) -> Any:
    """A default as people write it, so that the schema shows it so; it is parsed like any other."""
    return Field(text)


def fresh(table: Callable[[], BaseModel]) -> Any:
    """A table that need not be written: its keys have their defaults."""
    return Field(default_factory=table)


NonEmpty = Annotated[str, Check(_text)]
Zone = Annotated[str, Check(_zone)]
PositiveDuration = Annotated[Duration, Check(at_least(1, '"1s"'))]


class Table(BaseModel):
    """The base of all tables: strict, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_default=True, defer_build=True)
