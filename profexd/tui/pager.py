"""Opens a text in the reader's own pager, with the interface out of the way meanwhile."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

from textual.app import App, SuspendNotSupported

_DEFAULT = "less"


def pager_command(environ: Mapping[str, str]) -> list[str]:
    """Return the command that ``PAGER`` names, else less."""
    return shlex.split(environ.get("PAGER", "")) or [_DEFAULT]


def page(app: App[Any], text: str) -> str | None:
    """Show ``text`` until the reader leaves the pager; return why that was not possible."""
    command = pager_command(os.environ)
    try:
        with app.suspend():
            # Through its standard input: a log may name customers' data and need no file.
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                try:
                    process.communicate(text.encode())
                except KeyboardInterrupt:
                    process.wait()
            return None if process.returncode == 0 else f"{command[0]} ended with an error"
    except SuspendNotSupported:
        return "this terminal cannot be handed over to a pager"
    except OSError as error:
        return f"{command[0]}: {error.strerror}; PAGER names another"
