"""What every verb of profexd shares: the options that say where things are, and the console."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from profexd.cli.console import Console
from profexd.config.paths import PathFlags, Paths, resolve

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OPTIONS = {
    "config": ("DIR", "The configuration directory."),
    "state": ("DIR", "Where run state is kept; customers' data."),
    "spool": ("DIR", "Where files are built; customers' data."),
    "socket": ("PATH", "The socket that profexctl talks to."),
}


@dataclass(slots=True, kw_only=True)
class Places:
    """Who called, with what, from where."""

    console: Console
    environ: Mapping[str, str]
    uid: int
    flags: PathFlags = field(default_factory=PathFlags)

    @property
    def paths(self) -> Paths:
        """Where everything is, for this call."""
        return resolve(self.flags, self.environ, self.uid)

    def now(self) -> datetime:
        """The time, for words such as ``4m ago``."""
        return datetime.now(UTC)


def of_process(console: Console) -> Places:
    """Return the places of this process."""
    return Places(console=console, environ=os.environ, uid=os.getuid())


def path_options(command: Decorated) -> Decorated:
    """Add --config, --state, --spool and --socket, before the verb and after it."""
    for name, (metavar, text) in reversed(_OPTIONS.items()):
        command = click.option(
            f"--{name}", metavar=metavar, expose_value=False, callback=_set, help=text
        )(command)
    return command


def _set(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    if not value:
        raise click.BadParameter("is empty", context, parameter)
    places = context.ensure_object(Places)
    assert parameter.name is not None
    places.flags = replace(places.flags, **{parameter.name: value})
