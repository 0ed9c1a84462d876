"""Problems and where they stand: documents with positions, and the collector of all problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

from profexd.config.text.positions import positions
from profexd.wire import ProblemJson

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]
UNKNOWN_KEY = "unknown key"
IS_MISSING = "is missing"


@dataclass(frozen=True)
class Document:
    """One TOML file that could be read; ``label`` is how problems name it."""

    label: str
    data: Mapping[str, Any] = field(repr=False)
    text: str = field(default="", repr=False)
    world_readable: bool = False

    @cached_property
    def _positions(self) -> Mapping[Path, tuple[int, int]]:
        try:
            return positions(self.text)
        except (ValueError, IndexError, RecursionError):
            return {}

    def has(self, path: Path) -> bool:
        """Whether there is a value at ``path``."""
        value: Any = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def place(self, path: Path) -> tuple[int, int]:
        """Return line and column of ``path``, or of the closest table around it, or 1, 1."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._positions:
                return self._positions[path[:length]]
        return 1, 1

    def problem(self, path: Path, message: str, hint: str, severity: Severity) -> ProblemJson:
        """Return a problem at ``path``."""
        line, column = self.place(path)
        return problem(
            self.label,
            message,
            hint,
            line=line,
            column=column,
            key=dotted(path),
            severity=severity,
        )


class Mistake(ValueError):
    """A value that cannot be used: what is wrong with it, and what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Problems:
    """Collects problems, each once."""

    def __init__(self, problems: Iterable[ProblemJson] = ()) -> None:
        self._all: dict[tuple[object, ...], ProblemJson] = {}
        for problem in problems:
            self._all.setdefault(tuple(problem.values()), problem)

    def add(
        self,
        document: Document,
        path: Path,
        message: str,
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        """Report a problem of ``document`` at ``path``."""
        self.report(document.problem(path, message, hint, severity))

    def report(self, *problems: ProblemJson) -> None:
        """Take problems as they are."""
        for one in problems:
            self._all.setdefault(tuple(one.values()), one)

    def about(self, file: str, key: str) -> bool:
        """Whether there is a problem of this key."""
        return any(one["file"] == file and one["key"] == key for one in self._all.values())

    def misspelt(self, file: str, key: str) -> bool:
        """Whether an unknown key of the same table was likely meant to be this one."""
        table, _, name = key.rpartition(".")
        for one in self._all.values():
            where, _, written = one["key"].rpartition(".")
            unknown = one["message"].startswith(UNKNOWN_KEY)
            if unknown and (one["file"], where) == (file, table) and nearest(written, [name]):
                return True
        return False

    @property
    def errors(self) -> int:
        """How many are errors."""
        return sum(one["severity"] == "error" for one in self._all.values())

    def sorted(self) -> tuple[ProblemJson, ...]:
        """Return all, profexd.toml's first, then by file and place."""
        return tuple(
            sorted(
                self._all.values(),
                key=lambda one: ("/" in one["file"], one["file"], one["line"], one["column"]),
            )
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Values of a file, maybe over defaults from another: knows where each value was written.

    ``prefix`` leads from the root of ``own`` to the values at hand.
    """

    problems: Problems
    own: Document
    defaults: Document | None = None
    """profexd.toml, whose ``[defaults]`` were merged in."""
    prefix: Path = ()

    def within(self, *path: str | int) -> Scope:
        """Return the scope of a table inside."""
        return Scope(self.problems, self.own, self.defaults, (*self.prefix, *path))

    def document(self, path: Path = ()) -> tuple[Document, Path]:
        """Return the document that holds the value at ``path``, and its path there."""
        whole = (*self.prefix, *path)
        if self.defaults is not None and not self.own.has(whole):
            in_defaults = ("defaults", *whole)
            if self.defaults.has(in_defaults):
                return self.defaults, in_defaults
        return self.own, whole

    def written(self, key: str) -> Any:
        """Return what the file or the defaults say of a key, or None."""
        document, path = self.document((key,))
        value: Any = document.data
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def has(self, path: Path) -> bool:
        """Whether the file or the defaults say something at ``path``."""
        document, place = self.document(path)
        return document.has(place)

    def of_defaults(self, key: str) -> bool:
        """Whether a key is said by the defaults alone."""
        return self.defaults is not None and self.document((key,))[0] is self.defaults

    def missing(self, path: Path, hint: str, *, instead: tuple[str, ...] = ()) -> None:
        """Report that a key is missing, unless one that was misspelt is likely it.

        ``instead`` are keys that would do as well.
        """
        parent = self.within(*path[:-1])
        if not parent.misspelt(str(path[-1]), *instead):
            self.add(path, IS_MISSING, hint)

    def misspelt(self, *keys: str) -> bool:
        """Whether an unknown key that was reported is likely one of these."""
        places = (self.document((key,)) for key in keys)
        return any(
            self.problems.misspelt(document.label, dotted(path)) for document, path in places
        )

    def reported(self, *keys: str) -> bool:
        """Whether one of these keys has a problem already: its absence needs no other."""
        places = (self.document((key,)) for key in keys)
        return any(self.problems.about(document.label, dotted(path)) for document, path in places)

    def add(self, path: Path, message: str, hint: str = "", severity: Severity = "error") -> None:
        """Report a problem at ``path``, in the file that holds it."""
        document, place = self.document(path)
        self.problems.add(document, place, message, hint, severity)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a pipeline and its source are written, for what is found out about them later."""

    pipeline: Scope
    source: Scope
    """That of the source's own file, or of the table within the pipeline's."""
    sinks: Mapping[str, Scope] = field(default_factory=dict)
    """Those of the sinks that have files of their own."""

    def problem(
        self,
        of: Literal["pipeline", "source"],
        path: Path,
        message: str,
        hint: str,
        severity: Severity,
    ) -> ProblemJson:
        """Return what was found at ``path`` of the pipeline or of its source as a problem."""
        scope = self.pipeline if of == "pipeline" else self.source
        document, place = scope.document(path)
        return document.problem(place, message, hint, severity)


def problem(
    file: str,
    message: str,
    hint: str = "",
    *,
    line: int = 1,
    column: int = 1,
    key: str = "",
    severity: Severity = "error",
) -> ProblemJson:
    """Return a problem as the wire has it."""
    return {
        "file": file,
        "line": line,
        "column": column,
        "key": key,
        "message": message,
        "hint": hint,
        "severity": severity,
    }


def dotted(path: Path) -> str:
    """Return a path as people write it: ``sinks[0].root``; an item of a list goes by its list."""
    text = ""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` was meant to be, or None."""
    folded = {one.casefold().replace("-", "_"): one for one in known}
    near = get_close_matches(word.casefold().replace("-", "_"), folded, 1, 0.6)
    return folded[near[0]] if near else None


def meant(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "…"?`` or nothing."""
    near = nearest(word, known)
    return f'; did you mean "{near}"?' if near else ""


def listed(words: Sequence[str] | Iterable[str], *, joint: str = "or") -> str:
    """Return ``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"
