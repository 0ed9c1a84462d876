"""A connection to an SSH server: reached in time, recognised, and never hanging."""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.api import (
    Secret,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
)
from profexd_sinks.sftp_hostkeys import HostKey, Trust, from_known_hosts, pinned
from profexd_sinks.sftp_login import Login, log_in, logins
from profexd_sinks.sftp_options import SftpOptions
from profexd_sinks.sftp_protocol import NotSftp, Sftp

if TYPE_CHECKING:
    from paramiko import Transport

_KEEPALIVE_SECONDS = 15
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""The fastest first; the library's own choice follows."""


@dataclass
class Connection:
    """A login at a server, and the SFTP conversation in it."""

    transport: Transport
    sftp: Sftp
    guard: _Guard
    folders: set[str] = field(default_factory=set)
    """The folders that were made, or found, in this conversation."""

    @property
    def alive(self) -> bool:
        return bool(self.transport.is_active())

    def close(self) -> None:
        """End it without waiting for the server."""
        with suppress(Exception):
            self.transport.close()


def connect(options: SftpOptions, reveal: Callable[[Secret], str]) -> Connection:
    """Connect and log in; raises SinkUnreachable, SinkTimeout, SinkDenied or SinkRefused."""

    # All that it would log is raised here, in words of ours.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
    trust = _trust(options)
    with logins(options, reveal) as ways:
        return _connect(options, trust, ways)


def _connect(options: SftpOptions, trust: Trust, ways: list[Login]) -> Connection:
    import paramiko

    guard = _Guard(_reach(options), options.timeout)
    with explained(options, guard):
        transport = paramiko.Transport(guard)
        try:
            _shake_hands(transport, options, trust)
            log_in(transport, options, ways)
            transport.set_keepalive(_KEEPALIVE_SECONDS)
            channel = _open_channel(transport, options)
            return Connection(transport, Sftp(channel), guard)
        except BaseException:
            transport.close()
            raise


@contextmanager
def explained(options: SftpOptions, guard: _Guard) -> Iterator[None]:
    """Turn what a broken connection raises into an error that says what to do."""
    import paramiko

    where = options.server
    try:
        yield
    except TimeoutError as why:
        raise _stalled(options) from why
    except NotSftp as why:
        raise SinkRefused(
            f"{where} does not speak SFTP: {why}",
            hint=f"does `sftp -P {options.port} {options.username}@{options.host}` work?",
        ) from why
    except (EOFError, OSError, paramiko.SSHException) as why:
        if guard.stalled:
            raise _stalled(options) from why
        words = str(why) or "the connection was closed"
        raise SinkUnreachable(
            f"the connection to {where} broke: {words}",
            hint="is the server up, and does it allow so many sessions?",
        ) from why


def _stalled(options: SftpOptions) -> SinkTimeout:
    return SinkTimeout(
        f"{options.server} did nothing for {options.timeout:g} s",
        hint="is the server overloaded, or its disk stuck? timeout in the sink says how long to"
        " wait",
    )


class _Guard:
    """A socket that gives up when the other side takes nothing for too long.

    The library asks again for ever, in steps of the timeout that it sets here.
    """

    def __init__(self, connected: socket.socket, limit: float) -> None:
        self._socket = connected
        self._limit = limit
        self._step = 0.1
        self._moved = time.monotonic()
        self._writable = select.poll()
        self._writable.register(connected, select.POLLOUT)
        self._readable = select.poll()
        self._readable.register(connected, select.POLLIN)
        self.stalled = False
        connected.setblocking(False)

    def settimeout(self, seconds: float | None) -> None:
        self._step = 0.1 if seconds is None else seconds

    def send(self, data: bytes) -> int:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            if not self._writable.poll(self._step * 1000):
                if time.monotonic() - self._moved > self._limit:
                    self.stalled = True
                    raise ConnectionAbortedError("nothing was taken for too long") from None
                raise TimeoutError from None
            sent = self._socket.send(data)
        self._moved = time.monotonic()
        return sent

    def recv(self, size: int) -> bytes:
        try:
            return self._socket.recv(size)
        except BlockingIOError:
            if not self._readable.poll(self._step * 1000):
                raise TimeoutError from None
            return self._socket.recv(size)

    def close(self) -> None:
        self._socket.close()

    def getpeername(self) -> Any:
        return self._socket.getpeername()

    @property
    def _closed(self) -> bool:
        # The library asks sockets for this before it waits for its thread.
        return self._socket.fileno() < 0


def _reach(options: SftpOptions) -> socket.socket:
    try:
        connected = socket.create_connection(
            (options.host, options.port), timeout=options.connect_timeout
        )
    except TimeoutError as why:
        raise SinkUnreachable(
            f"cannot connect to {options.server} within {options.connect_timeout:g} s",
            hint="is a firewall between us? connect_timeout in the sink says how long to wait",
        ) from why
    except OSError as why:
        raise SinkUnreachable(
            f"cannot connect to {options.server}: {why.strerror or why}",
            hint="are host and port right, and is the server up?",
        ) from why
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _trust(options: SftpOptions) -> Trust:
    if options.pins:
        return pinned(options.server, options.pins)
    return from_known_hosts(options.server, Path(options.known_hosts).expanduser())


def _shake_hands(transport: Transport, options: SftpOptions, trust: Trust) -> None:
    import paramiko

    transport.banner_timeout = transport.handshake_timeout = options.connect_timeout
    transport.auth_timeout = transport.channel_timeout = options.timeout
    offered = transport.get_security_options()
    offered.ciphers = _first(_CIPHERS, offered.ciphers)
    # A server has several keys: ask for one that we know.
    known = [name for kind in trust.kinds for name in _algorithms(kind)]
    offered.key_types = _first(known, offered.key_types)
    try:
        transport.start_client(timeout=options.connect_timeout)
        # A timeout passes in silence there; this is where it shows.
        shown = HostKey(transport.get_remote_server_key().asbytes())
    except (paramiko.SSHException, EOFError) as why:
        if isinstance(why, paramiko.ssh_exception.IncompatiblePeer):
            raise SinkRefused(
                f"{options.server} and profexd have no algorithm in common: {why}",
                hint="the server is too old, or allows too little",
            ) from why
        closed = not transport.is_active()
        raise SinkUnreachable(
            f"{options.server} did not answer as an SSH server within"
            f" {options.connect_timeout:g} s{': it closed the connection' if closed else ''}",
            hint="is that port the one of its SSH server, and does it allow our address?",
        ) from why
    trust.check(shown)


def _algorithms(kind: str) -> tuple[str, ...]:
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)


def _first(wanted: Any, offered: Any) -> tuple[str, ...]:
    """Return what is offered, with what is wanted at its head."""
    head = tuple(name for name in wanted if name in offered)
    return head + tuple(name for name in offered if name not in head)


def _open_channel(transport: Transport, options: SftpOptions) -> Any:
    import paramiko

    try:
        channel = transport.open_session(timeout=options.timeout)
        channel.settimeout(options.timeout)
        channel.invoke_subsystem("sftp")
    except paramiko.ChannelException as why:
        raise SinkRefused(
            f"{options.server} opens no session: {why.text}",
            hint="the user may not use SFTP there; ask the server's owner",
        ) from why
    except paramiko.SSHException as why:
        if not transport.is_active():
            raise
        raise SinkRefused(
            f"{options.server} offers no SFTP: {why}",
            hint="ask the server's owner to switch the sftp subsystem on for the user",
        ) from why
    return channel
