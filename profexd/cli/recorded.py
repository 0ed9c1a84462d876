"""Looks into the run state, without a lock and without a change: did a time pass unseen?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote


def passed_unseen(state: Path, name: str, at: datetime) -> bool:
    """Whether pipeline ``name`` was not known yet at a past time, so that it is not caught up.

    False where it has run, and where the caller may not look.
    """
    file = state / "profexd.db"
    try:
        if not file.exists():
            return True
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as database:
            found = database.execute(
                "SELECT cursor, once_done FROM pipelines WHERE name = ?", [name]
            ).fetchone()
    except (OSError, sqlite3.Error):
        return False
    if found is None:
        return True
    cursor, done = found
    return not done and datetime.fromisoformat(cursor) >= at
