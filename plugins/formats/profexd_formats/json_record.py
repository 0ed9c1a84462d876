"""One record of JSON as one SQL text expression, which copies each value once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profexd.api import literal
from profexd_formats.joining import Slot, joined
from profexd_formats.values import Rules, json_key, members

_MANY_MEMBERS = 200
"""Planning SQL that says each member twice would take longer than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a record, as names of columns."""

    name: str
    value: str
    """Its JSON text, NULL for no value."""
    absent: str
    """NULL where there is no value."""
    quoted: bool = False
    """The text still needs its quotes."""

    @property
    def written(self) -> str:
        """SQL of the whole JSON text."""
        return f"'\"' || {self.value} || '\"'" if self.quoted else self.value


def record(
    all_members: Sequence[Member], rules: Rules, *, depth: int, before: str, after: str
) -> str:
    """Return SQL for ``before``, the object and ``after``."""
    pairs = [(member.name, member.written) for member in all_members]
    body = members(pairs, rules, depth=depth)
    sparse = f"concat({literal(before)}, {body}, {literal(after)})"
    if not is_quick(len(all_members), rules):
        return sparse
    slots: list[Slot] = []
    for member in all_members:
        quote = '"' if member.quoted else ""
        comma = "," if slots else ""
        slots.append(
            Slot(
                value=member.value,
                absent=member.absent,
                before=f"{comma}{json_key(member.name, rules)}:{quote}",
                after=quote,
            )
        )
    # Whether a comma stands before a member is known at once where the first member is there.
    first, *others = slots
    opening, closing = before + "{" + first.before, first.after
    there = Slot(value=first.value, absent="''")
    pieces = joined([opening, there, closing, *others, "}" + after])
    return (
        f"CASE WHEN {first.absent} IS NOT NULL THEN concat({', '.join(pieces)}) ELSE {sparse} END"
    )


def is_quick(members: int, rules: Rules) -> bool:
    """Say whether a record of so many members is put together without a look for each comma."""
    return rules.omit_nulls and not rules.indent and 0 < members <= _MANY_MEMBERS
