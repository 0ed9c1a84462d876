"""An installation whose sink is a fresh bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site


@pytest.fixture
def site(tmp_path: Path, warehouse: Path) -> Iterator[Site]:
    site = Site(tmp_path, warehouse)
    yield site
    if site.daemon is not None:
        site.kill()
