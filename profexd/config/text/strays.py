"""Finds files that were meant for profexd and lie where it does not look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from profexd.config.text.files import FOLDERS, SETTINGS, counts
from profexd.config.text.problems import meant, nearest, problem
from profexd.wire import ProblemJson


def strays(directory: Path) -> Iterator[ProblemJson]:
    """Yield a warning for each file or folder of files that nobody reads."""
    for entry in _entries(directory):
        if entry.is_dir():
            if entry.name in FOLDERS:
                yield from _folders_within(Path(entry.path), entry.name)
            elif _holds_files(entry):
                near = meant(entry.name, FOLDERS).replace('"?', '/"?')
                yield problem(
                    f"{entry.name}/",
                    f"the .toml files in it are not read{near}",
                    f"files are read from {', '.join(f'{name}/' for name in FOLDERS)}",
                    severity="warning",
                )
        elif counts(entry.name) and entry.name != SETTINGS:
            yield problem(
                entry.name,
                f"is not read{_meant_as_settings(entry.name)}",
                "pipelines go into pipelines/, sources into sources/, sinks into sinks/",
                severity="warning",
            )


def _folders_within(folder: Path, name: str) -> Iterator[ProblemJson]:
    for entry in _entries(folder):
        if entry.is_dir() and _holds_files(entry):
            yield problem(
                f"{name}/{entry.name}/",
                "the .toml files in it are not read",
                f"move them into {name}/ itself",
                severity="warning",
            )


def _meant_as_settings(filename: str) -> str:
    # By the stems: the ending is the same, and would make every short name look alike.
    near = nearest(Path(filename).stem, [Path(SETTINGS).stem])
    return f'; did you mean "{SETTINGS}"?' if near else ""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; one that cannot be read is told of where its files are."""
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []


def _holds_files(folder: os.DirEntry[str]) -> bool:
    if folder.name.startswith("."):
        return False
    return any(counts(entry.name) for entry in _entries(Path(folder.path)))
