"""Each sink with a page in docs/sinks: every key with its default, and every TOML block valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from profexd.config.catalog import load_catalog
from profexd.config.schema import json_schema
from tests.config.test_docs import rows
from tests.config.tree import Tree, told

PAGES = sorted((Path(__file__).parents[2] / "docs/sinks").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_every_key_is_documented_with_its_default(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    definitions = json_schema(load_catalog())["$defs"]
    assert [line for line in rows(definitions, f"sink-{page.stem}") if line not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_every_example_is_valid(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n# (\S+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    tree = Tree(tmp_path, load_catalog())
    for name, text in blocks:
        tree.write(name, text)
    assert [told(problem) for problem in tree.load().problems] == []
