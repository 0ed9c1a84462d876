"""Azurite, Microsoft's emulator of Azure Blob Storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, generate_container_sas

from tests.servers.process import answers, free_ports, program, running, tools

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Published by Microsoft for emulators."""
_NUMBERS = count(1)


@dataclass(frozen=True)
class AzureServer:
    """An emulator and the administrator's own view of it."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def connection_string(self, *, key: str = KEY, port: int | None = None) -> str:
        """Return what a sink needs to know, all in one."""
        endpoint = self.endpoint.replace(str(self.port), str(port or self.port))
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};"
            f"BlobEndpoint={endpoint};"
        )

    def sas_connection_string(
        self, container: str, permission: str, *, lives: timedelta = timedelta(hours=1)
    ) -> str:
        """Return one with a signature that permits only so much."""
        token = generate_container_sas(
            ACCOUNT,
            container,
            account_key=KEY,
            permission=permission,
            start=datetime.now(UTC) - timedelta(hours=2),
            expiry=datetime.now(UTC) + lives,
        )
        return f"BlobEndpoint={self.endpoint};SharedAccessSignature={token}"

    def new_container(self) -> str:
        """Return the name of a fresh, empty container."""
        name = f"container-{next(_NUMBERS)}"
        with self._service() as service:
            service.create_container(name).close()
        return name

    def names(self, container: str) -> list[str]:
        """Return the name of every blob that a reader can see."""
        with self._service() as service, service.get_container_client(container) as client:
            return sorted(blob.name for blob in client.list_blobs())

    def read(self, container: str, name: str) -> bytes | None:
        """Return the bytes of a blob, None where there is none."""
        with self._service() as service, service.get_blob_client(container, name) as client:
            try:
                return bytes(client.download_blob().readall())
            except ResourceNotFoundError:
                return None

    def describe(self, container: str, name: str) -> Any:
        """Return the properties of a blob."""
        with self._service() as service, service.get_blob_client(container, name) as client:
            return client.get_blob_properties()

    def _service(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.connection_string())


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureServer]:
    """Azurite; it checks keys, signatures and conditions."""
    folder = tmp_path_factory.mktemp("azurite")
    (port,) = free_ports(1)
    command = [
        program("node"), tools() / "npm/node_modules/azurite/dist/src/blob/main.js",
        "--blobHost", "127.0.0.1", "--blobPort", str(port), "-l", folder / "data",
        "--disableTelemetry", "--skipApiVersionCheck", "--silent",
    ]  # fmt: skip
    server = AzureServer(port)
    with running(command, log=folder / "log", healthy=lambda: answers(server.endpoint)):
        yield server
