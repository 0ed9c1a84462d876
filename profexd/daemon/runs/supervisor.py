"""One child process per job: the job goes in, messages come out, and its end is always reported."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from profexd.daemon.state.ledger import misspoke
from profexd.export.job import Job
from profexd.export.messages import Message, decode
from profexd.wire import ErrorJson

WORKER = (sys.executable, "-m", "profexd.worker")
_LINE_LIMIT = 64 * 2**20
_STDERR_LINE_LIMIT = 2**20
_LEFTOVER_GRACE = 5.0
_KILLED_GRACE = 1.0
_MOST_UNHANDLED = 16
"""So many messages of one child may wait; then it must, or it would keep all others waiting."""
# What systemd tells the daemon is not for its children.
_NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSaid:
    """A worker said something; ``n`` is the number to acknowledge."""

    child: Child
    message: Message
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnded:
    """A worker's process is gone, and all it said has been reported.

    ``how`` says so in words; ``violation`` is why it was ended for what it said.
    """

    child: Child
    how: str
    code: int
    last_words: str
    violation: ErrorJson | None


Report = Callable[[WorkerSaid | WorkerEnded], None]


class Child:
    """One worker process. Its methods never raise and never block."""

    def __init__(
        self,
        job: Job,
        *,
        argv: Sequence[str],
        environ: Mapping[str, str],
        report: Report,
        stderr: Callable[[str], None],
    ) -> None:
        self.job = job
        self._argv = argv
        self._environ = environ
        self._report = report
        self._stderr = stderr
        self._process: Process | None = None
        self._terminations = 0
        self._killed = False
        self._violation: ErrorJson | None = None
        self._room = asyncio.Semaphore(_MOST_UNHANDLED)
        self._kill_timer: asyncio.TimerHandle | None = None
        self.task = asyncio.create_task(self._live(), name=f"{job.action} {job.run_id}")

    @property
    def pid(self) -> int | None:
        """The process id, once there is one."""
        return None if self._process is None else self._process.pid

    def acknowledge(self, n: int, *, go: bool = True) -> None:
        """Answer a durable message."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(json.dumps({"ack": n, "go": go}).encode() + b"\n")

    def handled(self) -> None:
        """One of its messages is dealt with: it may be heard further."""
        self._room.release()

    def terminate(self, grace: float) -> None:
        """Ask it to stop; after ``grace`` seconds it is killed."""
        self._terminations += 1
        self._signal(signal.SIGTERM)
        if self._kill_timer is None:
            self._kill_timer = asyncio.get_running_loop().call_later(grace, self.kill)

    def kill(self) -> None:
        """End it and all its own children at once."""
        self._killed = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def reject(self, why: ErrorJson) -> None:
        """End it, because what it said cannot be taken."""
        self._violation = self._violation or why
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _live(self) -> None:
        words: list[str] = []
        how, code = "nobody knows how it ended", 1
        try:
            transport, protocol = await self._start()
            code = await self._attend(transport, protocol, words)
            how = _in_words(code)
        except OSError as why:
            how, code = f"it could not be started: {why}", 127
        finally:
            self._end(how, code, words[-1] if words else "")

    async def _start(self) -> tuple[asyncio.SubprocessTransport, _Protocol]:
        return await asyncio.get_running_loop().subprocess_exec(
            _Protocol,
            *self._argv,
            # For whoever lists processes; the worker itself goes by its job alone.
            *filter(None, (self.job.action, self.job.pipeline)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={k: v for k, v in self._environ.items() if k not in _NOT_INHERITED},
            start_new_session=True,
        )

    async def _attend(
        self, transport: asyncio.SubprocessTransport, protocol: _Protocol, words: list[str]
    ) -> int:
        """Give the process its job, hear it to its end, and return its exit code."""
        process = Process(transport, protocol, asyncio.get_running_loop())
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(self.job.as_json()).encode() + b"\n")
        # A stop may have been asked for while the process was being made.
        for _ in range(self._terminations):
            self._signal(signal.SIGTERM)
        if self._killed:
            self.kill()
        readers = [
            asyncio.create_task(self._read(process.stdout, self._read_messages)),
            asyncio.create_task(
                self._read(process.stderr, lambda stream: self._read_stderr(stream, words))
            ),
        ]
        await protocol.exited.wait()
        # Something that it started may hold its pipes open. It goes too; and where it cannot be
        # reached, nobody listens to it any longer.
        _, listening = await asyncio.wait(readers, timeout=_LEFTOVER_GRACE)
        if listening:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.wait(readers, timeout=_KILLED_GRACE)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        if not process.stdin.is_closing():
            process.stdin.transport.abort()
        transport.close()
        with contextlib.suppress(ConnectionError):
            await process.stdin.wait_closed()
        code = await process.wait()
        # Each keeps the other: without this, thousands of runs lie about until they are collected.
        protocol.stdin = None
        return code

    def _end(self, how: str, code: int, last_words: str) -> None:
        if self._kill_timer is not None:
            self._kill_timer.cancel()
        self._report(
            WorkerEnded(
                child=self, how=how, code=code, last_words=last_words, violation=self._violation
            )
        )

    async def _read(
        self,
        stream: asyncio.StreamReader,
        read: Callable[[asyncio.StreamReader], Awaitable[None]],
    ) -> None:
        """Read a pipe to its end, whatever comes."""
        try:
            await read(stream)
        except Exception as why:  # noqa: BLE001 - what a child says must not go unanswered
            self.reject(misspoke(str(why) or type(why).__name__))
            while await stream.read(2**16):
                pass

    async def _read_messages(self, stream: asyncio.StreamReader) -> None:
        """Report every message until the end; ValueError for what is none."""
        while line := await stream.readline():
            message, n = decode(line.decode())
            await self._room.acquire()
            self._report(WorkerSaid(child=self, message=message, n=n))

    async def _read_stderr(self, stream: asyncio.StreamReader, words: list[str]) -> None:
        rest = b""
        while block := await stream.read(2**16):
            *lines, rest = (rest + block).split(b"\n")
            if len(rest) > _STDERR_LINE_LIMIT:
                lines.append(rest)
                rest = b""
            for line in lines:
                self._said(line, words)
        if rest:
            self._said(rest, words)

    def _said(self, line: bytes, words: list[str]) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            words[:] = [text[:2000]]
            self._stderr(text)


class _Protocol(SubprocessStreamProtocol):
    """Tells when the process itself has ended.

    ``Process.wait`` also waits for the ends of its pipes, which others may hold open.
    """

    def __init__(self) -> None:
        super().__init__(limit=_LINE_LIMIT, loop=asyncio.get_running_loop())
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class Supervisor:
    """Starts children. ``argv`` is what a worker is started with.

    ``plugins`` are ``Catalog.homes``: a child that is told need not look for them all.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        report: Report,
        argv: Sequence[str] = WORKER,
        plugins: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._environ = environ
        self._plugins = {kind: dict(homes) for kind, homes in (plugins or {}).items()}
        self._report = report
        self._argv = argv
        self.children: set[Child] = set()
        """Those whose end was not reported yet."""

    def start(
        self,
        job: Job,
        *,
        stderr: Callable[[str], None],
        report: Report | None = None,
    ) -> Child:
        """Start one child; returns at once."""
        child = Child(
            replace(job, plugins=self._plugins),
            argv=self._argv,
            environ=self._environ,
            report=report or self._report,
            stderr=stderr,
        )
        self.children.add(child)
        child.task.add_done_callback(lambda _: self.children.discard(child))
        return child


def _in_words(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"it was killed by {name}"
