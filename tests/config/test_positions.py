"""The place of every key, for every way to write TOML."""

from __future__ import annotations

import tomllib
from textwrap import dedent
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from profexd.config.text.positions import positions


def test_keys_tables_lists_and_inline_tables_have_their_place() -> None:
    text = dedent(
        '''\
        # a comment with [brackets] = "x"
        title = "a = 'b' # no comment"  # a comment
          indented = 1
        "quoted key" = 1
        'literal.key' = 2
        a.b . "c" = 3
        many = """
        [not.a.table]
        key = "\\""
        """"
        lines = \'\'\'
        x = 1\'\'\'
        list = [ 1, { x = [2, 3] }, # ]
                 "]",
        ]
        inline = { y = 1, z.w = "}" , "q}" = [] }

        [table]
        x=1
        [ table . "sub table" ]
        y = 2026-12-01 03:00:00
        [[array]]
        n = 1
        [array.inner]
        m = -1.5e3
        [[array]]
        n = 2
        '''
    )
    tomllib.loads(text)
    assert positions(text) == {
        ("title",): (2, 1),
        ("indented",): (3, 3),
        ("quoted key",): (4, 1),
        ("literal.key",): (5, 1),
        ("a",): (6, 1),
        ("a", "b"): (6, 3),
        ("a", "b", "c"): (6, 7),
        ("many",): (7, 1),
        ("lines",): (11, 1),
        ("list",): (13, 1),
        ("list", 0): (13, 10),
        ("list", 1): (13, 13),
        ("list", 1, "x"): (13, 15),
        ("list", 1, "x", 0): (13, 20),
        ("list", 1, "x", 1): (13, 23),
        ("list", 2): (14, 10),
        ("inline",): (16, 1),
        ("inline", "y"): (16, 12),
        ("inline", "z"): (16, 19),
        ("inline", "z", "w"): (16, 21),
        ("inline", "q}"): (16, 31),
        ("table",): (18, 1),
        ("table", "x"): (19, 1),
        ("table", "sub table"): (20, 1),
        ("table", "sub table", "y"): (21, 1),
        ("array",): (22, 1),
        ("array", 0): (22, 1),
        ("array", 0, "n"): (23, 1),
        ("array", 0, "inner"): (24, 1),
        ("array", 0, "inner", "m"): (25, 1),
        ("array", 1): (26, 1),
        ("array", 1, "n"): (27, 1),
    }


def test_the_header_of_a_table_is_its_place_even_after_its_inner_tables() -> None:
    assert positions("[a.b]\n[a]\n")[("a",)] == (2, 1)


KEYS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)
SCALARS = (
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.datetimes()
    | st.dates()
    | st.times()
)
TABLES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        return found.union(*(paths(member, (*path, key)) for key, member in value.items()))
    if isinstance(value, list):
        return found.union(*(paths(member, (*path, index)) for index, member in enumerate(value)))
    return found


@given(TABLES)
def test_every_key_that_toml_reads_has_a_place(table: dict[str, Any]) -> None:
    text = tomlkit.dumps(table)
    assert set(positions(text)) == paths(tomllib.loads(text))
