"""What a failed exchange means: whether it may pass, and what to tell people."""

from __future__ import annotations

import http.client
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from profexd.api import (
    ProfexdError,
    Retryable,
    SinkDenied,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
)
from profexd_sinks.http_exchange import Answer, Cut, Sent, Server

AMBIGUOUS = "sink_ambiguous"
"""The code of the error of a file that the receiver may have taken."""
_LONGEST_WAIT = 86_400.0
_NOT_TAKEN = frozenset({408, 425, 429, 503})
"""The receiver says that it did not take the file, and that it may another time."""
_NEVER = frozenset({501, 505, 511})
_HINTS = {
    400: "the receiver does not understand the request; a proxy may want a client certificate",
    404: "correct url, root and path: nothing takes files there",
    405: 'the receiver takes another method: method = "PUT" or "POST"',
    409: "the receiver sees a conflict with what it has, or still works on an earlier attempt",
    411: "the receiver wants what profexd sends; a proxy between may have removed it",
    413: "the receiver takes no file of this size: set [split] max_size, or raise its limit",
    415: "the receiver takes no file of this type; headers = { Content-Type = … } overrides it",
    507: "the receiver has no room left",
}


def unreachable(server: Server, cut: Cut) -> ProfexdError:
    """Return the error of an exchange without an answer, of which no file can have come."""
    why, origin = cut.why, server.origin
    if isinstance(why, ssl.SSLCertVerificationError):
        return SinkDenied(
            f"the certificate of {origin} is not trusted: {why.verify_message}",
            hint="name the certificate of its CA in ca_file"
            if "expired" not in why.verify_message
            else "the receiver must renew it; is the clock of this machine right?",
        )
    if cut.sent is Sent.NOTHING:
        return _no_connection(origin, server, why)
    if isinstance(why, TimeoutError):
        return SinkTimeout(
            f"{origin} made no progress for {server.timeout:g} s",
            hint="raise timeout in the sink's file if it is only slow",
        )
    return SinkUnreachable(
        f"{origin} ended the connection: {_plain(why)}",
        hint="the receiver, or a proxy before it, gave up; its log says why",
    )


def _no_connection(origin: str, server: Server, why: Exception) -> ProfexdError:
    if isinstance(why, TimeoutError):
        return SinkTimeout(
            f"no connection to {origin} within {server.connect_timeout:g} s",
            hint="is it up, and does a firewall let us through? connect_timeout says how long",
        )
    if isinstance(why, socket.gaierror | UnicodeError):
        return SinkUnreachable(
            f"the name of {origin} is not known: {_plain(why)}",
            hint="check the name, and the DNS of this machine",
        )
    if isinstance(why, ssl.SSLError) and not isinstance(
        why, ssl.SSLEOFError | ssl.SSLZeroReturnError
    ):
        return SinkRefused(
            f"no TLS with {origin}: {_plain(why)}", hint="does this port speak HTTPS?"
        )
    return SinkUnreachable(f"no connection to {origin}: {_plain(why)}", hint="is it up?")


def ambiguous(url: str, why: str, *, again: bool) -> ProfexdError:
    """Return the error of a file that the receiver may have taken."""
    message = f"the receiver may have taken {url} and did not say so: {why}"
    if again:
        return Retryable(message, code=AMBIGUOUS)
    return SinkRefused(
        message,
        code=AMBIGUOUS,
        hint="ask the receiver; it is not sent again, or there could be two. Where it heeds"
        " Idempotency-Key, retry_ambiguous = true is safe",
    )


def refusal(url: str, answer: Answer, *, again: bool) -> ProfexdError:
    """Return the error of an answer that is no success."""
    words = f": {answer.words}" if answer.words else ""
    message = f"{url} answered {answer.phrase}{words}"
    status = answer.status
    if 300 <= status < 400:
        return _redirect(url, answer)
    if status in (401, 403, 407):
        return SinkDenied(message, hint="check bearer_token and headers; a token may have expired")
    if status in _NOT_TAKEN:
        return Retryable(
            message, hint="the receiver asks for patience", retry_after=patience(answer)
        )
    if status >= 500 and status not in _NEVER and status not in _HINTS:
        if not answer.whole:
            return Retryable(message, hint="the log of the receiver says more")
        return ambiguous(url, f"it answered {answer.phrase}{words}", again=again)
    return SinkRefused(message, hint=_HINTS.get(status, "the log of the receiver says more"))


def _redirect(url: str, answer: Answer) -> ProfexdError:
    place = urlsplit(answer.headers.get("Location", ""))
    # Queries and users of redirects are often keys.
    shown = urlunsplit((place.scheme, place.netloc.rpartition("@")[2], place.path, "", ""))
    to = f" to {shown}" if shown else ""
    return SinkRefused(
        f"{url} answered {answer.phrase}{to}, and redirects are not followed",
        hint="a redirected POST may arrive empty: set url to where it leads",
    )


def patience(answer: Answer) -> float:
    """Return how many seconds the receiver asks for."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return min(float(said), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    try:
        now = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        now = datetime.now(UTC)
    if until.tzinfo is None or now.tzinfo is None:
        return 0.0
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)


def _plain(why: Exception) -> str:
    if isinstance(why, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(why, ssl.SSLError):
        return (why.reason or str(why)).replace("_", " ").lower()
    if isinstance(why, OSError) and why.strerror:
        return why.strerror
    return str(why) or type(why).__name__
