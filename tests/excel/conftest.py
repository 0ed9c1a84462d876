from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.formats.exporting import Export


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Export]:
    """A warehouse whose table is what a SELECT gives."""
    return lambda sql: Export(tmp_path, sql)
