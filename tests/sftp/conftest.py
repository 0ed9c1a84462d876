"""A real sshd for all tests of the sftp sink, and a fresh folder on it for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import site as site
from tests.servers.sshd import Sshd, sshd, sshd_home


@pytest.fixture(scope="session")
def home() -> Iterator[Sshd]:
    """The user and the keys; tests run servers of their own for it."""
    with sshd_home() as made:
        yield made


@pytest.fixture(scope="session")
def server(home: Sshd) -> Iterator[Sshd]:
    """A server that allows everything."""
    with sshd(home, host_keys=("ed25519", "rsa", "ecdsa")) as running:
        yield running


@pytest.fixture
def folder(home: Sshd) -> str:
    """A folder of this test alone, relative to where a session begins."""
    return home.new_folder()
