"""The options of the HTTP sink, their rules, and the URL that a path becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from profexd.api import Check, Doc, Secret, SinkOptions

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONGEST_NAME = 100
_LONGEST_VALUE = 10_000
_OURS = frozenset(
    {
        "connection",
        "content-digest",
        "content-encoding",
        "content-length",
        "digest",
        "expect",
        "idempotency-key",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say what is sent, or how: another value would be a lie."""
_IN_PATH = "/-._~!$&'()*+,;=:@"
_IN_QUERY = _IN_PATH + "?%"
_SECURE_PORT = 443


def _base(url: str) -> str:
    if not url.isprintable() or any(char in url for char in ' "<>\\^`{|}'):
        raise ValueError("holds a character that no URL may hold")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError('must begin with "https://", or "http://" with allow_http = true')
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "must not hold a user or password: they would stand in logs;"
            ' use bearer_token or headers = { Authorization = "…" }'
        )
    if "?" in url or "#" in url:
        raise ValueError(
            'must hold neither "?" nor "#"; a query goes into the path of the pipeline'
        )
    if not parts.hostname:
        raise ValueError("names no host")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("names no port between 1 and 65535") from None
    return url


def _host(host: str) -> str:
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*|[\w.-]+", host):
        raise ValueError('must be a name or an address, as in "partner.example"')
    return host


def _port(port: int) -> int:
    if not 1 <= port <= 65535:
        raise ValueError("must be between 1 and 65535")
    return port


def _header_faults(headers: dict[str, Secret]) -> Iterator[tuple[str, str]]:
    """Yield the key of each header that cannot be sent, and why."""
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        if not 1 <= len(name) <= _LONGEST_NAME or not _TOKEN.fullmatch(name):
            yield (
                "headers",
                f'"{name[:_LONGEST_NAME]}" is no name of a header: 1 to {_LONGEST_NAME} letters,'
                " digits and !#$%&'*+-.^_`|~",
            )
            continue
        # A dot would be taken for a table within the table.
        key = "headers" if "." in name else f"headers.{name}"
        if name.lower() in _OURS:
            yield key, "says what is sent, and profexd alone knows it"
        elif names.count(name.lower()) > 1:
            yield key, "is there twice: the case of letters makes no difference"
        elif value.kind == "literal" and (fault := header_fault(value.value)):
            yield key, fault


def header_fault(value: str) -> str:
    """Return why ``value`` cannot be sent in a header, or nothing; without the value."""
    if not 1 <= len(value) <= _LONGEST_VALUE:
        return f"must be 1 to {_LONGEST_VALUE} characters long"
    if any((ord(char) < 32 and char != "\t") or ord(char) == 127 for char in value):
        return "holds a control character"
    if value != value.strip():
        return "begins or ends with a blank"
    return ""


@dataclass(frozen=True, kw_only=True)
class HttpOptions(SinkOptions):
    url: Annotated[str, Doc("Where files go: the path is added after a slash."), Check(_base)] = (
        field(default="")
    )
    host: Annotated[
        str, Doc("Name or address of an HTTPS server, instead of url."), Check(_host)
    ] = field(default="")
    port: Annotated[int, Doc("Port at host."), Check(_port)] = _SECURE_PORT
    method: Annotated[Literal["POST", "PUT"], Doc("The method of the request.")] = "POST"
    headers: Annotated[
        dict[str, Secret],
        Doc("Further headers, name = value; every value is a secret."),
    ] = field(default_factory=dict)
    bearer_token: Annotated[Secret | None, Doc("Sent as Authorization: Bearer …; a secret.")] = None
    allow_http: Annotated[bool, Doc("Allow a url that begins with http://.")] = False
    ca_file: Annotated[str, Doc("Certificates (PEM) to trust, instead of the system's.")] = ""
    retry_ambiguous: Annotated[
        bool, Doc("Send again also where the receiver may have taken the file.")
    ] = False

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if self.url and self.host:
            yield "host", "cannot stand beside url; write one of the two"
        if not self.url and not self.host:
            yield "url", 'is required; as url = "https://partner.example/in"'
        if not self.host and self.port != _SECURE_PORT:
            yield "port", "goes with host; write the port into url"
        if self.url.startswith("http://") and not self.allow_http:
            yield "url", "would send everything in the clear; write https://, or allow_http = true"
        yield from _header_faults(self.headers)
        if self.bearer_token and any(name.lower() == "authorization" for name in self.headers):
            yield "bearer_token", "cannot stand beside a header Authorization"
        if self.bearer_token and self.bearer_token.kind == "literal":
            fault = header_fault(self.bearer_token.value)
            if fault:
                yield "bearer_token", fault
        if fault := path_fault(self.root):
            yield "root", fault
        elif "?" in self.root:
            yield "root", 'must not hold "?"; a query goes into the path of the pipeline'

    @property
    def base(self) -> str:
        """The URL before the slash."""
        if self.url:
            return self.url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host and self.host[0] != "[" else self.host
        return f"https://{host}" + ("" if self.port == _SECURE_PORT else f":{self.port}")


def path_fault(path: str) -> str:
    """Return why ``path`` cannot be part of a URL, or nothing."""
    if "#" in path:
        return 'must not hold "#": a URL ends there'
    if any(ord(char) < 32 or ord(char) == 127 for char in path):
        return "must not hold a control character"
    return ""


def target_url(options: HttpOptions, target: str) -> str:
    """Return the whole URL. ``?`` starts the query, which keeps the escapes it has."""
    path, mark, query = target.partition("?")
    root = options.root.strip("/")
    below = f"{root}/{path}" if root else path
    return f"{options.base}/{quote(below, safe=_IN_PATH)}{mark}{quote(query, safe=_IN_QUERY)}"
