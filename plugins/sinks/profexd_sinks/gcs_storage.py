"""The few calls of Google's JSON API that deliver an object, and what its refusals mean."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from profexd.api import (
    ConfigurationInvalid,
    ProfexdError,
    Retryable,
    SinkDenied,
    SinkRefused,
    TargetExists,
)
from profexd_sinks.gcs_auth import Identity
from profexd_sinks.gcs_options import GcsOptions
from profexd_sinks.http_exchange import Answer, Cut, Server, exchange
from profexd_sinks.http_words import patience, unreachable

_EMULATOR = "STORAGE_EMULATOR_HOST"
_BOUNDARY = "profexd-part-8d1f2c"
_KEY_HINT = "403 from Google usually means an invalid or expired key of the service account, or"


class Storage:
    """One bucket. Every call returns the answer, or raises what it means."""

    def __init__(self, options: GcsOptions, identity: Identity) -> None:
        self._options = options
        self._identity = identity

    def begin(self, metadata: Mapping[str, Any], size: int, *, create_only: bool) -> str:
        """Open a resumable upload and return its address, which alone gives the right to it."""
        body = json.dumps(metadata).encode()
        answer = self._call(
            "POST",
            self._address("upload/", "o", uploadType="resumable", **_only_new(create_only)),
            [
                ("Content-Type", "application/json; charset=UTF-8"),
                ("X-Upload-Content-Length", str(size)),
                ("X-Upload-Content-Type", metadata["contentType"]),
                self._authorization(),
            ],
            [body],
            size=len(body),
        )
        address: str | None = answer.headers.get("Location")
        if answer.status not in (200, 201) or not address:
            raise self.refusal(answer, metadata["name"])
        return address

    def put(
        self,
        address: str,
        content_range: str,
        body: Iterable[bytes],
        size: int,
        progress: Callable[[int], None],
    ) -> Answer:
        """Send bytes of a resumable upload."""
        headers = [("Content-Range", content_range)]
        return self._call("PUT", address, headers, body, size=size, progress=progress)

    def insert(self, metadata: Mapping[str, Any], content: bytes, *, create_only: bool) -> Answer:
        """Create an object by a single request."""
        head = (
            f"--{_BOUNDARY}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
            f"{json.dumps(metadata)}\r\n--{_BOUNDARY}\r\n"
            f"Content-Type: {metadata['contentType']}\r\n\r\n"
        ).encode()
        body = head + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return self._call(
            "POST",
            self._address("upload/", "o", uploadType="multipart", **_only_new(create_only)),
            [
                ("Content-Type", f"multipart/related; boundary={_BOUNDARY}"),
                self._authorization(),
            ],
            [body],
            size=len(body),
        )

    def look(self, name: str) -> dict[str, Any] | None:
        """Return what the bucket knows of an object; None where it is absent or not for us."""
        address = self._address("", f"o/{quote(name, safe='')}")
        answer = self._call("GET", address, [self._authorization()])
        if answer.status != 200:
            return None
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def cancel(self, address: str) -> None:
        """Give a resumable upload up; it may be over already."""
        answer = self._call("DELETE", address, [])
        if answer.status >= 500:
            raise Retryable(f"Google answered {answer.phrase} when an upload was cancelled")

    def check(self) -> None:
        """Raise unless Google knows us; an emulator knows everybody."""
        self._authorization()

    def refusal(self, answer: Answer, name: str) -> ProfexdError:
        """Return the error that an answer is, in the storage's own words."""
        where = f"gs://{self._options.bucket}/{name}"
        message = f"{where}: {answer.phrase}: {_words(answer)}"
        status = answer.status
        if status == 401:
            return SinkDenied(
                message, hint="the key or token is invalid or expired: make a new one"
            )
        if status == 403:
            right = "storage.objects.create on the bucket; to replace a file, .delete too"
            return SinkDenied(message, hint=f"{_KEY_HINT} a missing right: {right}")
        if status == 404:
            return SinkRefused(
                message, hint=f"is there a bucket {self._options.bucket}, in this project?"
            )
        if status == 412:
            return TargetExists(
                f"{where} exists already",
                hint='move it away: on_existing = "fail" or "suffix" never replaces. Where an'
                " earlier attempt of this run was cut off, it may be this run's own: with"
                " storage.objects.get profexd can tell",
            )
        if status in (408, 429) or status >= 500:
            return Retryable(message, hint="Google is busy", retry_after=patience(answer))
        return SinkRefused(message, hint="Google's words say what is wrong")

    def _call(
        self,
        method: str,
        address: str,
        headers: list[tuple[str, str]],
        body: Iterable[bytes] = (),
        *,
        size: int = 0,
        progress: Callable[[int], None] = lambda sent: None,
    ) -> Answer:
        parts = urlsplit(address)
        secure = parts.scheme == "https"
        server = Server(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            trust=ssl.create_default_context() if secure else None,
            connect_timeout=self._options.connect_timeout,
            timeout=self._options.timeout,
        )
        selector = f"{parts.path}?{parts.query}"
        usual = [("User-Agent", "profexd"), *headers]
        try:
            return exchange(server, method, selector, usual, body, size=size, progress=progress)
        except Cut as cut:
            # Nothing of an upload is visible before it is whole, and sending again is harmless.
            raise unreachable(server, cut) from cut

    def _address(self, prefix: str, below: str, **query: str) -> str:
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        return f"{self._endpoint()}/{prefix}storage/v1/b/{self._options.bucket}/{below}?{asked}"

    def _endpoint(self) -> str:
        emulator = _emulator()
        return emulator or f"https://storage.{self._identity.universe}"

    def _authorization(self) -> tuple[str, str]:
        if _emulator() and self._options.service_account is None:
            return "Authorization", "Bearer emulator"
        return self._identity.header()


def _emulator() -> str:
    """Return where Google's own clients would go instead of Google."""
    address = os.environ.get(_EMULATOR, "").rstrip("/")
    if address and "://" not in address:
        address = f"http://{address}"
    if address and not urlsplit(address).hostname:
        raise ConfigurationInvalid(
            f"{_EMULATOR} names no host", hint="write http://localhost:9023, or unset it"
        )
    return address


def _only_new(create_only: bool) -> dict[str, str]:
    return {"ifGenerationMatch": "0"} if create_only else {}


def _words(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body)["error"]["message"])[:300]
    except (ValueError, LookupError, TypeError):
        return answer.words
