"""What a pipeline goes by: every value with the file and line that say it, and no secret."""

from __future__ import annotations

from profexd.config.effective import effective
from tests.config.tree import Tree

PIPELINE = """\
source = "shop"
sink = "lake"
path = "a.csv.gz"
where = "x > 1"

[format]
type = "csv"

[retry]
attempts = 2
"""


def values(tree: Tree) -> dict[str, tuple[str, str, int]]:
    entry = tree.load().pipelines["a"]
    assert not entry.invalid, entry.problems
    said = effective(entry)
    return {one["key"]: (one["value"], one["file"], one["line"]) for one in said["values"]}


def written(tree: Tree, *, secret: str = '"hush hush"') -> Tree:
    tree.write("profexd.toml", '[defaults]\ncompression = "gzip"\nretry.backoff = "5s"\n')
    tree.write("sources/shop.toml", 'type = "duckdb"\ndatabase = "/d"\ntable = "t"\n')
    tree.write(
        "sinks/lake.toml",
        'type = "sftp"\nhost = "drop.example"\nusername = "u"\nroot = "/in"\n'
        f'known_hosts = "/etc/known"\npassword = {secret}\n',
    )
    tree.write("pipelines/a.toml", PIPELINE)
    return tree


def test_values_name_the_file_and_line_that_say_them(tree: Tree) -> None:
    found = values(written(tree))
    assert found["where"] == ('"x > 1"', "pipelines/a.toml", 4)
    assert found["retry.attempts"] == ("2", "pipelines/a.toml", 10)
    assert found["retry.backoff"] == ('"5s"', "profexd.toml", 3)
    assert found["compression"] == ('"gzip"', "profexd.toml", 2)
    assert found["source.table"] == ('"t"', "sources/shop.toml", 3)
    assert found["sink lake.host"] == ('"drop.example"', "sinks/lake.toml", 2)


def test_what_no_file_says_is_built_in(tree: Tree) -> None:
    found = values(written(tree))
    assert found["retry.max_backoff"] == ('"10m"', "", 0)
    assert found["enabled"] == ("true", "", 0)
    assert found["source.lock_wait"] == ('"30s"', "", 0)


def test_a_secret_is_masked_and_a_reference_to_one_is_shown(tree: Tree) -> None:
    assert values(written(tree))["sink lake.password"] == ('"***"', "sinks/lake.toml", 6)
    found = values(written(tree, secret='{ env = "DROP_PASSWORD" }'))
    assert found["sink lake.password.env"] == ('"DROP_PASSWORD"', "sinks/lake.toml", 6)
    assert "hush" not in repr(found)


def test_while_a_file_is_broken_its_last_good_version_is_in_force(tree: Tree) -> None:
    before = written(tree).load()
    tree.write("pipelines/a.toml", PIPELINE.replace("attempts = 2", "atempts = 2"))
    said = effective(tree.load(previous=before).pipelines["a"])
    assert said["stale"]
    assert [one["key"] for one in said["problems"]] == ["retry.atempts"]
    assert ("retry.attempts", "2", "", 0) in [
        (one["key"], one["value"], one["file"], one["line"]) for one in said["values"]
    ]
