"""A desk for every test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from profexd.edit import child
from tests.edit.driving import Desk


@pytest.fixture
def desk(tmp_path: Path, warehouse: Path) -> Desk:
    made = Desk(tmp_path, warehouse)
    made.furnish()
    return made


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    return child.schema()
