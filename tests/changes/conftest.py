from __future__ import annotations

from pathlib import Path

import pytest

from tests.changes.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three profiles, and a pipeline in mode ``changed`` over them."""
    home = Home(tmp_path)
    home.sql(
        "CREATE TABLE profiles (id VARCHAR, name VARCHAR, visits INTEGER)",
        "INSERT INTO profiles VALUES ('a', 'Ada', 1), ('b', 'Bob', 2), ('c', NULL, 3)",
    )
    return home
