"""Which file a name means: a pipeline, ``sources/NAME``, ``sinks/NAME`` or ``profexd.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from profexd.edit.errors import EditError

SETTINGS = "profexd.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Kind(StrEnum):
    """What a file describes."""

    PIPELINE = "pipeline"
    SOURCE = "source"
    SINK = "sink"
    SETTINGS = "profexd"

    @property
    def folder(self) -> str:
        """The folder of its files; empty for profexd.toml."""
        return "" if self is Kind.SETTINGS else f"{self}s"


_KINDS = {kind.folder: kind for kind in Kind if kind.folder}


@dataclass(frozen=True, slots=True)
class Target:
    """A file of a configuration directory, which may not be there yet."""

    config: Path
    kind: Kind
    name: str

    @property
    def label(self) -> str:
        """How problems name the file."""
        if self.kind is Kind.SETTINGS:
            return SETTINGS
        return f"{self.kind.folder}/{self.name}.toml"

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.config / self.label

    @property
    def word(self) -> str:
        """What a person calls it, and what ``edit`` takes."""
        if self.kind is Kind.SETTINGS:
            return SETTINGS
        return self.name if self.kind is Kind.PIPELINE else f"{self.kind.folder}/{self.name}"


def target_of(written: str, config: Path) -> Target:
    """Return what ``NAME``, ``sources/NAME``, ``sinks/NAME`` or ``profexd.toml`` means."""
    if written == SETTINGS:
        return Target(config, Kind.SETTINGS, "profexd")
    folder, slash, name = written.rpartition("/")
    kind = _KINDS.get(folder) if slash else Kind.PIPELINE
    if kind is None:
        raise EditError(
            f'"{written}" names no file of the configuration',
            code="usage",
            hint="a pipeline's name, sources/NAME, sinks/NAME, or profexd.toml",
        )
    return named(kind, name.removesuffix(".toml"), config)


def named(kind: Kind, name: str, config: Path) -> Target:
    """Return the file of a source, sink or pipeline of that name."""
    if not _NAME.fullmatch(name):
        raise EditError(
            f'"{name}" cannot be a name',
            code="usage",
            hint="use a-z, 0-9, - and _, a letter or digit first, at most 63 characters",
        )
    return Target(config, kind, name)


def names_of(kind: Kind, config: Path) -> list[str]:
    """Return the names that there are of a kind, as far as the caller may look."""
    try:
        files = sorted(file.name for file in (config / kind.folder).iterdir())
    except OSError:
        return []
    names = [file.removesuffix(".toml") for file in files if file.endswith(".toml")]
    return [name for name in names if _NAME.fullmatch(name)]
