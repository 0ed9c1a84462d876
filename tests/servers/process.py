"""A server as a child process: started on free loopback ports, healthy, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

_HEALTHY_SECONDS = 50.0
_STOP_SECONDS = 2.0


def tools() -> Path:
    """Return the folder where scripts/test-tools put the servers of PyPI and npm."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("PROFEXD_TEST_TOOLS") or f"{cache}/profexd-test-tools")


def program(name: str) -> str:
    """Return the absolute path of a server's program, or say how to get it."""
    path = os.pathsep.join([str(tools() / "venv/bin"), os.environ["PATH"], "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    assert found, f"{name} is not installed: run scripts/test-tools"
    return found


def free_ports(count: int) -> list[int]:
    """Return so many different free ports of loopback."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def answers(url: str) -> bool:
    """Return whether an HTTP server answers below 500, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as why:
        with closing(why):
            return why.code < 500
    except OSError:
        return False


def listens(port: int) -> bool:
    """Return whether something accepts connections on the loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    healthy: Callable[[], bool],
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` while the block lasts; it ends with us, however we end.

    Waits until ``healthy`` says so; when it never does, the tail of ``log`` says why.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            # The server must not outlive a test process that was killed.
            [program("setpriv"), "--pdeathsig", "KILL", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **(environ or {})},
            cwd=cwd,
        )
    try:
        _await(process, healthy, log, str(command[0]))
        yield process
    finally:
        stop(process)


def _await(
    process: subprocess.Popen[bytes], healthy: Callable[[], bool], log: Path, name: str
) -> None:
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while not healthy():
        tail = log.read_text(errors="replace")[-2000:]
        assert process.poll() is None, f"{name} ended:\n{tail}"
        assert time.monotonic() < deadline, f"{name} never became healthy:\n{tail}"
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and whatever it started: politely first, not for long."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            break
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
