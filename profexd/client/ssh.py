"""How a client reaches a daemon on another host: ``profexctl dial-stdio`` there, over ssh."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import IO, Any

from profexd.client.errors import ssh_failed

_END_SECONDS = 5
_KEEP = (
    # One login serves all calls: the first opens it, and it stays open for a while.
    "ControlMaster=auto",
    "ControlPersist=120",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
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
        self._ended: list[subprocess.Popen[bytes]] = []
        far = ["profexctl", *(["--socket", remote_socket] if remote_socket else []), "dial-stdio"]
        self._command = [
            *shlex.split(environ.get("PROFEXD_SSH") or "ssh"),
            *(f"-o{option}" for option in (*_KEEP, f"ControlPath={_control_path(environ)}")),
            *(() if ask else ("-oBatchMode=yes",)),
            "-T",
            "--",
            host,
            shlex.join(far),
        ]

    def connection(self, timeout: float | None) -> HTTPConnection:
        """Return a connection through a process of ssh; what ssh says is told once it fails."""
        self._ended = [process for process in self._ended if process.poll() is None]
        connection = _SshConnection("profexd", timeout=timeout)
        connection.dial(self._command, self.where, self._ended)
        return connection


def _control_path(environ: Mapping[str, str]) -> str:
    # %C is short: the path of a socket has about a hundred characters.
    return f"{environ.get('XDG_RUNTIME_DIR') or '~/.ssh'}/profexd-%C"


class _SshConnection(HTTPConnection):
    def dial(self, command: list[str], host: str, ended: list[subprocess.Popen[bytes]]) -> None:
        """Start ssh with one end of a pair of sockets as its standard input and output."""
        self._host = host
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
        near.settimeout(self.timeout)
        self.sock = near

    def send(self, data: Any) -> None:
        """Send; where ssh has ended already, its answer says why."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().send(data)

    def getresponse(self) -> HTTPResponse:
        """Return the answer's head; where ssh ended instead, raise Unreachable with its words."""
        try:
            return super().getresponse()
        except (OSError, HTTPException) as error:
            # http.client has hung up already, so ssh is about to end.
            if isinstance(error, TimeoutError) or not self._over():
                raise
            raise ssh_failed(self._host, self._words()) from error
        finally:
            self._said.close()

    def close(self) -> None:
        """Hang up; ssh ends by itself."""
        super().close()
        if self._process.poll() is None:
            self._ended.append(self._process)

    def _over(self) -> bool:
        """Whether ssh ended with an error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_SECONDS) != 0
        return False

    def _words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        said = [line for line in lines if not line.startswith("hint:")]
        return (
            said[-1].removeprefix("error: ")
            if said
            else f"it ended with exit code {self._process.returncode}"
        )
