"""Calls the command profexd as a child with the caller's rights: clients load no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from profexd.edit.errors import EditError

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child printed: one JSON document, or words that say why not."""

    value: Any
    words: str


def ask(verb: str, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Answer:
    """Run ``profexd VERB …`` and return what it printed."""
    done = _run([verb, *map(str, arguments)], os.environ if environ is None else environ)
    try:
        value = json.loads(done.stdout) if done.stdout.strip() else None
    except ValueError:
        value = None
    return Answer(value, done.stderr.strip())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of all files, with the options of the installed plugins."""
    answer = ask("schema")
    if not isinstance(answer.value, dict):
        raise EditError("profexd schema failed", code="edit_failed", hint=answer.words)
    return answer.value


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "profexd", *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**environ, "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EditError(
            f"profexd {arguments[0]} gave no answer within {_SECONDS} s",
            code="timeout",
            hint="is the source locked by another process, or the query very slow?",
        ) from None
