"""The installed plugins, and an empty configuration directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.config.catalog import Catalog, load_catalog
from tests.config.tree import Tree


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def tree(tmp_path: Path, catalog: Catalog) -> Tree:
    return Tree(tmp_path, catalog)
