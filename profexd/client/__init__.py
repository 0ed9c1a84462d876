"""The client of the control API: standard library only, so that it loads in a blink."""

from __future__ import annotations

from profexd.client.client import Client, connect
from profexd.client.errors import ApiError, ClientError, Unreachable, UnreachableReason
from profexd.client.ssh import SshTransport
from profexd.client.streams import EventStream, LogStream, Stream
from profexd.client.transport import Transport, UnixTransport

__all__ = [
    "ApiError",
    "Client",
    "ClientError",
    "EventStream",
    "LogStream",
    "SshTransport",
    "Stream",
    "Transport",
    "UnixTransport",
    "Unreachable",
    "UnreachableReason",
    "connect",
]
