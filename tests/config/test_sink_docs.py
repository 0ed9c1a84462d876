"""docs/sinks: a page for each sink, with every key and its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from profexd.config.catalog import load_catalog
from profexd.config.schema import json_schema
from tests.config.test_docs import rows
from tests.config.tree import PIPELINE, Tree, told

PAGES = Path(__file__).parents[2] / "docs/sinks"


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_key_of_a_sink_is_on_its_page(page: Path) -> None:
    definitions = json_schema(load_catalog())["$defs"]
    text = page.read_text(encoding="utf-8")
    missing = [line for line in rows(definitions, f"sink-{page.stem}") if line not in text]
    assert missing == []


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_sink_on_a_page_is_valid(page: Path, tree: Tree) -> None:
    blocks = re.findall(r"```toml\n(# sinks/.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        tree.write("sinks/lake.toml", block)
        tree.write(f"pipelines/p{number}.toml", PIPELINE)
        assert [told(one) for one in tree.load().problems if one["severity"] == "error"] == []
