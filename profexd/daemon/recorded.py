"""Looks into the run state, without a lock and without a change, whoever holds it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

STORE = "profexd.db"


def passed_unseen(state: Path, name: str, at: datetime) -> bool:
    """Whether pipeline ``name`` was not known yet at a past time, so that it is not caught up.

    False where it has run, and where the caller may not look.
    """
    if not (state / STORE).exists():
        return True
    try:
        found = _row(state, "SELECT cursor, once_done FROM pipelines WHERE name = ?", name)
    except (OSError, sqlite3.Error):
        return False
    if found is None:
        return True
    cursor, done = found
    return not done and datetime.fromisoformat(cursor) >= at


def delivered_state(state: Path, name: str) -> dict[str, Any]:
    """Return what the last delivered run of a pipeline left; nothing where one may not look."""
    try:
        found = _row(state, "SELECT state FROM states WHERE name = ?", name)
    except (OSError, sqlite3.Error):
        return {}
    left: dict[str, Any] = json.loads(found[0]) if found else {}
    return left


def _row(state: Path, statement: str, name: str) -> Any:
    uri = f"file:{quote(str(state / STORE))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        return database.execute(statement, [name]).fetchone()
