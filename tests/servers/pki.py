"""A private certificate authority, and certificates of its own: good, and expired."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import program

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
_EXTENSIONS = (
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
    "extendedKeyUsage=serverAuth,clientAuth\n"
)


@dataclass(frozen=True)
class Authority:
    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def pair(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key of ``server`` or ``expired``."""
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificates for localhost that only those trust who trust the authority."""
    made = Authority(tmp_path_factory.mktemp("pki"))
    _openssl(made, "req", "-x509", *_KEY, "-days", "30", "-subj", "/CN=private CA",
             "-keyout", "ca.key", "-out", "ca.pem",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    (made.folder / "extensions").write_text(_EXTENSIONS)
    for name, days in (("server", "30"), ("expired", "-1")):
        _openssl(made, "req", *_KEY, "-subj", f"/CN={name}",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        _openssl(made, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", days, "-extfile", "extensions",
                 "-out", f"{name}.pem")  # fmt: skip
    return made


def _openssl(authority: Authority, *arguments: str) -> None:
    subprocess.run(
        [program("openssl"), *arguments], cwd=authority.folder, check=True, capture_output=True
    )
