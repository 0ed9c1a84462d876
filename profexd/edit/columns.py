"""Choosing columns: which are left out, in which order they stand, and under which names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from profexd.edit.draft import Draft

_PROPERTIES, _EXCLUDE, _RENAME = (("columns", name) for name in ("properties", "exclude", "rename"))
KEYS = (_PROPERTIES, _EXCLUDE, _RENAME)
"""The keys that a choice of columns answers."""


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column of the source as it stands in the file."""

    name: str
    type: str
    included: bool = True
    renamed: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns in the order of the file; those left out keep their place in the list.

    ``ordered`` says that the order is the writer's: then the file names every column.
    """

    rows: tuple[ColumnRow, ...]
    ordered: bool = False

    def toggled(self, name: str) -> ColumnChoice:
        """Return the choice with a column left out, or taken in again."""
        rows = (
            replace(row, included=not row.included) if row.name == name else row
            for row in self.rows
        )
        return replace(self, rows=tuple(rows))

    def moved(self, name: str, by: int) -> ColumnChoice:
        """Return the choice with a column so many places further down."""
        rows = list(self.rows)
        place = next(i for i, row in enumerate(rows) if row.name == name)
        goal = max(0, min(len(rows) - 1, place + by))
        if goal == place:
            return self
        rows.insert(goal, rows.pop(place))
        return ColumnChoice(tuple(rows), ordered=True)

    def renamed(self, name: str, new: str) -> ColumnChoice:
        """Return the choice with a column under another name; its own, or none, is as it was."""
        new = "" if new == name else new
        rows = (replace(row, renamed=new) if row.name == name else row for row in self.rows)
        return replace(self, rows=tuple(rows))

    def found(self, text: str) -> list[int]:
        """Return the places of the columns whose names hold ``text``, in any case."""
        text = text.casefold()
        return [
            i for i, row in enumerate(self.rows) if text in f"{row.name} {row.renamed}".casefold()
        ]

    def write(self, draft: Draft) -> None:
        """Say it in a draft, in as few words as do."""
        kept = [row.name for row in self.rows if row.included]
        left = [row.name for row in self.rows if not row.included]
        rename = {row.name: row.renamed for row in self.rows if row.renamed and row.included}
        for key, value in (
            (_PROPERTIES, kept if self.ordered else None),
            (_EXCLUDE, None if self.ordered else left),
            (_RENAME, rename),
        ):
            if value:
                draft.set(key, value)
            else:
                draft.unset(key)


def choice_of(columns: Sequence[tuple[str, str]], draft: Draft) -> ColumnChoice | None:
    """Return how a draft stands to the columns of its source, as (name, type); None where the
    draft says it in a way that a list of columns cannot show.
    """
    properties = draft.get(_PROPERTIES)
    named = {name for name, _ in columns}
    exclude = draft.get(_EXCLUDE) or []
    rename = draft.get(_RENAME) or {}
    if not columns or not isinstance(exclude, list) or not isinstance(rename, dict):
        return None
    if not {*exclude, *rename} <= named:
        return None
    types = dict(columns)
    if isinstance(properties, list):
        if not set(properties) <= named:
            return None
        rest = [name for name in types if name not in properties]
        order, included = [*properties, *rest], set(properties) - set(exclude)
    elif properties in (None, "all"):
        order, included = list(types), named - set(exclude)
    else:
        return None
    rows = (
        ColumnRow(name, types[name], name in included, str(rename.get(name, ""))) for name in order
    )
    return ColumnChoice(tuple(rows), ordered=isinstance(properties, list))
