"""Where commands write: data to stdout, words to stderr, colour only for eyes that want it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

STDOUT = "stdout"
_COLOURS = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The terminal, or the files, that a command writes to. ``width`` is None for a file."""

    out: TextIO
    err: TextIO
    colour: bool
    width: int | None
    err_is_terminal: bool

    @classmethod
    def of_process(cls) -> Console:
        """Return the console of this process."""
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed by the caller: ``profexctl >&-``
                setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  (for good)
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a terminal may not know every character
                reconfigure(errors="replace")
        terminal = sys.stdout.isatty()
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            colour=terminal and wants_colour(os.environ),
            width=_terminal_width() if terminal else None,
            err_is_terminal=sys.stderr.isatty(),
        )

    @property
    def _unicode(self) -> bool:
        """Whether JSON may hold every character as itself; no replacement may hide in data."""
        return (self.out.encoding or "").lower().replace("-", "") == "utf8"

    def print(self, text: str = "") -> None:
        """Write a line of data."""
        with _naming_stdout():
            self.out.write(f"{text}\n")

    def json(self, value: Any) -> None:
        """Write one JSON document."""
        self.print(json.dumps(value, ensure_ascii=not self._unicode, indent=2))

    def json_line(self, value: Any) -> None:
        """Write one line of a stream of JSON, at once."""
        self.print(json.dumps(value, ensure_ascii=not self._unicode, separators=(",", ":")))
        self.flush()

    def flush(self) -> None:
        """Let readers have what was written so far."""
        with _naming_stdout():
            self.out.flush()

    def say(self, text: str) -> None:
        """Write a line of words."""
        self.flush()
        self.err.write(f"{text}\n")
        self.err.flush()

    def error(self, message: str, code: str, hint: str) -> None:
        """Say what failed, and what to do."""
        self.say(f"error: {plain(message)} ({code})")
        if hint:
            self.say(f"hint: {plain(hint)}")

    def problems(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """Say what is wrong with files, one line each, as editors and grep read it."""
        for problem in problems:
            warning = "warning: " if problem["severity"] == "warning" else ""
            key = f"{problem['key']}: " if problem["key"] else ""
            place = f"{problem['file']}:{problem['line']}:{problem['column']}"
            hint = f"; {problem['hint']}" if problem["hint"] else ""
            self.say(plain(f"{place}: {warning}{key}{problem['message']}{hint}"))

    def paint(self, text: str, colour: str) -> str:
        """Return ``text`` in a colour, or as it is where there is none."""
        if not self.colour or not colour:
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


@contextmanager
def _naming_stdout() -> Iterator[None]:
    """Name the file in the error of a write: the system's own error does not."""
    try:
        yield
    except OSError as why:
        raise OSError(why.errno, why.strerror, STDOUT) from why


def wants_colour(environ: Mapping[str, str]) -> bool:
    """Return whether a terminal of this environment is to be written to in colour."""
    return not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def plain(text: str) -> str:
    """Return ``text`` without what could move a cursor or recolour a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def one_line(text: str) -> str:
    """Return ``text`` on one line, safe for a terminal."""
    return plain(" ".join(text.split())) if not text.isprintable() else text


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
