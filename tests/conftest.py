"""What all tests share: warehouses, and no influence from the environment."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profexd.testing.warehouse import create_warehouse

if TYPE_CHECKING:
    from tests.formats.exporting import Export

# The servers of tests/servers; none starts before a test asks for it.
pytest_plugins = [
    "tests.servers.azure",
    "tests.servers.gcs",
    "tests.servers.pki",
    "tests.servers.s3",
    "tests.servers.web",
    "tests.servers.webdav",
]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *(f"PROFEXD_{kind}" for kind in ("CONFIG", "STATE", "SPOOL", "SOCKET", "LOG_FORMAT")),
        "CONFIGURATION_DIRECTORY",
        "STATE_DIRECTORY",
        "CACHE_DIRECTORY",
        "RUNTIME_DIRECTORY",
        "CREDENTIALS_DIRECTORY",
        "NOTIFY_SOCKET",
        "JOURNAL_STREAM",
        "NO_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _hangups_reach_children() -> Iterator[None]:
    """Under nohup a HUP is ignored, by children too, and the product honours that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with 1,000 profiles and 1,000 events; read-only by agreement."""
    database = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    create_warehouse(database, profiles=1_000, events=1_000)
    return database


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Export]:
    """A warehouse whose table is what a SELECT gives."""
    from tests.formats.exporting import Export  # its libraries are not for every test

    return lambda sql: Export(tmp_path, sql)
