"""What a run adds to the names of its files, and the longest name that a path becomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath

from profexd.config.template import clean

REMOVED = "-removed"
"""Ends the name of a file of removed profiles."""


def suffix(instant: datetime, instance_id: str) -> str:
    """Return what ``on_existing = "suffix"`` adds to the names of a run."""
    return f"-{int(instant.timestamp())}-{clean(instance_id)}"


def insert_before_extension(path: str, text: str, endings: Iterable[str]) -> str:
    """Put ``text`` before the extension of ``path``: ``a/b.csv.gz`` gives ``a/b-text.csv.gz``.

    ``endings`` are the extensions of the codecs.
    """
    folder, slash, name = path.rpartition("/")
    outer = next((ending for ending in endings if ending and name.endswith(ending)), "")
    stem = name.removesuffix(outer)
    inner = PurePosixPath(stem).suffix
    return f"{folder}{slash}{stem.removesuffix(inner)}{text}{inner}{outer}"
