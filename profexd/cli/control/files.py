"""What the verbs that write files share: where the configuration is, and how errors are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller
from profexd.client import ClientError
from profexd.config.paths import PathFlags, resolve
from profexd.edit.errors import EditError
from profexd.wire import Exit

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_EXITS = {
    "denied": Exit.DENIED,
    "not_found": Exit.USAGE,
    "usage": Exit.USAGE,
    "config_invalid": Exit.USAGE,
    "timeout": Exit.TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Home:
    """The configuration directory, and the state directory if a daemon named it."""

    config: str
    state: str | None = None


def config_option(command: Decorated) -> Decorated:
    """Add --config."""
    return click.option(
        "--config",
        metavar="DIR",
        help="The configuration directory; else PROFEXD_CONFIG, else the daemon's.",
    )(command)


def home_of(caller: Caller, config: str | None) -> Home:
    """Return where the files are: as told, else as the daemon says, else where they usually are."""
    if caller.host is not None:
        raise click.UsageError("files of another host are edited there; leave --host out")
    told = config or caller.environ.get("PROFEXD_CONFIG")
    usual = resolve(PathFlags(config=told), caller.environ, caller.uid)
    if told:
        return Home(str(usual.config))
    try:
        info = caller.client.info()
    except ClientError:
        return Home(str(usual.config))
    return Home(info["config"], info["state"])


@contextmanager
def telling() -> Iterator[None]:
    """Turn what the editing of files says into errors of a command."""
    try:
        yield
    except EditError as error:
        raise CommandError(
            error.message,
            code=error.code,
            hint=error.hint,
            exit_code=_EXITS.get(error.code, Exit.FAILED),
        ) from None
