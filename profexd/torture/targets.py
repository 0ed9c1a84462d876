"""Where files arrive, seen from outside: what a reader finds there, and what must not stay."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

Marks = Mapping[str, object]
"""What is there, by path; a mark is another one when the content may be."""


class Session(Protocol):
    """One look after the other; for one thread."""

    def visible(self) -> dict[str, object]:
        """Return every file that a reader would take, with its mark."""

    def read(self, path: str) -> bytes | None:
        """Return the content, or None where the file is gone."""

    def leftovers(self) -> list[str]:
        """Return what is there and no reader would take."""

    def remove(self, path: str) -> None:
        """Remove a file, as who received it may."""


class Target(Protocol):
    """A sink's place. Every thread opens a session of its own."""

    def session(self) -> AbstractContextManager[Session]:
        """Open a session."""

    def destroy(self) -> None:
        """Remove all that there is."""


class Folder:
    """The place of a file sink."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield self

    def visible(self) -> dict[str, object]:
        return {
            path: (entry.st_ino, entry.st_size, entry.st_mtime_ns)
            for path, entry in self._walk("")
            if not is_hidden(path)
        }

    def read(self, path: str) -> bytes | None:
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None

    def leftovers(self) -> list[str]:
        return [path for path, _ in self._walk("") if is_hidden(path)]

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def destroy(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def _walk(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        try:
            entries = list(os.scandir(self._root / folder))
        except FileNotFoundError:
            return
        for entry in entries:
            path = f"{folder}{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(f"{path}/")
                else:
                    yield path, entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue


def is_hidden(path: str) -> bool:
    """Whether readers leave a file alone by its name."""
    return path.rpartition("/")[2].startswith(".")
