"""Every DuckDB type that holds others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.properties.kinds import WRITE, Integer, Kind, Spelling, identifier
from tests.properties.readers import Members


class List(Kind):
    nested = True

    def __init__(self, child: Kind, size: int | None = None) -> None:
        self.child = child
        self.size = size
        self.carried = True
        self.sql = f"{child.sql}[{'' if size is None else size}]"
        items = st.one_of(st.none(), child.values)
        self.values = st.lists(items, min_size=size or 0, max_size=4 if size is None else size)
        edges = [None, *child.edges]
        if size is None:
            self.edges = ([], [None], edges, edges[::-1])
        else:
            self.edges = ([None] * size, (edges * size)[:size], (edges[::-1] * size)[:size])

    def literal(self, value: Sequence[Any]) -> str:
        made = ", ".join(self.child.expression(item) for item in value)
        return f"[{made}]::{self.sql}"

    def tree(self, value: Sequence[Any], spelling: Spelling = WRITE) -> list[Any]:
        return [self.child.json(item, spelling) for item in value]

    def physical(self, value: Sequence[Any]) -> list[Any]:
        return [self.child.parquet(item) for item in value]


class Struct(Kind):
    nested = True

    def __init__(self, members: Sequence[tuple[str, Kind]]) -> None:
        self.members = members
        self.sql = f"STRUCT({', '.join(f'{identifier(n)} {k.sql}' for n, k in members)})"
        self.values = st.tuples(*(st.one_of(st.none(), kind.values) for _, kind in members))
        self.edges = (
            tuple(None for _ in members),
            *(
                tuple(kind.edges[place % len(kind.edges)] for _, kind in members)
                for place in range(4)
            ),
        )

    def literal(self, value: Sequence[Any]) -> str:
        made = ", ".join(
            f"{identifier(name)} := {kind.expression(item)}"
            for (name, kind), item in zip(self.members, value, strict=True)
        )
        return f"struct_pack({made})"

    def tree(self, value: Sequence[Any], spelling: Spelling = WRITE) -> Members:
        return Members(
            (name, kind.json(item, spelling))
            for (name, kind), item in zip(self.members, value, strict=True)
            if item is not None or spelling.nulls
        )

    def physical(self, value: Sequence[Any]) -> Members:
        return Members(
            (name, kind.parquet(item))
            for (name, kind), item in zip(self.members, value, strict=True)
        )


class Map(Kind):
    nested = True

    def __init__(self, key: Kind, child: Kind) -> None:
        self.key = key
        self.child = child
        self.sql = f"MAP({key.sql}, {child.sql})"
        self.carried = _exact(key) and _exact(child)
        self.values = st.lists(
            st.tuples(key.values, st.one_of(st.none(), child.values)),
            max_size=3,
            unique_by=lambda pair: key.text(pair[0]),
        )
        self.edges = ([], [(key.edges[0], None)], [(key.edges[1], child.edges[0])])

    def literal(self, value: Sequence[tuple[Any, Any]]) -> str:
        keys = ", ".join(self.key.expression(key) for key, _ in value)
        items = ", ".join(self.child.expression(item) for _, item in value)
        return f"MAP([{keys}]::{self.key.sql}[], [{items}]::{self.child.sql}[])"

    def tree(self, value: Sequence[tuple[Any, Any]], spelling: Spelling = WRITE) -> Members:
        return Members(
            (self.key.text(key, spelling), self.child.json(item, spelling))
            for key, item in value
            if item is not None or spelling.nulls
        )

    def physical(self, value: Sequence[tuple[Any, Any]]) -> Any:
        return [(self.key.parquet(key), self.child.parquet(item)) for key, item in value]


class Tuple(Kind):
    """A struct whose members have no names."""

    nested = True
    carried = False

    def __init__(self, members: Sequence[Kind]) -> None:
        self.members = members
        self.sql = f"TUPLE({', '.join(kind.sql for kind in members)})"
        self.values = st.tuples(*(st.one_of(st.none(), kind.values) for kind in members))
        self.edges = (tuple(None for _ in members), tuple(kind.edges[0] for kind in members))

    def literal(self, value: Sequence[Any]) -> str:
        made = (kind.expression(item) for kind, item in zip(self.members, value, strict=True))
        return f"row({', '.join(made)})"

    def tree(self, value: Sequence[Any], spelling: Spelling = WRITE) -> list[Any]:
        return [kind.json(item, spelling) for kind, item in zip(self.members, value, strict=True)]


class Union(Kind):
    """The value of the member that is set."""

    carried = False

    def __init__(self, members: Sequence[tuple[str, Kind]]) -> None:
        self.members = dict(members)
        self.sql = f"UNION({', '.join(f'{identifier(n)} {k.sql}' for n, k in members)})"
        self.values = st.one_of(*(st.tuples(st.just(name), kind.values) for name, kind in members))
        self.edges = tuple((name, kind.edges[0]) for name, kind in members)

    def literal(self, value: tuple[str, Any]) -> str:
        name, item = value
        made = self.members[name].expression(item)
        return f"union_value({identifier(name)} := {made})::{self.sql}"

    def text(self, value: tuple[str, Any], spelling: Spelling = WRITE) -> str:
        return self.members[value[0]].text(value[1], spelling)

    def tree(self, value: tuple[str, Any], spelling: Spelling = WRITE) -> Any:
        return self.members[value[0]].tree(value[1], spelling)


def _exact(kind: Kind) -> bool:
    """Whether Parquet has the type and all within it as DuckDB has them."""
    if isinstance(kind, Integer) and "HUGE" in kind.sql:
        return False
    if isinstance(kind, List):
        return kind.size is None and _exact(kind.child)
    if isinstance(kind, Struct):
        return all(_exact(child) for _, child in kind.members)
    return kind.carried
