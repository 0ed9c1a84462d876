"""What can go wrong between a client and the daemon, drawn as one tree.

::

    ClientError              code, message, hint
    ├── Unreachable          no answer: ``reason`` says why
    └── ApiError             the daemon answered and refused: HTTP ``status``
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

UnreachableReason = Literal["no_socket", "refused", "permission", "protocol", "lost", "ssh"]

_START = "is the daemon running?  systemctl status profexd, or run profexd"


class ClientError(Exception):
    """A call to the daemon failed; ``code`` is stable, ``hint`` says what to do."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint


class Unreachable(ClientError):
    """The daemon gave no answer that makes sense."""

    def __init__(self, reason: UnreachableReason, message: str, *, hint: str = "") -> None:
        super().__init__(message, code=reason, hint=hint)
        self.reason: UnreachableReason = reason


class ApiError(ClientError):
    """The daemon refused."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status


def cannot_connect(error: OSError, socket: Path) -> Unreachable:
    """Return why a connection to ``socket`` could not be made, with the hint that fits."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Unreachable("no_socket", f"no daemon at {socket}", hint=_START)
        case ConnectionRefusedError():
            return Unreachable("refused", f"nobody listens on {socket}", hint=_START)
        case PermissionError():
            return Unreachable(
                "permission",
                f"no permission to use {socket}",
                hint="join the group profexd and log in again:  sudo usermod -aG profexd $USER",
            )
        case BlockingIOError():
            return Unreachable(
                "refused", f"the daemon on {socket} is too busy to answer", hint="try again"
            )
        case _:
            return Unreachable("refused", f"cannot connect to {socket}: {error}", hint=_START)


def ssh_failed(host: str, words: str) -> Unreachable:
    """Return that ssh brought no connection to a daemon, in its own words."""
    return Unreachable(
        "ssh",
        f"cannot reach the daemon on {host}: {words}",
        hint=f"try  ssh {host} profexctl ping",
    )


def connection_lost(error: Exception, where: str) -> Unreachable:
    """Return that a connection broke after it had been made."""
    if isinstance(error, TimeoutError):
        return Unreachable(
            "lost", f"the daemon on {where} gives no answer", hint="see the daemon's log"
        )
    return Unreachable("lost", f"the connection to the daemon on {where} was lost", hint=_START)


def not_profexd(where: str, detail: str) -> Unreachable:
    """Return that whoever answered does not speak the control API."""
    return Unreachable(
        "protocol",
        f"what listens on {where} does not answer like profexd: {detail}",
        hint="is it another program's socket, or another version of profexd?",
    )
