"""Which pipelines the list shows, in which order, and which of them are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from profexd.tui.order import Order, in_order
from profexd.tui.search import compile_filter, is_problem
from profexd.wire import PipelineJson


@dataclass(slots=True)
class Selection:
    """What the user chose; it knows no widgets."""

    text: str = ""
    problems_only: bool = False
    order: Order = Order.NAME
    reverse: bool = False
    marked: frozenset[str] = frozenset()
    _problems: set[str] = field(default_factory=set)
    """Those that had a problem since problems alone are shown: one sees them succeed again."""

    @property
    def narrowed(self) -> bool:
        """Whether some pipelines may be hidden."""
        return bool(self.text) or self.problems_only

    def shown(self, pipelines: Mapping[str, PipelineJson]) -> list[PipelineJson]:
        """Return the pipelines to show.

        What is not shown is no longer marked: keys act on nothing that cannot be seen.
        """
        wanted = compile_filter(self.text)
        if self.problems_only:
            self._problems |= {name for name, made in pipelines.items() if is_problem(made)}
        found = [
            pipeline
            for pipeline in pipelines.values()
            if wanted(pipeline) and (not self.problems_only or pipeline["name"] in self._problems)
        ]
        self.marked &= {pipeline["name"] for pipeline in found}
        return in_order(found, self.order, reverse=self.reverse)

    def toggle_problems(self) -> None:
        """Show problems only, or all again."""
        self.problems_only = not self.problems_only
        self._problems.clear()

    def targets(
        self, pipelines: Mapping[str, PipelineJson], current: str | None
    ) -> tuple[PipelineJson, ...]:
        """Return the marked pipelines, else the one under the cursor."""
        if self.marked:
            return tuple(made for name, made in pipelines.items() if name in self.marked)
        return (pipelines[current],) if current is not None and current in pipelines else ()

    def sort_by(self, order: Order) -> None:
        """Sort by ``order``; by the same again, the other way round."""
        self.reverse = order is self.order and not self.reverse
        self.order = order

    def mark(self, name: str) -> None:
        """Mark a pipeline, or no longer."""
        self.marked ^= {name}

    def mark_all(self, shown: Sequence[PipelineJson]) -> None:
        """Mark all that are shown; where all are, none of them."""
        names = frozenset(pipeline["name"] for pipeline in shown)
        self.marked = self.marked - names if names <= self.marked else self.marked | names

    def widen(self) -> None:
        """Hide nothing any more."""
        self.text = ""
        self.problems_only = False
        self._problems.clear()
