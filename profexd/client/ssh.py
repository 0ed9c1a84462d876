"""How a client reaches a daemon on another host: ``profexctl dial-stdio`` there, over ssh."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any

from profexd.client.errors import Unreachable, ssh_failed
from profexd.client.transport import Connection

_ERROR = re.compile(r"error: (.*?)(?: \(\w+\))?$")
_CHANGED = "its host key has changed: another host may be in between"
_END_SECONDS = 5
_LOGIN_SECONDS = 90.0
_LONGEST_CONTROL = 107 - len("/profexd-") - 40 - len(".") - 16
"""What a folder may take of the path of a socket: ssh puts a hash into it, and random letters."""
_OPTIONS = (
    # One login serves all calls: the first opens it, and it stays open for a while.
    "ControlMaster=auto",
    "ControlPersist=120",
    "ConnectTimeout=20",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    # What the user has configured for sessions of their own.
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "RemoteCommand=none",
)


class SshTransport:
    """Reaches the daemon of ``host`` with the caller's own ssh and its configuration.

    ``PROFEXD_SSH`` is another command than ``ssh``, with its options. ``remote_socket`` is the
    daemon's socket there, where it is not the usual one.
    """

    def __init__(
        self,
        host: str,
        *,
        remote_socket: str | None = None,
        environ: Mapping[str, str],
        ask: bool = True,
    ) -> None:
        """Touch nothing yet. Without ``ask``, ssh asks nobody for a password, but fails."""
        self.where = host
        self._login_seconds = _LOGIN_SECONDS if ask else 0.0
        self._ended: list[subprocess.Popen[bytes]] = []
        far = ["profexctl", *(["--socket", remote_socket] if remote_socket else []), "dial-stdio"]
        self._command = [
            *shlex.split(environ.get("PROFEXD_SSH") or "ssh"),
            *(f"-o{option}" for option in (*_OPTIONS, f"ControlPath={_control_path(environ)}")),
            *(() if ask else ("-oBatchMode=yes",)),
            "-T",
            "--",
            host,
            *map(shlex.quote, far),
        ]

    def connection(self, timeout: float | None) -> Connection:
        """Return a connection through a process of ssh; what ssh says is told once it fails."""
        self._ended = [process for process in self._ended if process.poll() is None]
        connection = _SshConnection("profexd", timeout=timeout)
        # The first login may ask for a password; it is the master of those that follow.
        connection.dial(self._command, self.where, self._ended, self._login_seconds)
        self._login_seconds = 0.0
        return connection


def _control_path(environ: Mapping[str, str]) -> str:
    """Return where calls share a login: in a folder of the caller's own, or nowhere."""
    home = Path(environ.get("HOME") or "~").expanduser()
    for folder in (environ.get("XDG_RUNTIME_DIR"), str(home / ".ssh")):
        if (
            folder
            and len(os.fsencode(folder)) <= _LONGEST_CONTROL
            and os.access(folder, os.W_OK | os.X_OK)
        ):
            return f"{folder.replace('%', '%%')}/profexd-%C"
    return "none"


class _SshConnection(Connection):
    def dial(
        self,
        command: list[str],
        host: str,
        ended: list[subprocess.Popen[bytes]],
        login_seconds: float,
    ) -> None:
        """Start ssh with one end of a pair of sockets as its standard input and output."""
        self._host = host
        self._awaited = False
        self._ended = ended
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        near, far = socket.socketpair()
        with far:
            try:
                self._process = subprocess.Popen(
                    command, stdin=far.fileno(), stdout=far.fileno(), stderr=self._said
                )
            except OSError as error:
                near.close()
                self._said.close()
                raise ssh_failed(host, f"{command[0]}: {error.strerror}") from error
        near.settimeout(None if self.timeout is None else self.timeout + login_seconds)
        self.sock = near

    def send(self, data: Any) -> None:
        """Send; where ssh has ended already, its answer says why."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().send(data)

    def getresponse(self) -> HTTPResponse:
        """Return the answer's head; where ssh ended instead, raise Unreachable with its words."""
        near = self.sock
        try:
            self._awaited = True  # a failure closes us, and what ssh said is to be read first
            response = super().getresponse()
        except TimeoutError as error:
            self._process.terminate()  # it waits for a host that does not answer
            raise ssh_failed(self._host, "no answer") from error
        except (OSError, HTTPException) as error:
            # http.client has hung up already, so ssh is about to end.
            if not self._over() or self._process.returncode == 0:
                raise
            raise self._failure() from error
        finally:
            self._awaited = False
        with contextlib.suppress(OSError):  # it may be over already
            near.settimeout(self.timeout)
        return response

    def close(self) -> None:
        """Hang up; ssh ends by itself."""
        super().close()
        if not self._awaited:
            self._said.close()
        if self._process.poll() is None:
            self._ended.append(self._process)

    def last_words(self) -> str:
        """Return what ssh said, once it has ended by itself."""
        return self._words()[0] if self._over() and self._process.returncode != 0 else ""

    def _over(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
            return True
        return False

    def _failure(self) -> Unreachable:
        words, hint = self._words()
        return ssh_failed(self._host, words, hint=hint, exit_code=self._process.returncode)

    def _words(self) -> tuple[str, str]:
        """Return the error and the hint: of the profexctl over there, or of ssh itself."""
        if self._said.closed:
            return "", ""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        hints = [line.removeprefix("hint:").strip() for line in lines if line.startswith("hint:")]
        said = [line.strip() for line in lines if line.strip() and not line.startswith("hint:")]
        errors = [_ERROR.sub(r"\1", line) for line in said if _ERROR.match(line)]
        changed = [_CHANGED for line in said if "IDENTIFICATION HAS CHANGED" in line]
        ended = f"ssh ended with exit code {self._process.returncode}"
        return (changed or errors or said or [ended])[-1], (hints or [""])[-1]
