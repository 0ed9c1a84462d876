"""Opens a file in the caller's editor: ``$VISUAL``, else ``$EDITOR``, else what the system has."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from profexd.edit.errors import EditError

_USUAL = ("sensible-editor", "editor", "nano", "vi")


def editor_of(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the caller's editor, without the file."""
    for name in ("VISUAL", "EDITOR"):
        written = environ.get(name, "").strip()
        if written:
            try:
                return shlex.split(written)
            except ValueError as why:
                raise EditError(f"${name}: {why}", code="editor_failed") from None
    for usual in _USUAL:
        if shutil.which(usual, path=environ.get("PATH")):
            return [usual]
    raise EditError("there is no editor", code="editor_failed", hint="set EDITOR, as EDITOR=vi")


def open_editor(file: Path, environ: Mapping[str, str], *, line: int = 0) -> None:
    """Let the caller edit ``file``; returns when the editor has ended."""
    command = [*editor_of(environ), str(file)]
    if line > 1 and Path(command[0]).name in ("vi", "vim", "nvim", "nano", "emacs"):
        command.insert(-1, f"+{line}")
    # Ctrl-C belongs to the editor, which lives in the same terminal. A handler, since an ignored
    # signal would be ignored by the editor too.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        out = None if sys.stdout is None or sys.stdout.isatty() else sys.stderr
        done = subprocess.run(command, stdout=out, check=False, env=dict(environ))
    except OSError as why:
        raise EditError(
            f"{command[0]}: {why.strerror}", code="editor_failed", hint="set EDITOR, as EDITOR=vi"
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if done.returncode != 0:
        raise EditError(
            f"{command[0]} ended with exit code {done.returncode}; nothing was saved",
            code="editor_failed",
        )
