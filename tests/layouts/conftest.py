from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.layouts.shaping import EVENT_ROLES, EVENTS, PROFILE_ROLES, PROFILES, Shaped


@pytest.fixture
def profiles(tmp_path: Path) -> Shaped:
    return Shaped(tmp_path, PROFILES, PROFILE_ROLES)


@pytest.fixture
def events(tmp_path: Path) -> Shaped:
    return Shaped(tmp_path, EVENTS, EVENT_ROLES, "events")


@pytest.fixture
def shaped(tmp_path: Path) -> Callable[..., Shaped]:
    """Rows of a SELECT, with roles: of profiles, unless ``kind`` says events."""
    return lambda sql, kind="profiles", **roles: Shaped(tmp_path, sql, roles, kind)
