"""Lists of tables, as a form shows and changes them: one line each, with questions of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from profexd.edit.draft import Draft
from profexd.edit.questions import Place, Question, Schema


@dataclass(frozen=True, slots=True)
class Row:
    """A member of a list, ``depth`` groups deep; ``group`` says that it has members itself."""

    place: Place
    text: str
    depth: int = 0
    group: bool = False


class Items(ABC):
    """A list in a draft: what is changed here, is changed there."""

    title: str
    """What the list is."""
    one: str
    """What a member is."""
    none: str
    """What it means that there are none."""
    groups = False
    """Whether members can be grouped."""

    def __init__(self, draft: Draft, schema: Schema) -> None:
        self._draft = draft
        self._schema = schema

    def columns(self) -> Sequence[str]:
        """Return the names of the source's columns, where members are about them."""
        return ()

    @abstractmethod
    def rows(self) -> Sequence[Row]:
        """Return the lines, in the order of the file."""

    @abstractmethod
    def summary(self) -> str:
        """Return all of it in one line."""

    @abstractmethod
    def questions(self, values: Mapping[str, Any]) -> Sequence[Question]:
        """Return what a member is asked that says this so far."""

    @abstractmethod
    def finished(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a member as it is written, from what was answered."""

    @abstractmethod
    def list_of(self, row: Row | None) -> tuple[Place, int]:
        """Return the list that a member after ``row`` belongs to, and its number there."""

    def begun(self, row: Row | None) -> dict[str, Any]:
        """Return what a member says before it is asked: a new one where there is no row."""
        return dict(self._draft.get(row.place)) if row is not None else {}

    def add(self, row: Row | None, values: Mapping[str, Any]) -> Place:
        """Put a member after ``row``, or into it where it is a group; return its place."""
        place, index = self.list_of(row)
        self._draft.insert(place, index, values)
        return (*place, index)

    def take(self, row: Row, values: Mapping[str, Any]) -> None:
        """Have a member say this."""
        self._draft.take(row.place, values)

    def remove(self, row: Row) -> None:
        """Take a member out, and a group that it leaves empty."""
        self._draft.unset(row.place)

    def move(self, row: Row, by: int) -> Place:
        """Move a member among its neighbours; return where it is then."""
        *place, index = row.place
        if not isinstance(index, int):
            return row.place
        goal = max(0, min(len(self._draft.get(tuple(place))) - 1, index + by))
        if goal != index:
            self._draft.move(tuple(place), index, goal)
        return (*place, goal)

    def turn(self, row: Row) -> bool:
        """Join the members of a group by *or* instead of *and*, or back; False where none is."""
        return False
