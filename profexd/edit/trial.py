"""Tries a draft before it is saved: a copy of the tree with the draft in its place, for a child."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from profexd.edit.child import ask
from profexd.edit.errors import EditError
from profexd.edit.target import SETTINGS, Kind, Target
from profexd.wire import CheckJson, PreviewJson, ProblemJson

_ANY_SINK = 'sink = { type = "file", root = "/" }\n'
_ANY_SOURCE = 'source = { type = "duckdb", query = "SELECT \'a\' AS name" }\n'
_ANY_FILE = 'path = "example.json"\n[format]\ntype = "json"\nlayout = "lines"\n'
_TRIAL = "profexd-trial"
PREVIEW_ROWS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a draft, and what its saving would break in other files."""

    problems: tuple[ProblemJson, ...]
    elsewhere: tuple[ProblemJson, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it may be saved without a question."""
        return not any(one["severity"] == "error" for one in (*self.problems, *self.elsewhere))


@dataclass(frozen=True, slots=True)
class Glance:
    """What a draft would export, or why that cannot be said."""

    preview: PreviewJson | None
    why_not: str = ""


def check(target: Target, text: str, *, state: str | None = None) -> Verdict:
    """Check a draft in its place, against all other files as they are."""
    with _tree(target, text, whole=target.kind is not Kind.PIPELINE) as tree:
        file = [tree / target.label] if target.kind is Kind.PIPELINE else []
        problems = _problems(tree, file, state)
    own = tuple(one for one in problems if one["file"] == target.label)
    others = _errors(problems, target)
    if others and target.file.exists():
        before = {_what(one) for one in _errors(_problems(target.config, [], state), target)}
        others = [one for one in others if _what(one) not in before]
    return Verdict(own, tuple(others))


def preview(target: Target, text: str, *, rows: int = PREVIEW_ROWS) -> Glance:
    """Return the path, the header and the first rows that a draft would give."""
    match target.kind:
        case Kind.PIPELINE:
            return _preview(target, text, target.label, rows)
        case Kind.SOURCE:
            return columns(target, text, rows=rows)
        case Kind.SINK:
            pipeline = f'sink = "{target.name}"\n{_ANY_SOURCE}{_ANY_FILE}'
            return _trial(target, text, pipeline, rows)
        case Kind.SETTINGS:
            return Glance(None, "")


def columns(target: Target, text: str, *, more: str = "", rows: int = 0) -> Glance:
    """Return the columns of a draft of a source; ``more`` is TOML for the end of a pipeline."""
    pipeline = f'source = "{target.name}"\n{_ANY_SINK}{_ANY_FILE}{more}'
    return _trial(target, text, pipeline, rows)


def _trial(target: Target, text: str, pipeline: str, rows: int) -> Glance:
    return _preview(target, text, f"pipelines/{_TRIAL}.toml", rows, pipeline)


def _preview(
    target: Target, text: str, label: str, rows: int, pipeline: str | None = None
) -> Glance:
    with _tree(target, text, whole=False) as tree:
        if pipeline is not None:
            (tree / label).write_text(pipeline, encoding="utf-8")
        answer = ask("preview", tree / label, "--limit", str(rows), "--json", "--config", tree)
        if isinstance(answer.value, dict):
            return Glance(cast(PreviewJson, answer.value))
        lines = [line.replace(f"{tree}/", "") for line in answer.words.splitlines()]
        if lines and lines[0].startswith("Traceback"):
            return Glance(None, f"profexd preview failed: {lines[-1]}")
        told = [line for line in lines if "is not valid (config_invalid)" not in line]
        return Glance(None, "\n".join(told))


def _problems(tree: Path, file: list[Path], state: str | None) -> list[ProblemJson]:
    where = ["--state", state] if state else []
    answer = ask("check", *file, "--json", "--config", tree, *where)
    if not isinstance(answer.value, dict):
        raise EditError("the draft cannot be checked", code="edit_failed", hint=answer.words)
    return cast(CheckJson, answer.value)["problems"]


def _errors(problems: list[ProblemJson], target: Target) -> list[ProblemJson]:
    return [one for one in problems if one["file"] != target.label and one["severity"] == "error"]


def _what(one: ProblemJson) -> tuple[str, str, str]:
    return one["file"], one["key"], one["message"]


@contextmanager
def _tree(target: Target, text: str, *, whole: bool) -> Iterator[Path]:
    """Make a configuration of links with the draft in it; without the other pipelines if not
    ``whole``. What the caller may not read is as unreadable here.
    """
    with tempfile.TemporaryDirectory(prefix="profexd-draft-") as made:
        tree = Path(made)
        for kind in (Kind.SOURCE, Kind.SINK, Kind.PIPELINE):
            folder = tree / kind.folder
            folder.mkdir()
            if kind is not Kind.PIPELINE or whole:
                with suppress(OSError):
                    for file in os.scandir(target.config / kind.folder):
                        (folder / file.name).symlink_to(Path(file.path).absolute())
        if (target.config / SETTINGS).exists():
            (tree / SETTINGS).symlink_to((target.config / SETTINGS).absolute())
        draft = tree / target.label
        draft.unlink(missing_ok=True)
        draft.write_text(text, encoding="utf-8")
        # A secret in a file that everybody may read is an error, here as there.
        draft.chmod(mode_of(target))
        yield tree


def mode_of(target: Target) -> int:
    """Return the mode that the file has, or would have once it is written."""
    try:
        return target.file.stat().st_mode & 0o777
    except OSError:
        return 0o640 if target.kind in (Kind.SINK, Kind.SETTINGS) else 0o644
