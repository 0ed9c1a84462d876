"""The tables of the store, and the steps from one version of them to the next."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

_STEPS = (
    """
    CREATE TABLE pipelines (
        name      TEXT PRIMARY KEY,
        export_id INTEGER NOT NULL UNIQUE,
        cursor    TEXT NOT NULL,
        timing    TEXT NOT NULL DEFAULT '',
        active    INTEGER NOT NULL DEFAULT 0,
        once_done INTEGER NOT NULL DEFAULT 0,
        seen_at   TEXT
    ) STRICT;
    CREATE TABLE pauses (
        name   TEXT PRIMARY KEY,
        by     TEXT NOT NULL,
        at     TEXT NOT NULL,
        reason TEXT NOT NULL,
        until  TEXT
    ) STRICT;
    CREATE TABLE runs (
        run_id       INTEGER PRIMARY KEY,
        pipeline     TEXT NOT NULL,
        "trigger"    TEXT NOT NULL,
        instant      TEXT NOT NULL,
        status       TEXT NOT NULL,
        by           TEXT NOT NULL DEFAULT '',
        attempt      INTEGER NOT NULL DEFAULT 1,
        retry_at     TEXT,
        scheduled_at TEXT,
        started_at   TEXT,
        finished_at  TEXT,
        phase        TEXT,
        rows         INTEGER NOT NULL DEFAULT 0,
        bytes        INTEGER NOT NULL DEFAULT 0,
        warnings     TEXT NOT NULL DEFAULT '[]',
        error        TEXT,
        publishing   INTEGER NOT NULL DEFAULT 0,
        owed         INTEGER NOT NULL DEFAULT 0,
        spooled      INTEGER NOT NULL DEFAULT 0,
        documents    TEXT
    ) STRICT;
    CREATE INDEX runs_of_pipeline ON runs (pipeline, run_id);
    CREATE INDEX runs_spooled ON runs (finished_at) WHERE spooled = 1;
    CREATE INDEX runs_owed ON runs (run_id) WHERE owed = 1;
    CREATE INDEX runs_unfinished ON runs (status) WHERE finished_at IS NULL;
    CREATE TABLE files (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        place  INTEGER NOT NULL,
        sink   TEXT NOT NULL,
        path   TEXT NOT NULL,
        uri    TEXT NOT NULL,
        rows   INTEGER NOT NULL,
        bytes  INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        status TEXT,
        PRIMARY KEY (run_id, sink, path)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE handles (
        run_id    INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        sink      TEXT NOT NULL,
        target    TEXT NOT NULL,
        staged    TEXT NOT NULL,
        published INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run_id, sink, target)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN state TEXT;
    CREATE TABLE states (
        name  TEXT PRIMARY KEY,
        state TEXT NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE pipelines ADD COLUMN content TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE files ADD COLUMN kind TEXT NOT NULL DEFAULT 'data';
    ALTER TABLE runs ADD COLUMN parts TEXT;
    ALTER TABLE runs ADD COLUMN origin INTEGER;
    ALTER TABLE runs ADD COLUMN sinks TEXT NOT NULL DEFAULT '[]';
    """,
    """
    ALTER TABLE runs ADD COLUMN checks TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE runs ADD COLUMN hold TEXT;
    """,
    """
    CREATE TABLE notices (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        event  TEXT NOT NULL,
        told   INTEGER NOT NULL,
        PRIMARY KEY (run_id, event)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX notices_owed ON notices (run_id) WHERE told = 0;
    CREATE TABLE late (
        pipeline   TEXT NOT NULL,
        occurrence TEXT NOT NULL,
        after      REAL NOT NULL,
        told       INTEGER NOT NULL,
        PRIMARY KEY (pipeline, occurrence, after)
    ) STRICT, WITHOUT ROWID;
    """,
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables to this version; RuntimeError when a newer profexd made them.

    Older ones stay beside the file ``path`` as they were, for whoever goes back.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_STEPS):
        before = path.with_name(f"{path.name}.{len(_STEPS)}")
        raise RuntimeError(
            f"the store has version {version}, and this profexd knows {len(_STEPS)} and older"
            + (f"; {before} is from before the upgrade" if before.exists() else "")
        )
    if 0 < version < len(_STEPS):
        kept = path.with_name(f"{path.name}.{version}")
        kept.unlink(missing_ok=True)
        # SQLite would make it with the modes of the umask.
        os.close(os.open(kept, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        connection.execute("VACUUM INTO ?", (str(kept),))
    for number, step in enumerate(_STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
