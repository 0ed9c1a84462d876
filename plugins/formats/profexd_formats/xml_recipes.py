"""One SQL expression for many columns: DuckDB's parser is slow, so it is written once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FEW = 200
"""Up to so many columns, lists cost more than the parser's time that they save."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to become of a column: ``key`` says whose type and recipe are the same."""

    column: str
    key: str
    recipe: Callable[[str], str]
    """Takes the SQL of a value, which may be repeated; NULL must give NULL."""


def applied(steps: Sequence[Step]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return projections ``(SQL, name)``, and where each step's result is within them.

    Many columns that share a recipe become a list that it is applied to.
    """
    if len(steps) <= _FEW:
        names = [f"g{place}" for place in range(len(steps))]
        direct = [step.recipe(step.column) for step in steps]
        return list(zip(direct, names, strict=True)), names
    groups: dict[str, list[Step]] = {}
    numbers: dict[str, int] = {}
    references: list[str] = []
    for step in steps:
        group = groups.setdefault(step.key, [])
        group.append(step)
        number = numbers.setdefault(step.key, len(numbers))
        references.append(f"g{number}[{len(group)}]")
    projections = []
    for place, group in enumerate(groups.values()):
        listed = ", ".join(step.column for step in group)
        recipe = group[0].recipe("v")
        projections.append((f"list_transform([{listed}], lambda v: {recipe})", f"g{place}"))
    return projections, references
