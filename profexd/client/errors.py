"""What can go wrong between a client and the daemon, drawn as one tree.

::

    ClientError              code, message, hint
    ├── Unreachable          no answer: ``reason`` says why
    └── ApiError             the daemon answered and refused: HTTP ``status``

``login`` is an ssh that did not let the caller in: trying again changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from profexd.wire import Exit

UnreachableReason = Literal[
    "no_socket", "refused", "permission", "protocol", "version", "lost", "ssh", "login"
]

SSH_ITSELF = 255
"""The exit code of ssh where it failed itself; else it is the far command's."""
_NO_COMMAND = 127
_LOGIN_REFUSED = (
    *("Permission denied", "Host key verification failed", "host key has changed"),
    "Too many authentication",
)
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


def ssh_failed(
    host: str, words: str, *, hint: str = "", exit_code: int = SSH_ITSELF
) -> Unreachable:
    """Return that ssh brought no connection to a daemon, in its own words or the far command's.

    ``hint`` is the far command's, if it gave one.
    """
    message = f"cannot reach the daemon on {host}: {words}"
    if exit_code == _NO_COMMAND:
        return Unreachable(
            "ssh",
            f"cannot reach the daemon on {host}: there is no profexctl on the PATH of ssh",
            hint=f"ssh {host} 'command -v profexctl'  must find it: link it into /usr/local/bin",
        )
    if exit_code == Exit.DENIED:
        return Unreachable("permission", message, hint=hint)
    if exit_code == Exit.USAGE:
        return Unreachable(
            "version", message, hint=f"is it as new as this one?  ssh {host} profexctl --version"
        )
    if exit_code != SSH_ITSELF:
        return Unreachable("ssh", message, hint=hint or f"try  ssh {host} profexctl ping")
    if any(refusal in words for refusal in _LOGIN_REFUSED):
        return Unreachable("login", message, hint=f"log in once, to see to it:  ssh {host}")
    return Unreachable("ssh", message, hint=f"try  ssh {host} profexctl ping")


def connection_lost(error: Exception, where: str, words: str = "") -> Unreachable:
    """Return that a connection broke after it had been made; ``words`` are those of ssh."""
    if words:
        return Unreachable(
            "lost",
            f"the connection to the daemon on {where} was lost: {words}",
            hint=f"try  ssh {where} profexctl ping",
        )
    if isinstance(error, TimeoutError):
        return Unreachable(
            "lost", f"the daemon on {where} gives no answer", hint="see the daemon's log"
        )
    return Unreachable("lost", f"the connection to the daemon on {where} was lost", hint=_START)


def other_version(where: str, asked: str) -> Unreachable:
    """Return that the daemon does not know what was ``asked``, a method and a path."""
    return Unreachable(
        "version",
        f"the daemon on {where} does not know {asked}: it is older than this profexctl",
        hint="profexctl ping says how old; upgrade it, or use a profexctl of its version",
    )


def not_profexd(where: str, detail: str) -> Unreachable:
    """Return that whoever answered does not speak the control API."""
    remote = not where.startswith("/")
    return Unreachable(
        "protocol",
        f"what listens on {where} does not answer like profexd: {detail}",
        hint=f"does a shell there print something?  ssh -T {where} true  must print nothing"
        if remote
        else "is it another program's socket, or another version of profexd?",
    )
