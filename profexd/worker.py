"""A child process that walks one run: job in on stdin, messages on stdout, dies with its parent."""

from __future__ import annotations

import ctypes
import dataclasses
import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import threading
from typing import IO, Any, TextIO

from profexd.export.job import Job
from profexd.export.messages import Finished, Logged, Message, Retrying, encode
from profexd.export.redact import Secrets
from profexd.export.stop import Stop

_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SECOND_SIGNAL = 143
_PARENT_GONE = 70


class PipeJournal:
    """Messages as lines on a pipe; durable ones wait for their answer on another."""

    def __init__(self, out: IO[str], secrets: Secrets) -> None:
        self._out = out
        self._secrets = secrets
        self._lock = threading.Lock()
        self._number = 0
        self._answered = threading.Condition()
        self._answers: dict[int, bool] = {}

    def tell(self, message: Message) -> None:
        self._send(message)

    def ask(self, message: Message) -> bool:
        number = self._send(message)
        with self._answered:
            self._answered.wait_for(lambda: number in self._answers)
            return self._answers.pop(number)

    def answer(self, line: str) -> None:
        """Take one line of answers."""
        answer = json.loads(line)
        with self._answered:
            self._answers[answer["ack"]] = answer["go"]
            self._answered.notify_all()

    def _send(self, message: Message) -> int:
        masked = self._masked(message)
        with self._lock:
            self._number += 1
            self._out.write(encode(masked, self._number) + "\n")
            self._out.flush()
            return self._number

    def _masked(self, message: Message) -> Message:
        match message:
            case Logged():
                return dataclasses.replace(message, message=self._secrets.mask(message.message))
            case Retrying() | Finished() if message.error is not None:
                error = {key: self._secrets.mask(value) for key, value in message.error.items()}
                return dataclasses.replace(message, error=error)
            case _:
                return message


class _MaskingStream:
    """Standard error without secrets: libraries and tracebacks write here."""

    def __init__(self, stream: TextIO, secrets: Secrets) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> int:
        return self._stream.write(self._secrets.mask(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> int:
    """Do the job on standard input; the exit code says only whether the process itself was well."""
    _die_with_parent()
    # Blocked here, before any other thread exists, so that only the waiting thread takes them:
    # the main thread may be inside the engine for minutes, where Python runs no handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    out = _private_stdout()
    faulthandler.enable()
    secrets = Secrets(os.environ)
    sys.stderr = _MaskingStream(sys.stderr, secrets)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    job = Job.from_json(json.loads(sys.stdin.readline()))
    journal = PipeJournal(out, secrets)
    stop = Stop()
    threading.Thread(target=_take_signals, args=(stop,), daemon=True).start()
    threading.Thread(target=_take_answers, args=(journal,), daemon=True).start()
    _perform(job, journal, secrets, stop)
    # Nothing of a finished run is worth waiting for: skip the interpreter's slow shutdown.
    sys.stderr.flush()
    os._exit(0)


def _perform(job: Job, journal: PipeJournal, secrets: Secrets, stop: Stop) -> None:
    """Load what the job needs, and do it."""
    # What is loaded stays: looking through it for garbage again and again takes a tenth of a start.
    gc.disable()
    from profexd.config.ondemand import catalog_on_demand

    catalog = catalog_on_demand(job.plugins)
    if job.action == "inspect":
        from profexd.export.judging.inspect import perform_inspection

        _collect_from_now_on()
        perform_inspection(job, catalog=catalog, journal=journal, stop=stop)
    elif job.action == "notify":
        from profexd.export.notify import perform_notice

        _collect_from_now_on()
        perform_notice(job, catalog=catalog, journal=journal, secrets=secrets, stop=stop)
    else:
        from profexd.export.run import perform

        _collect_from_now_on()
        perform(job, catalog=catalog, journal=journal, secrets=secrets, stop=stop)


def _collect_from_now_on() -> None:
    gc.freeze()
    gc.enable()


def _die_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_PARENT_GONE)


def _private_stdout() -> IO[str]:
    """Keep the pipe to the parent for messages alone; what a plugin prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1 << 16)
    os.dup2(2, 1)
    return out


def _take_signals(stop: Stop) -> None:
    signal.sigwait(_STOP_SIGNALS)
    stop.request()
    signal.sigwait(_STOP_SIGNALS)
    os._exit(_SECOND_SIGNAL)


def _take_answers(journal: PipeJournal) -> None:
    for line in sys.stdin:
        journal.answer(line)
    os._exit(_PARENT_GONE)


if __name__ == "__main__":
    sys.exit(main())
