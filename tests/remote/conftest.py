"""The host behind sshd that all of these tests talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.remote.far import Far, behind_sshd


@pytest.fixture
def far(tmp_path: Path, warehouse: Path) -> Iterator[Far]:
    site = Site(tmp_path, warehouse)
    site.pipeline("daily")
    with behind_sshd(site) as host:
        yield host
