"""Reading a tree again is quick, and finds what reading it for the first time would."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from profexd.config import loading
from profexd.config.again import Readings
from profexd.config.loading import load
from profexd.config.model import Configuration
from tests.config.tree import PIPELINE, SINK, SOURCE, Tree


def later() -> int:
    """A clock by which every file has long stood still."""
    return time.time_ns() + 60 * 10**9


def filled(tree: Tree) -> Tree:
    tree.write("profexd.toml", 'account_id = "acme"\n')
    for name in ("a", "b", "c"):
        tree.write(f"pipelines/{name}.toml", PIPELINE.replace("customers", name))
    return tree


EDITS: dict[str, str | None] = {
    "pipelines/a.toml": PIPELINE.replace("customers", "other"),
    "pipelines/b.toml": PIPELINE + "nonsense = 1\n",
    "pipelines/c.toml": None,
    "pipelines/d.toml": PIPELINE.replace("customers", "other"),
    "profexd.toml": '[defaults]\ncompression = "gzip"\n',
    "sources/warehouse.toml": SOURCE.replace("profile_id", "id"),
    "sinks/lake.toml": SINK.replace("exports", "elsewhere"),
    "sinks/another.toml": SINK,
    "sources/broken.toml": "database = \n",
}


@pytest.mark.parametrize("name", EDITS)
def test_after_any_edit_it_finds_what_a_first_reading_would(tree: Tree, name: str) -> None:
    readings = Readings(later)
    before = load(filled(tree).root, tree.catalog, readings=readings)
    text = EDITS[name]
    if text is None:
        (tree.root / name).unlink()
    else:
        tree.write(name, text)
    for previous in (before, None):
        again = load(tree.root, tree.catalog, previous=previous, readings=readings)
        assert again == load(tree.root, tree.catalog, previous=previous)
        assert again != before


def test_a_broken_file_keeps_its_good_version_and_is_mended(tree: Tree) -> None:
    readings = Readings(later)

    def read(previous: Configuration | None) -> Configuration:
        return load(tree.root, tree.catalog, previous=previous, readings=readings)

    good = read(load(filled(tree).root, tree.catalog))
    tree.write("pipelines/a.toml", "source = \n")
    broken = read(good)
    assert broken.pipelines["a"].invalid
    assert broken.pipelines["a"].pipeline == good.pipelines["a"].pipeline
    assert read(broken) == broken
    tree.write("pipelines/a.toml", PIPELINE.replace("customers", "a"))
    assert read(broken) == good


def test_only_what_changed_is_read(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = loading.read_pipeline

    def counting(name: str, *rest: object) -> object:
        read.append(name)
        return original(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "read_pipeline", counting)
    readings = Readings(later)
    filled(tree)
    for expected in (["a", "b", "c"], []):
        load(tree.root, tree.catalog, readings=readings)
        assert read == expected
        read.clear()
    tree.write("pipelines/b.toml", PIPELINE)
    load(tree.root, tree.catalog, readings=readings)
    assert read == ["b"]
    read.clear()
    tree.write("sinks/lake.toml", SINK.replace("exports", "elsewhere"))
    load(tree.root, tree.catalog, readings=readings)
    assert read == ["a", "b", "c"]


def test_a_file_that_changed_just_now_is_not_believed_to_stay(tree: Tree) -> None:
    """It may change once more within one tick of its clock, and look the same."""
    readings = Readings()
    path: Path = tree.write("pipelines/a.toml", PIPELINE)
    load(tree.root, tree.catalog, readings=readings)
    about = path.stat()
    tree.write("pipelines/a.toml", PIPELINE.replace("customers", "CUSTOMERS"))
    assert path.stat().st_size == about.st_size
    entry = load(tree.root, tree.catalog, readings=readings).pipelines["a"]
    assert entry.pipeline is not None
    assert entry.pipeline.path.text == "CUSTOMERS.csv"
