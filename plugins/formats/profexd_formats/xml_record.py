"""The element of one row: which elements and entries it has, and the SQL that writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from profexd.api import Column, identifier, literal
from profexd_formats.joining import Slot, joined, tells_null
from profexd_formats.layouts import Field, Group, bare_text, entries, event, profile
from profexd_formats.values import Rules, text
from profexd_formats.xml_recipes import Step, applied
from profexd_formats.xml_text import element_name, escaped, escaped_name, has_markup, is_safe

_TEXTS = "t"
_FEW = 120
"""Up to so many elements a row is one piece, looked at as a whole."""
_PIECE = 256
"""How many texts the engine puts together at a time: of wide rows it would hold too much."""


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
    texts: list[tuple[str, str]] = []
    steps: list[Step] = []
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

    def row(values: Iterable[str], nulls: Iterable[str]) -> list[str]:
        return joined(
            [
                f"{markup.tabs(1)}<{name}>{markup.line}",
                *markup.items(nodes, zip(values, nulls, strict=True), 2),
                f"{markup.tabs(1)}</{name}>\n",
            ]
        )

    if len(steps) <= _FEW:
        return _looked_at_once(texts, steps, nodes, row)
    projections, references = applied(steps)
    pieces = row(references, references)
    return Written(
        texts,
        projections,
        [
            f"concat({', '.join(pieces[start : start + _PIECE])})"
            for start in range(0, len(pieces), _PIECE)
        ],
    )


def _looked_at_once(
    texts: list[tuple[str, str]],
    steps: Sequence[Step],
    nodes: Sequence[Node],
    row: Callable[[Iterable[str], Iterable[str]], list[str]],
) -> Written:
    """Look for signs that markup knows in a row's texts together: hardly any row has some."""
    nulls = [step.column for step in steps]
    for place, leaf in enumerate(leaves(nodes)):
        field = leaf.field
        if not field.spread and tells_null(field.type):
            nulls[place] = f"r{place}"
            texts.append((field.sql, nulls[place]))
    names = [name for _, name in texts]
    plain = f"concat({', '.join(row((step.column for step in steps), nulls))})"
    seen = [step.column for step in steps if step.key == "escaped"]
    if not seen:
        return Written(texts, [(name, name) for name in names], [plain])
    escaped_texts = (step.recipe(step.column) for step in steps)
    careful = f"concat({', '.join(row(escaped_texts, nulls))})"
    projections = [*((name, name) for name in names), (f"concat({', '.join(seen)})", _TEXTS)]
    return Written(
        texts, projections, [f"CASE WHEN {has_markup(_TEXTS)} THEN {careful} ELSE {plain} END"]
    )


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

    def items(
        self, nodes: Sequence[Node], values: Iterator[tuple[str, str]], depth: int
    ) -> Iterator[Slot | str]:
        """Yield each node at ``depth``; ``values`` are escaped, and what is NULL where they are."""
        for node in nodes:
            if isinstance(node, Branch):
                yield f"{self.tabs(depth)}<{node.name}>{self.line}"
                yield from self.items(node.children, values, depth + 1)
                yield f"{self.tabs(depth)}</{node.name}>{self.line}"
                continue
            value, absent = next(values)
            if node.field.spread:
                # concat takes NULL for nothing.
                yield Slot(value=value, absent=absent)
                continue
            before, after, nothing = self._around(node, depth)
            yield Slot(value=value, absent=absent, before=before, after=after, nothing=nothing)

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
