"""What every verb of profexctl shares: its options, the console, the client."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from profexd.cli.console import Console
from profexd.client import Client, ClientError, SshTransport, connect
from profexd.config.paths import client_socket

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(slots=True, kw_only=True)
class Caller:
    """Who called, with what, from where."""

    console: Console
    environ: Mapping[str, str]
    uid: int
    socket: str | None = None
    hosts: tuple[str, ...] = ()
    as_json: bool = False

    @property
    def host(self) -> str | None:
        """The host that was meant; None is this machine."""
        if len(self.hosts) > 1:
            raise click.UsageError("one --host at a time; profexctl tui shows several")
        return self.hosts[0] if self.hosts else None

    @property
    def client(self) -> Client:
        """A client of the daemon that was meant."""
        if self.host is not None:
            transport = SshTransport(self.host, remote_socket=self.socket, environ=self.environ)
            return Client(transport)
        return connect(client_socket(self.socket, self.environ, self.uid))

    def now(self) -> datetime:
        """The time, for words such as ``4m ago``."""
        return datetime.now(UTC)


def of_process(console: Console) -> Caller:
    """Return the caller of this process."""
    return Caller(console=console, environ=os.environ, uid=os.getuid())


def shared_options(command: Decorated) -> Decorated:
    """Add --host, --socket and --json; they mean the same before the verb and after it."""
    command = click.option(
        "--json",
        "as_json",
        is_flag=True,
        expose_value=False,
        callback=_set_json,
        help="Print JSON instead of words.",
    )(command)
    command = click.option(
        "--host",
        metavar="[USER@]HOST",
        multiple=True,
        expose_value=False,
        callback=_set_host,
        help="The daemon of another host, over ssh; --socket is then a path there.",
    )(command)
    return click.option(
        "--socket",
        metavar="PATH",
        expose_value=False,
        callback=_set_socket,
        help="The daemon's socket; else PROFEXD_SOCKET, else the user's or the system's.",
    )(command)


def complete_pipeline(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the names of pipelines, for the shell; none where no daemon answers."""
    caller = context.find_object(Caller)
    if caller is None:
        return []
    try:
        names = [pipeline["name"] for pipeline in caller.client.pipelines()]
    except ClientError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _set_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Caller).as_json = True


def _set_host(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    if any(not host or host.startswith("-") for host in value):
        raise click.BadParameter("name a host, as in deploy@db1")
    if value:
        context.ensure_object(Caller).hosts = value


def _set_socket(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Caller).socket = value
