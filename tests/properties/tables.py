"""Made-up tables: columns of any type under any name, and rows of any value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.kinds import FLAT, Kind, identifier, named
from tests.properties.nested import List, Map, Struct, Tuple, Union

NAMES = st.one_of(
    st.sampled_from(
        [
            *("id", "Name", "a b", " ", "\t", "\u00a0", "\u200b", "_", "NULL", "null", "true", "1"),
            *('"', 'say "hi"', "'", "it's", "a,b", "a;b", "a|b", "a\nb", "\n", "a\r\nb", "\r"),
            *(
                "=cmd()",
                "+1",
                "-1",
                "@x",
                '"; DROP TABLE t; --',
                "'); DROP TABLE t; --",
                "--",
                "/*",
            ),
            *(
                "<x>",
                "a&b",
                "xml",
                "a:b",
                "$",
                "${today}",
                "{{Date}}",
                "{}",
                "[0]",
                "a.b",
                "\\",
                "%",
            ),
            *("e", "e0", "e1", "c", "c0", "c1", "t", "select", "from", "column0", "key", "value"),
            *("\u00e9t\u00e9", "\u674e", "\U0001f600", "\u202e", "\ufeff", "x" * 200),
        ]
    ),
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6
    ),
)
"""Column names. Lone surrogates are not text, and no SQL name has a NUL."""

KEYS = tuple(named(sql) for sql in ("VARCHAR", "INTEGER", "UUID", "BOOLEAN", "UHUGEINT", "TIME"))


def _members(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[list[tuple[str, Kind]]]:
    return st.lists(
        st.tuples(NAMES, kinds), min_size=1, max_size=3, unique_by=lambda member: member[0].lower()
    )


def _nested(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    return st.one_of(
        kinds.map(List),
        _members(kinds).map(Struct),
        st.tuples(st.sampled_from(KEYS), kinds).map(lambda pair: Map(*pair)),
        st.tuples(kinds, st.integers(1, 3)).map(lambda pair: List(*pair)),
        st.lists(kinds, min_size=1, max_size=3).map(Tuple),
    )


KINDS: st.SearchStrategy[Kind] = st.one_of(
    st.sampled_from(FLAT),
    st.recursive(st.sampled_from(FLAT), _nested, max_leaves=4),
    _members(st.sampled_from(FLAT)).map(Union),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with names and kinds, and rows of values."""

    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    @property
    def kinds(self) -> list[Kind]:
        return [kind for _, kind in self.columns]

    @property
    def sql(self) -> str:
        """A SELECT that gives the rows in their order."""
        nothing = ", ".join(
            f"{kind.expression(None)} AS {identifier(name)}" for name, kind in self.columns
        )
        selects = [
            "SELECT "
            + ", ".join(kind.expression(value) for kind, value in zip(self.kinds, row, strict=True))
            for row in self.rows
        ]
        return "\nUNION ALL ".join([f"SELECT {nothing} WHERE false", *selects])

    def values(self, written: Callable[[Kind, Any], Any]) -> list[list[Any]]:
        """What is written of each value of each row."""
        return [
            [written(kind, value) for kind, value in zip(self.kinds, row, strict=True)]
            for row in self.rows
        ]


@st.composite
def tables(
    draw: st.DrawFn,
    *,
    kinds: st.SearchStrategy[Kind] = KINDS,
    names: st.SearchStrategy[str] = NAMES,
) -> Table:
    columns = draw(
        st.lists(
            st.tuples(names, kinds),
            min_size=1,
            max_size=8,
            # Two names that differ in case alone cannot stand in one DuckDB table.
            unique_by=lambda column: column[0].lower(),
        )
    )
    row = st.tuples(*(st.one_of(st.none(), kind.values) for _, kind in columns))
    return Table(tuple(columns), tuple(draw(st.lists(row, max_size=6))))


def edges(kinds: Sequence[Kind]) -> Table:
    """One column of each kind; each of its edges in some row, and NULL."""
    most = max(len(kind.edges) for kind in kinds)
    return Table(
        tuple((f"{place} {kind.sql}", kind) for place, kind in enumerate(kinds)),
        tuple(
            tuple(kind.edges[n] if n < len(kind.edges) else None for kind in kinds)
            for n in range(most + 1)
        ),
    )
