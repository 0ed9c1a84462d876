"""The webhook notifier: one signed POST, whose URL is a secret."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from profexd.api import (
    Doc,
    Notice,
    Notifier,
    NotifierOptions,
    Permanent,
    Retryable,
    Secret,
    hookimpl,
)


@dataclass(frozen=True, kw_only=True)
class WebhookOptions(NotifierOptions):
    webhook: Annotated[Secret, Doc("The URL that is told, a secret.")]
    secret: Annotated[Secret | None, Doc("Signs what the webhook is told.")] = None

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if self.webhook.kind == "literal" and not _is_url(self.webhook.value):
            yield "webhook", "is no URL"


class Webhook(Notifier):
    """A 2xx answer means told; redirects are not followed."""

    name = "webhook"
    Options: ClassVar[type[NotifierOptions]] = WebhookOptions

    def tell(self, notice: Notice) -> None:
        options: WebhookOptions = self.options
        url = self.context.reveal(options.webhook)
        body = notice.body()
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "profexd",
            "Connection": "close",
        }
        if options.secret is not None:
            key = self.context.reveal(options.secret).encode()
            digest = hmac.new(key, body, hashlib.sha256).hexdigest()
            headers["X-Profexd-Signature"] = f"sha256={digest}"
        status = self._post(url, body, headers)
        if not 200 <= status < 300:
            raise Retryable(f"the webhook answered {status}", code="notice_refused")

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        if not _is_url(url):
            raise Permanent("the webhook's secret is no URL", code="notice_refused")
        parts = urlsplit(url)
        assert parts.hostname is not None
        secure = parts.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection = connect(parts.hostname, parts.port, timeout=self.context.timeout)
            try:
                connection.request("POST", target, body, headers)
                return connection.getresponse().status
            finally:
                connection.close()
        except ssl.SSLCertVerificationError as why:
            raise Retryable(f"TLS: {why.verify_message}", code="notice_refused") from None
        except (OSError, http.client.HTTPException, ValueError) as why:
            # Its words may hold the URL, which is a secret.
            raise Retryable(_said(why), code="notice_refused") from None


def _said(why: Exception) -> str:
    if isinstance(why, socket.gaierror):
        return "the host of the webhook is not known"
    if isinstance(why, TimeoutError):
        return "no answer in time"
    return (isinstance(why, OSError) and why.strerror) or type(why).__name__


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@hookimpl
def profexd_register_notifiers(register) -> None:  # type: ignore[no-untyped-def]
    register(Webhook)
