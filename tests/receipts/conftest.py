"""An installation whose runs leave receipts, and a delivery of it that tests may damage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.config.catalog import Catalog, load_catalog
from tests.config.tree import Tree
from tests.receipts.office import Delivery, Office


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def tree(tmp_path: Path, catalog: Catalog) -> Tree:
    return Tree(tmp_path, catalog)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    if office.daemon is not None:
        office.kill()


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that two runs of one pipeline delivered, three files each, and the public key."""
    office = Office(tmp_path_factory.mktemp("office"))
    office.receipts(path='"files/${run_id}/part-${part}.csv"', split="{ max_rows = 2 }")
    office.exported()
    office.sql("UPDATE profiles SET visits = 7 WHERE profile_id = 0")
    office.exported()
    shutil.copy(office.folder / "key.pub", office.outbox / "key.pub")
    return office.outbox


@pytest.fixture
def delivery(two_runs: Path, tmp_path: Path) -> Delivery:
    """A copy of what the two runs delivered."""
    folder = tmp_path / "received"
    shutil.copytree(two_runs, folder)
    key = (folder / "key.pub").rename(tmp_path / "key.pub")
    return Delivery(folder, key)
