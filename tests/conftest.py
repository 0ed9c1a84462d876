"""What all tests share: no influence from the environment of whoever runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.testing.warehouse import create_warehouse

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


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with 1,000 profiles and 1,000 events; read-only by agreement."""
    database = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    create_warehouse(database, profiles=1_000, events=1_000)
    return database
