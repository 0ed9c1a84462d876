"""Who we are for Google: the key of a service account, or whatever the machine has."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from profexd.api import (
    ConfigurationInvalid,
    ProfexdError,
    Retryable,
    Secret,
    SinkDenied,
    SinkUnreachable,
)

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_CLOCK = "Google may also mean the clock: is that of this machine right?"


class Identity:
    """Gives the Authorization of a request, and renews it before it expires."""

    def __init__(
        self, service_account: Secret | None, reveal: Callable[[Secret], str], timeout: float
    ) -> None:
        self._secret = service_account
        self._reveal = reveal
        self._timeout = timeout
        self._credentials: Credentials | None = None
        self._text = ""

    def header(self) -> tuple[str, str]:
        """Return the header; SinkDenied and SinkUnreachable say why there is none."""
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials = self._found()
            if not self._credentials.valid:
                self._credentials.refresh(partial(Request(), timeout=self._timeout))  # type: ignore[no-untyped-call]
        except exceptions.TransportError as why:
            raise SinkUnreachable(
                "Google's server for tokens cannot be reached", hint="is there a network?"
            ) from why
        except exceptions.GoogleAuthError as why:
            if self._replaced():
                return self.header()
            raise self._refused(why) from why
        token = str(self._credentials.token)
        # From now on it is masked wherever it shows up.
        return "Authorization", f"Bearer {self._reveal(Secret('literal', token))}"

    @property
    def universe(self) -> str:
        """The domain of the cloud the key belongs to."""
        with suppress(ProfexdError):
            if self._credentials is None and self._secret is not None:
                self._credentials = self._found()
        return str(getattr(self._credentials, "universe_domain", None) or "googleapis.com")

    def _found(self) -> Credentials:
        if self._secret is not None:
            return _from_key(self._key(self._secret))
        import google.auth

        found: tuple[Credentials, Any] = google.auth.default(scopes=_SCOPES)
        return found[0]

    def _replaced(self) -> bool:
        """Whether the key was replaced where it is kept; then the new one is used."""
        if self._secret is None or self._reveal(self._secret) == self._text:
            return False
        self._credentials = None
        return True

    def _key(self, secret: Secret) -> dict[str, Any]:
        self._text = self._reveal(secret)
        try:
            key = json.loads(self._text)
        except ValueError:
            key = None
        if not isinstance(key, dict) or key.get("type") != "service_account":
            raise ConfigurationInvalid(
                "service_account is not the key of a service account",
                hint='it is the JSON file that Google gives out once, as text or by { file = "…" }',
            )
        for part in ("private_key", "private_key_id"):
            if isinstance(key.get(part), str):
                self._reveal(Secret("literal", key[part]))
        return key

    def _refused(self, why: Exception) -> ProfexdError:
        from google.auth import exceptions

        if isinstance(why, exceptions.DefaultCredentialsError):
            return SinkDenied(
                "this machine has no credentials for Google",
                hint="set service_account, or GOOGLE_APPLICATION_CREDENTIALS for profexd",
            )
        words = str(why.args[0]) if why.args else type(why).__name__
        if getattr(why, "retryable", False):
            return Retryable(f"Google gives no token now: {words}", code="sink_unreachable")
        return SinkDenied(
            f"Google gives no token: {words}",
            hint=f"the key of the service account is invalid, expired or deleted. {_CLOCK}",
        )


def _from_key(key: dict[str, Any]) -> Credentials:
    from google.oauth2.service_account import Credentials as ServiceAccount

    try:
        made: Credentials = ServiceAccount.from_service_account_info(key, scopes=_SCOPES)  # type: ignore[no-untyped-call]
    except ValueError as why:
        raise ConfigurationInvalid(
            "service_account is not a whole key: a part of it is missing or cannot be read",
            hint="make a new key for the service account",
        ) from why
    return made
