"""Finds and reads the files of a configuration directory."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from profexd.config.readers.documents import NAME_PATTERN
from profexd.config.text.problems import Document, problem
from profexd.config.text.syntax import syntax_problem
from profexd.wire import ProblemJson

SETTINGS = "profexd.toml"
FOLDERS = ("sources", "sinks", "pipelines")
MAX_SIZE = 4 * 2**20
_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is there and says nothing that can be used."""

    problems: tuple[ProblemJson, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One file of the tree: its name (the stem), its path, and how problems name it."""

    name: str
    path: Path
    label: str


def find(folder: Path, label: str) -> tuple[list[Found], list[ProblemJson]]:
    """Return the files of a folder that count, by name, and what is wrong with the others."""
    found: list[Found] = []
    problems: list[ProblemJson] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return [], []
    except OSError as why:
        return [], [problem(label, f"cannot be read: {why.strerror}", "check its owner and mode")]
    for entry in entries:
        if not counts(entry.name):
            continue
        path, place = Path(entry.path), f"{label}/{entry.name}"
        try:
            regular = entry.is_file()
        except OSError:
            regular = False
        if not regular:
            if entry.is_symlink():
                problems.append(
                    problem(
                        place,
                        "is a link that leads to no file",
                        "it is ignored",
                        severity="warning",
                    )
                )
            continue
        name_problem = check_name(path.stem)
        if name_problem:
            problems.append(problem(place, *name_problem))
        else:
            found.append(Found(path.stem, path, place))
    return found, problems


def counts(filename: str) -> bool:
    """Whether a file of this name is one to read, by its name alone."""
    return filename.endswith(".toml") and not filename.startswith((".", "#"))


def check_name(name: str) -> tuple[str, str] | None:
    """Return message and hint if ``name`` cannot name a source, sink or pipeline."""
    if _NAME.fullmatch(name):
        return None
    better = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:63]
    rename = f'; rename it to "{better}.toml"' if _NAME.fullmatch(better) else ""
    return (
        f'"{name}" cannot be a name',
        f"use a-z, 0-9, - and _, a letter or digit first, at most 63 characters{rename}",
    )


def read_document(path: Path, label: str) -> Document | Unreadable | None:
    """Return what a file says, or what is wrong with it, or None when it is gone."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if about.st_size > MAX_SIZE:
                return _unreadable(label, f"is larger than {MAX_SIZE // 2**20} MiB")
            raw = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    except OSError as why:
        return _unreadable(
            label, f"cannot be read: {why.strerror}", f"check the owner and mode of {path}"
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as why:
        before = raw[: why.start]
        return _unreadable(
            label,
            f"is not UTF-8: byte 0x{raw[why.start]:02X}",
            f"convert it, as with iconv -f LATIN1 -t UTF-8 {path.name}",
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode()) + 1,
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        return _unreadable(label, "is nested too deeply")
    except ValueError as why:
        return Unreadable((syntax_problem(label, text, str(why)),))
    return Document(label, data, text.replace("\r\n", "\n"), bool(about.st_mode & stat.S_IROTH))


def _unreadable(
    label: str, message: str, hint: str = "", *, line: int = 1, column: int = 1
) -> Unreadable:
    return Unreadable((problem(label, message, hint, line=line, column=column),))
