"""Secrets: resolved when a run starts, and cut out of every word that leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from profexd.api.errors import ConfigurationInvalid
from profexd.api.options import Secret

_MASK = "***"
_SHORTEST = 3
"""Masking shorter ones would blacken every word and hide nothing."""


class Secrets:
    """Reveals secrets and remembers what it revealed, so that it can mask it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._revealed: set[str] = set()

    def reveal(self, secret: Secret) -> str:
        """Return the secret itself; ConfigurationInvalid when it is not where it should be."""
        value = self._resolve(secret)
        if len(value) >= _SHORTEST:
            self._revealed.update((value, quote(value), quote(value, safe="")))
        return value

    def known(self, secrets: Iterable[Secret]) -> None:
        """Mask the literal ones among ``secrets`` from the start, revealed or not."""
        for secret in secrets:
            if secret.kind == "literal":
                self.reveal(secret)

    def mask(self, text: str) -> str:
        """Return ``text`` without any secret revealed so far."""
        for value in sorted(self._revealed, key=len, reverse=True):
            text = text.replace(value, _MASK)
        return text

    def _resolve(self, secret: Secret) -> str:
        match secret.kind:
            case "literal":
                return secret.value
            case "env":
                return self._from_environment(secret.value)
            case "file":
                return _from_file(Path(secret.value))
            case "credential":
                return _from_file(self._credentials() / secret.value)

    def _from_environment(self, name: str) -> str:
        if name not in self._environ:
            raise ConfigurationInvalid(
                f"the secret {{ env = {name!r} }} is not set",
                code="secret_missing",
                hint="set the variable in the environment of profexd, as with EnvironmentFile=",
            )
        return self._environ[name]

    def _credentials(self) -> Path:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if folder is None:
            raise ConfigurationInvalid(
                "a secret is a systemd credential, and $CREDENTIALS_DIRECTORY is not set",
                code="secret_missing",
                hint="run profexd from its unit, with LoadCredential=",
            )
        return Path(folder)


def _from_file(path: Path) -> str:
    try:
        return path.read_text().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigurationInvalid(
            f"the secret in {path} cannot be read: {getattr(why, 'strerror', None) or why}",
            code="secret_missing",
            hint="create the file and let the user of profexd read it",
        ) from why
