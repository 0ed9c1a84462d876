"""Copying: through the terminal as far as that carries, and beside it through the desktop."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Mapping

LIMIT = 74_000
"""What fits into one OSC 52 sequence of the terminals that have the least room for it."""
_SECONDS = 2.0
_DESKTOP = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)


def fits(text: str) -> bool:
    """Whether the terminal's clipboard takes ``text`` whole."""
    return len(base64.b64encode(text.encode())) <= LIMIT


def passes(environ: Mapping[str, str]) -> bool:
    """Whether anything between here and the terminal lets its clipboard through."""
    return not environ.get("STY") or bool(environ.get("TMUX"))


def desktop_command(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the command that fills this desktop's clipboard; none over SSH."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    for variable, command in _DESKTOP:
        if environ.get(variable) and shutil.which(command[0]):
            return command
    return ("pbcopy",) if shutil.which("pbcopy") else None


def copy_to_desktop(command: tuple[str, ...], text: str) -> bool:
    """Hand ``text`` to a desktop's clipboard; False where that failed."""
    try:
        subprocess.run(
            command,
            input=text.encode(),
            timeout=_SECONDS,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
