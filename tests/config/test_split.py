"""``[split]``: its values, the ``${part}`` of its paths, and what is wrong with it."""

from __future__ import annotations

import pytest

from profexd.config.model import Split
from tests.config.tree import PIPELINE, Tree


def test_split_is_off_unless_written(tree: Tree) -> None:
    pipeline = tree.pipeline(PIPELINE)
    assert pipeline.split is None
    assert "part" not in pipeline.path.placeholders


@pytest.mark.parametrize(
    ("written", "split"),
    [
        ("max_size = '100MB'", Split(max_size=100_000_000)),
        ("max_size = '1MiB'\nmax_rows = 1", Split(max_size=2**20, max_rows=1)),
        ("max_rows = 5_000", Split(max_rows=5000)),
    ],
)
def test_split_is_by_size_by_rows_or_both(tree: Tree, written: str, split: Split) -> None:
    assert tree.pipeline(f"{PIPELINE}\n[split]\n{written}").split == split


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("path = 'a.csv'", "a-${part}.csv"),
        ("path = 'a.csv.gz'\ncompression = 'gzip'", "a-${part}.csv.gz"),
        ("path = 'a/${today}.csv'", "a/${today}-${part}.csv"),
        ("path = 'a/${time:%H.%M}'", "a/${time:%H.%M}-${part}"),
        ("path = 'v1.2/file'", "v1.2/file-${part}"),
        ("path = 'a.2024.csv'", "a.2024-${part}.csv"),
        ("path = 'a/$${x}.csv'", "a/$${x}-${part}.csv"),
        ("path = '${Part}/a.csv'", "${Part}/a.csv"),
        ("folder = 'root'\nfilename = 'a'", "a-${part}.csv"),
        (
            "folder = 'date'",
            "${date}/${account_id}-${run_id}-${timestamp}-${instance_id}-${part}.csv",
        ),
    ],
)
def test_the_number_of_the_part_goes_before_the_extension(
    tree: Tree, lines: str, path: str
) -> None:
    pipeline = tree.pipeline(
        f'source = "warehouse"\nsink = "lake"\n{lines}\nformat.type = "csv"\nsplit.max_rows = 5\n'
    )
    assert pipeline.path.text == path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("split = {}", "says neither max_size nor max_rows"),
        ("split = { max_rows = 0 }", "must be at least 1"),
        ("split = { max_rows = '5' }", "must be a whole number, not text"),
        ("split = { max_size = 100 }", "must be text, not a number"),
        ("split = { max_size = '10' }", 'must be at least "1KB"'),
        ("split = { rows = 3 }", 'unknown key; did you mean "max_rows"?'),
        ("split = '100MB'", "must be a table, not text"),
    ],
)
def test_what_is_wrong_with_split_is_told(tree: Tree, line: str, message: str) -> None:
    assert [one[0] for one in tree.with_lines(line)] == [message]


def test_a_format_that_cannot_be_split_is_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree.catalog.formats["csv"], "splits", False)
    [(message, hint)] = tree.with_lines("split = { max_rows = 5 }")
    assert message == 'format "csv" cannot be split'
    assert hint.startswith("remove [split], or choose")
