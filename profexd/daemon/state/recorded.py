"""Looks into the run state, without a lock and without a change, whoever holds it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from profexd.config.past import Past, Remembered

_NAMES = """
SELECT name, cursor, once_done, content,
    EXISTS (SELECT 1 FROM runs WHERE pipeline = name AND status = 'done') AS ran,
    (SELECT started_at || '/' || finished_at FROM runs WHERE run_id =
        (SELECT max(run_id) FROM runs WHERE pipeline = name AND status = 'done'
            AND hold IS NULL)) AS worked
FROM pipelines
"""


def past(state: Path, now: datetime) -> Past | None:
    """Return what the run state holds of every name; None where one may not look."""
    try:
        if not _store(state).exists():
            return Past(now)
        rows = _rows(state, _NAMES)
    except (OSError, sqlite3.Error):
        return None
    return Past(
        now,
        {
            row["name"]: Remembered(
                cursor=datetime.fromisoformat(row["cursor"]),
                once_done=bool(row["once_done"]),
                content=row["content"],
                ran=bool(row["ran"]),
                took=_took(row["worked"]),
            )
            for row in rows
        },
    )


def delivered_state(state: Path, name: str) -> dict[str, Any]:
    """Return what the last delivered run of a pipeline left; nothing where one may not look."""
    try:
        found = _rows(state, "SELECT state FROM states WHERE name = ?", name)
    except (OSError, sqlite3.Error):
        return {}
    left: dict[str, Any] = json.loads(found[0]["state"]) if found else {}
    return left


def export_id(state: Path, name: str) -> str | None:
    """Return the stable id of a pipeline; None where there is none, or one may not look."""
    try:
        found = _rows(state, "SELECT export_id FROM pipelines WHERE name = ?", name)
    except (OSError, sqlite3.Error):
        return None
    return str(found[0]["export_id"]) if found else None


def _store(state: Path) -> Path:
    return state / "profexd.db"


def _rows(state: Path, statement: str, *values: str) -> list[sqlite3.Row]:
    uri = f"file:{quote(str(_store(state)))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, values).fetchall()


def _took(worked: str | None) -> timedelta | None:
    if worked is None:
        return None
    started, finished = worked.split("/")
    return datetime.fromisoformat(finished) - datetime.fromisoformat(started)
