"""docs/sinks: a page for each sink, with every key and its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.config.catalog import load_catalog
from profexd.config.schema import json_schema
from tests.config.test_docs import rows

PAGES = Path(__file__).parents[2] / "docs/sinks"


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_key_of_a_sink_is_on_its_page(page: Path) -> None:
    definitions = json_schema(load_catalog())["$defs"]
    text = page.read_text(encoding="utf-8")
    missing = [line for line in rows(definitions, f"sink-{page.stem}") if line not in text]
    assert missing == []
