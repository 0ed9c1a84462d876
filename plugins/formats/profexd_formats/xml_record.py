"""The element of one row: which elements and entries it has, and the SQL that writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from profexd.api import Column, identifier, literal
from profexd_formats.layouts import Field, Group, bare_text, entries, event, profile
from profexd_formats.values import Rules, text
from profexd_formats.xml_recipes import Step, applied
from profexd_formats.xml_text import element_name, escaped, escaped_name, is_safe

_PIECE = 128
"""How many elements the engine puts together at a time: of wide rows it would hold too much."""


@dataclass(frozen=True, slots=True)
class Element:
    """A field as an element of its own."""

    field: Field

    @property
    def name(self) -> str:
        return element_name(self.field.name)


@dataclass(frozen=True, slots=True)
class Entry:
    """A field as an entry with a key and a value; one that is spread makes several."""

    field: Field

    @property
    def name(self) -> str:
        return escaped_name(self.field.name)[0]


@dataclass(frozen=True, slots=True)
class Branch:
    """An element around others."""

    name: str
    children: tuple[Element | Entry | Branch, ...]


Node = Element | Entry | Branch


def flat(columns: Sequence[Column]) -> tuple[Node, ...]:
    """Return an element for each column."""
    return tuple(
        Element(Field(column.name, identifier(column.name), column.type, column.role))
        for column in columns
    )


def clevertap(columns: Sequence[Column], kind: Literal["profiles", "events"]) -> tuple[Node, ...]:
    """Return the nodes of the layout ``clevertap``; what no column belongs to is left out."""
    alone: tuple[Field | None, ...]
    if kind == "events":
        happened = event(columns)
        alone, groups, lists = (happened.time, happened.name), happened.groups, {"eventProps"}
    else:
        person = profile(columns)
        alone, groups = (person.identity,), person.groups
        lists = {group.name for group in groups}
    return (
        *(Element(field) for field in alone if field),
        *(_branch(group, listed=group.name in lists) for group in groups if group.fields),
    )


def leaves(nodes: Sequence[Node]) -> Iterator[Element | Entry]:
    """Yield the nodes that hold values, in their order."""
    for node in nodes:
        if isinstance(node, Branch):
            yield from leaves(node.children)
        else:
            yield node


@dataclass(frozen=True, slots=True)
class Written:
    """SQL for rows, in three steps so that nothing is computed twice."""

    texts: list[tuple[str, str]]
    """What to project first, ``(SQL, name)``: the text of each value."""
    escaped: list[tuple[str, str]]
    """What to project then: the same as text of markup."""
    row: list[str]
    """The element of one row over that, in pieces."""


def written(name: str, nodes: Sequence[Node], rules: Rules, *, indent: bool) -> Written:
    """Return the SQL for the element ``name`` of a row that holds ``nodes``."""
    markup = _Markup(rules, indent)
    texts, steps = [], []
    for place, leaf in enumerate(leaves(nodes)):
        field, column = leaf.field, f"c{place}"
        if field.spread:
            texts.append((markup.spread(field), column))
        else:
            texts.append((f"CAST({text(field.sql, field.type, rules)} AS VARCHAR)", column))
        if field.spread or is_safe(field.type):
            steps.append(Step(column, "as it is", str))
        else:
            steps.append(Step(column, "escaped", escaped))
    projections, references = applied(steps)
    pieces = [
        literal(f"{markup.tabs(1)}<{name}>{markup.line}"),
        *markup.pieces(nodes, iter(references), 2),
        literal(f"{markup.tabs(1)}</{name}>\n"),
    ]
    row = [
        f"concat({', '.join(pieces[start : start + _PIECE])})"
        for start in range(0, len(pieces), _PIECE)
    ]
    return Written(texts, projections, row)


@dataclass(frozen=True, slots=True)
class _Markup:
    """Writes what stands around values."""

    rules: Rules
    indent: bool

    @property
    def line(self) -> str:
        return "\n" if self.indent else ""

    def tabs(self, depth: int) -> str:
        return "\t" * depth if self.indent else ""

    def pieces(self, nodes: Sequence[Node], references: Iterator[str], depth: int) -> Iterator[str]:
        """Yield SQL for each node at ``depth``; ``references`` are the escaped values."""
        for node in nodes:
            if isinstance(node, Branch):
                yield literal(f"{self.tabs(depth)}<{node.name}>{self.line}")
                yield from self.pieces(node.children, references, depth + 1)
                yield literal(f"{self.tabs(depth)}</{node.name}>{self.line}")
                continue
            value = next(references)
            if node.field.spread:
                # concat takes NULL for nothing.
                yield value
                continue
            before, after, nothing = self._around(node, depth)
            yield (
                f"CASE WHEN {value} IS NULL THEN {literal(nothing)}"
                f" ELSE concat({literal(before)}, {value}, {literal(after)}) END"
            )

    def spread(self, field: Field) -> str:
        """Return SQL for the entries that an object holds."""
        found = entries(field, self.rules)
        key = escaped(found.key)
        value = escaped(bare_text(found.value, found.type, self.rules))
        opens, between, closes = self._entry(4)
        present = f"concat('<value>', {value}, '</value>')"
        item = (
            f"concat({literal(opens)}, {key}, {literal(between)},"
            f" CASE WHEN {value} IS NULL THEN '<value/>' ELSE {present} END, {literal(closes)})"
        )
        return f"array_to_string({found.each(item)}, '')"

    def _around(self, leaf: Element | Entry, depth: int) -> tuple[str, str, str]:
        """Return what stands before a value, after it, and where there is none."""
        if isinstance(leaf, Element):
            start = self.tabs(depth)
            return (
                f"{start}<{leaf.name}>",
                f"</{leaf.name}>{self.line}",
                f"{start}<{leaf.name}/>{self.line}",
            )
        opens, between, closes = self._entry(depth)
        before = f"{opens}{leaf.name}{between}"
        return f"{before}<value>", f"</value>{closes}", f"{before}<value/>{closes}"

    def _entry(self, depth: int) -> tuple[str, str, str]:
        """Return what stands before a key, between it and the value, and after that."""
        start = f"{self.line}{self.tabs(depth + 1)}"
        return (
            f"{self.tabs(depth)}<entry>{start}<key>",
            f"</key>{start}",
            f"{self.line}{self.tabs(depth)}</entry>{self.line}",
        )


def _branch(group: Group, *, listed: bool) -> Branch:
    made = Entry if listed else Element
    # No element can be named by what only the rows know.
    return Branch(
        group.name, tuple(Entry(field) if field.spread else made(field) for field in group.fields)
    )
