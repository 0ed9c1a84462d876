"""The command notifier: a program without a shell, which reads the notice on its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar

from profexd.api import Doc, Notice, Notifier, NotifierOptions, Retryable, hookimpl

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE")
"""What a command gets of our environment, and ``LC_*``: the rest may hold secrets."""


@dataclass(frozen=True, kw_only=True)
class CommandOptions(NotifierOptions):
    command: Annotated[
        tuple[str, ...],
        Doc("A program with its arguments, without a shell; it is told on its stdin."),
    ]

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if not self.command or not self.command[0].strip():
            yield "command", "must not be empty"


class Command(Notifier):
    """Exit code 0 means told."""

    name = "command"
    Options: ClassVar[type[NotifierOptions]] = CommandOptions

    def tell(self, notice: Notice) -> None:
        command = self.options.command
        environ = {
            name: value
            for name, value in os.environ.items()
            if name in _INHERITED or name.startswith("LC_")
        }
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environ,
                start_new_session=True,
            )
        except OSError as why:
            raise Retryable(f"{command[0]}: {why.strerror}", code="notice_refused") from why
        try:
            process.communicate(notice.body(), timeout=self.context.timeout)
        except subprocess.TimeoutExpired:
            raise Retryable(f"{command[0]} did not end in time", code="notice_refused") from None
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode:
            raise Retryable(f"{command[0]} ended with {process.returncode}", code="notice_refused")


@hookimpl
def profexd_register_notifiers(register) -> None:  # type: ignore[no-untyped-def]
    register(Command)
