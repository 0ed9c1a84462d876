"""The run state: one SQLite database in the state directory, written by the core alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from profexd.daemon.state.database import instant_of, text_of
from profexd.daemon.state.records import FileRecord, Hold, Memory, Pause, Run
from profexd.daemon.state.told import ToldTables
from profexd.export.job import Handle
from profexd.wire import RunStatus, TrendJson, Trigger


class Store(ToldTables):
    """Open it once per process, under the state directory's lock.

    Every method that writes has committed, and the disk has it, when it returns.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kept = path.parent / "kept"

    def keep(self, name: str) -> Path:
        """Return the folder for the files that a pipeline's state names."""
        return self._kept / name

    def keepers(self) -> list[str]:
        """Return the names of the pipelines that have such a folder."""
        if not self._kept.is_dir():
            return []
        return sorted(folder.name for folder in self._kept.iterdir())

    # Runs

    def create_run(self, run: Run) -> Run:
        """Write a new run; its id is raised until it is greater than every other run's.

        Its instant rises with it: names made of the one are as unique as the other.
        """
        with self.transaction():
            run_id = self._free("runs", "run_id", int(run.run_id))
            second = datetime.fromtimestamp(run_id, UTC)
            created = replace(run, run_id=str(run_id), instant=max(run.instant, second))
            self.save_run(created)
        return created

    def save_run(self, run: Run) -> None:
        """Write a run, without its files and handles."""
        values: dict[str, Any] = {
            "run_id": int(run.run_id),
            "pipeline": run.pipeline,
            "trigger": str(run.trigger),
            "instant": text_of(run.instant),
            "status": str(run.status),
            "by": run.by,
            "attempt": run.attempt,
            "retry_at": run.retry_at,
            "scheduled_at": text_of(run.scheduled_at),
            "started_at": text_of(run.started_at),
            "finished_at": text_of(run.finished_at),
            "phase": run.phase,
            "rows": run.rows,
            "bytes": run.bytes,
            "warnings": json.dumps(run.warnings, ensure_ascii=False),
            "error": None if run.error is None else json.dumps(run.error, ensure_ascii=False),
            "publishing": int(run.publishing),
            "owed": int(run.owed),
            "checks": json.dumps(run.checks, ensure_ascii=False),
            "hold": None if run.hold is None else json.dumps(run.hold.as_json()),
            "spooled": int(run.spooled),
            "origin": None if run.origin is None else int(run.origin),
            "sinks": json.dumps(run.sinks),
            "documents": None if run.documents is None else json.dumps(run.documents),
            "state": None if run.state is None else json.dumps(run.state),
        }
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in values if name != "run_id")
        self._db.execute(
            f"INSERT INTO runs ({names}) VALUES ({marks}) "  # noqa: S608 - fixed names
            f"ON CONFLICT (run_id) DO UPDATE SET {changes}",
            values,
        )

    def save_files(self, run: Run) -> None:
        """Write the files of a run."""
        with self.transaction():
            self._db.execute("DELETE FROM files WHERE run_id = ?", (int(run.run_id),))
            self._db.executemany(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        int(run.run_id),
                        place,
                        file.sink,
                        file.path,
                        file.uri,
                        file.rows,
                        file.bytes,
                        file.sha256,
                        file.status,
                        str(file.kind),
                    )
                    for place, file in enumerate(run.files)
                ],
            )

    def save_parts(self, run_id: str, parts: list[dict[str, Any]] | None) -> None:
        """Remember what a run built (``Built.files``), as long as its folder may stand."""
        value = None if parts is None else json.dumps(parts)
        self._db.execute("UPDATE runs SET parts = ? WHERE run_id = ?", (value, int(run_id)))

    def parts(self, run_id: str) -> list[dict[str, Any]]:
        """Return what a run built, if its folder may still stand."""
        row = self._db.execute("SELECT parts FROM runs WHERE run_id = ?", (int(run_id),)).fetchone()
        parts: list[dict[str, Any]] = json.loads(row["parts"]) if row and row["parts"] else []
        return parts

    def mark_file(self, run_id: str, sink: str, path: str, status: str) -> None:
        """Write what became of one file: a run may have thousands."""
        self._db.execute(
            "UPDATE files SET status = ? WHERE run_id = ? AND sink = ? AND path = ?",
            (status, int(run_id), sink, path),
        )

    def run(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        if not run_id.isascii() or not run_id.isdigit() or len(run_id) > 18:
            return None
        return next(iter(self._runs("WHERE run_id = ?", int(run_id))), None)

    def runs(
        self, *, pipeline: str | None = None, status: str | None = None, limit: int = 50
    ) -> list[Run]:
        """Return runs, newest first."""
        return self._runs(
            "WHERE (?1 IS NULL OR pipeline = ?1) AND (?2 IS NULL OR status = ?2) "
            "ORDER BY run_id DESC LIMIT ?3",
            pipeline,
            status,
            limit,
        )

    def run_ids(self) -> frozenset[str]:
        """Return the ids of all runs."""
        return frozenset(str(run_id) for (run_id,) in self._db.execute("SELECT run_id FROM runs"))

    def unfinished(self) -> list[Run]:
        """Return the runs that are pending or running, oldest first."""
        return self._runs("WHERE finished_at IS NULL ORDER BY run_id")

    def owed(self) -> list[Run]:
        """Return the interrupted runs that the catch-up rule has not decided on."""
        return self._runs("WHERE owed = 1 ORDER BY run_id")

    def with_handles(self) -> list[Run]:
        """Return the runs that have left something staged."""
        return self._runs(
            "WHERE run_id IN (SELECT run_id FROM handles WHERE published = 0) ORDER BY run_id"
        )

    def spooled(self, *, before: datetime) -> list[Run]:
        """Return the runs that ended by then whose folder may stand in the spool, oldest first.

        Not those whose files another run is to send again.
        """
        return self._runs(
            "WHERE spooled = 1 AND finished_at <= ? AND run_id NOT IN (SELECT origin FROM runs "
            "WHERE finished_at IS NULL AND origin IS NOT NULL) ORDER BY run_id",
            text_of(before),
        )

    def spooled_bytes(self) -> int:
        """Return how much the folders of finished runs hold."""
        (total,) = self._db.execute(
            "SELECT coalesce(sum(bytes), 0) FROM runs WHERE spooled = 1 AND finished_at IS NOT NULL"
        ).fetchone()
        return int(total)

    def last_started(self) -> dict[str, Run]:
        """Return the last run of each pipeline that has left the queue."""
        latest = self._runs(
            "WHERE run_id IN (SELECT max(run_id) FROM runs WHERE status <> 'pending' "
            "AND origin IS NULL GROUP BY pipeline)"
        )
        return {run.pipeline: run for run in latest}

    def last_ended(self) -> dict[str, RunStatus]:
        """Return how the last run of each pipeline ended that was not skipped."""
        rows = self._db.execute(
            "SELECT pipeline, status FROM runs WHERE run_id IN (SELECT max(run_id) FROM runs "
            "WHERE finished_at IS NOT NULL AND status <> 'skipped' AND origin IS NULL "
            "GROUP BY pipeline)"
        )
        return {row["pipeline"]: RunStatus(row["status"]) for row in rows}

    def trend(self, pipeline: str, limit: int) -> list[TrendJson]:
        """Return how the last runs of a pipeline that are over did, oldest first."""
        rows = self._db.execute(
            "SELECT run_id, status, rows, "
            "(julianday(finished_at) - julianday(started_at)) * 86400 AS seconds FROM runs "
            "WHERE pipeline = ? AND finished_at IS NOT NULL AND started_at IS NOT NULL "
            "AND origin IS NULL ORDER BY run_id DESC LIMIT ?",
            (pipeline, limit),
        ).fetchall()
        return [
            {
                "run_id": str(row["run_id"]),
                "status": row["status"],
                "seconds": round(row["seconds"], 1),
                "rows": row["rows"],
            }
            for row in reversed(rows)
        ]

    def last_size(self, pipeline: str) -> int:
        """Return the bytes that the last delivered run of a pipeline made, or 0."""
        row = self._db.execute(
            "SELECT bytes FROM runs WHERE pipeline = ? AND status = 'done' AND origin IS NULL "
            "ORDER BY run_id DESC LIMIT 1",
            (pipeline,),
        ).fetchone()
        return 0 if row is None else int(row["bytes"])

    def last_delivered(self) -> dict[str, datetime]:
        """Return when each pipeline was last delivered."""
        rows = self._db.execute(
            "SELECT pipeline, max(finished_at) AS at FROM runs WHERE status = 'done' "
            "AND origin IS NULL GROUP BY pipeline"
        )
        return {row["pipeline"]: datetime.fromisoformat(row["at"]) for row in rows}

    def interruptions(self, pipeline: str, scheduled_at: datetime | None) -> int:
        """Return how often runs for one occurrence were interrupted."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM runs WHERE pipeline = ? AND scheduled_at IS ? "
            "AND status = 'interrupted'",
            (pipeline, text_of(scheduled_at)),
        ).fetchone()
        return int(count)

    # Staged handles

    def save_handle(self, run_id: str, handle: Handle) -> None:
        """Remember what a sink holds for a run."""
        self._db.execute(
            "INSERT INTO handles VALUES (?, ?, ?, ?, ?) ON CONFLICT (run_id, sink, target) "
            "DO UPDATE SET staged = excluded.staged, published = excluded.published",
            (
                int(run_id),
                handle.sink,
                handle.staged["target"],
                json.dumps(handle.staged),
                int(handle.published),
            ),
        )

    def mark_published(self, run_id: str, sink: str, target: str) -> None:
        """Remember that a staged file is visible."""
        self._db.execute(
            "UPDATE handles SET published = 1 WHERE run_id = ? AND sink = ? AND target = ?",
            (int(run_id), sink, target),
        )

    def forget_handle(self, run_id: str, sink: str, target: str) -> None:
        """Forget what is no longer staged."""
        self._db.execute(
            "DELETE FROM handles WHERE run_id = ? AND sink = ? AND target = ?",
            (int(run_id), sink, target),
        )

    def handles(self, run_id: str) -> tuple[Handle, ...]:
        """Return what a run has staged."""
        rows = self._db.execute("SELECT * FROM handles WHERE run_id = ?", (int(run_id),))
        return tuple(
            Handle(
                sink=row["sink"],
                staged=json.loads(row["staged"]),
                published=bool(row["published"]),
            )
            for row in rows
        )

    # Pipelines

    def create_memory(self, name: str, now: datetime) -> Memory:
        """Remember a name that is seen for the first time; its export id is raised until unique."""
        with self.transaction():
            export_id = self._free("pipelines", "export_id", int(now.timestamp()))
            memory = Memory(name=name, export_id=str(export_id), cursor=now)
            self.save_memory(memory)
            self.touch([name], now)
        return memory

    def save_memory(self, memory: Memory) -> None:
        """Write what is remembered of a name."""
        self._db.execute(
            "INSERT INTO pipelines (name, export_id, cursor, timing, active, once_done) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, "
            "timing = excluded.timing, active = excluded.active, once_done = excluded.once_done",
            (
                memory.name,
                int(memory.export_id),
                text_of(memory.cursor),
                memory.timing,
                int(memory.active),
                int(memory.once_done),
            ),
        )

    def touch(self, names: Iterable[str], now: datetime) -> None:
        """Remember that files of these names are there."""
        with self.transaction():
            self._db.executemany(
                "UPDATE pipelines SET seen_at = ? WHERE name = ?",
                [(text_of(now), name) for name in names],
            )

    def save_contents(self, contents: Mapping[str, str]) -> None:
        """Write the digests of what the files of these names say."""
        with self.transaction():
            self._db.executemany(
                "UPDATE pipelines SET content = ? WHERE name = ?",
                [(content, name) for name, content in contents.items()],
            )

    def memories(self) -> dict[str, Memory]:
        """Return what is remembered of every name."""
        return {
            row["name"]: Memory(
                name=row["name"],
                export_id=str(row["export_id"]),
                cursor=datetime.fromisoformat(row["cursor"]),
                timing=row["timing"],
                active=bool(row["active"]),
                once_done=bool(row["once_done"]),
            )
            for row in self._db.execute("SELECT * FROM pipelines")
        }

    def save_state(self, name: str, run_id: str, state: dict[str, Any]) -> None:
        """Remember what a delivered run left for the next one of its pipeline.

        A run that was finished only after a later one moves nothing back.
        """
        (later,) = self._db.execute(
            "SELECT count(*) FROM runs WHERE pipeline = ? AND status = 'done' AND run_id > ?"
            " AND origin IS NULL",
            (name, int(run_id)),
        ).fetchone()
        if not later:
            self._db.execute(
                "INSERT OR REPLACE INTO states VALUES (?, ?)", (name, json.dumps(state))
            )

    def state(self, name: str) -> dict[str, Any]:
        """Return what the last delivered run of a pipeline left."""
        row = self._db.execute("SELECT state FROM states WHERE name = ?", (name,)).fetchone()
        state: dict[str, Any] = {} if row is None else json.loads(row["state"])
        return state

    def coming_states(self, name: str) -> list[dict[str, Any]]:
        """Return what the runs of a pipeline will leave that are built and not yet delivered."""
        rows = self._db.execute(
            "SELECT state FROM runs WHERE pipeline = ? AND state IS NOT NULL"
            " AND finished_at IS NULL",
            (name,),
        )
        return [json.loads(row["state"]) for row in rows]

    def working(self, name: str) -> frozenset[str]:
        """Return the ids of the runs of a pipeline that have not ended."""
        rows = self._db.execute(
            "SELECT run_id FROM runs WHERE pipeline = ? AND finished_at IS NULL", (name,)
        )
        return frozenset(str(row["run_id"]) for row in rows)

    def save_pause(self, name: str, pause: Pause | None) -> None:
        """Write a pause, or remove it."""
        if pause is None:
            self._db.execute("DELETE FROM pauses WHERE name = ?", (name,))
            return
        self._db.execute(
            "INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?, ?)",
            (name, pause.by, text_of(pause.at), pause.reason, text_of(pause.until)),
        )

    def pauses(self) -> dict[str, Pause]:
        """Return every pause by the pipeline's name."""
        return {
            row["name"]: Pause(
                by=row["by"],
                at=datetime.fromisoformat(row["at"]),
                reason=row["reason"],
                until=instant_of(row["until"]),
            )
            for row in self._db.execute("SELECT * FROM pauses")
        }

    def prune(self, before: datetime, *, keep: frozenset[str]) -> list[str]:
        """Forget what ended before ``before``; return the ids of the runs forgotten.

        The last run of each pipeline stays, and so does what has something staged or spooled,
        and the names in ``keep``.
        """
        with self.transaction():
            gone = [
                str(row["run_id"])
                for row in self._db.execute(
                    "DELETE FROM runs WHERE finished_at < ? AND spooled = 0 AND owed = 0 "
                    "AND run_id NOT IN (SELECT run_id FROM handles WHERE published = 0) "
                    "AND run_id NOT IN (SELECT max(run_id) FROM runs GROUP BY pipeline) "
                    "RETURNING run_id",
                    (text_of(before),),
                )
            ]
            stale = self._db.execute(
                "SELECT name FROM pipelines WHERE seen_at < ?", (text_of(before),)
            ).fetchall()
            for (name,) in stale:
                if name not in keep:
                    self._db.execute("DELETE FROM pipelines WHERE name = ?", (name,))
                    self._db.execute("DELETE FROM pauses WHERE name = ?", (name,))
                    self._db.execute("DELETE FROM states WHERE name = ?", (name,))
        return gone

    def _free(self, table: str, column: str, wanted: int) -> int:
        # Later ones are greater, even where the clock was set back: ids are an order, too.
        query = f"SELECT max({column}) FROM {table}"  # noqa: S608 - fixed names
        (greatest,) = self._db.execute(query).fetchone()
        return wanted if greatest is None else max(wanted, int(greatest) + 1)

    def _runs(self, condition: str, *values: Any) -> list[Run]:
        rows = self._db.execute(f"SELECT * FROM runs {condition}", values).fetchall()  # noqa: S608
        return [self._as_run(row) for row in rows]

    def _as_run(self, row: sqlite3.Row) -> Run:
        files = self._db.execute(
            "SELECT sink, path, uri, rows, bytes, sha256, status, kind FROM files "
            "WHERE run_id = ? ORDER BY place",
            (row["run_id"],),
        )
        return Run(
            run_id=str(row["run_id"]),
            pipeline=row["pipeline"],
            trigger=Trigger(row["trigger"]),
            instant=datetime.fromisoformat(row["instant"]),
            status=RunStatus(row["status"]),
            by=row["by"],
            attempt=row["attempt"],
            retry_at=row["retry_at"],
            scheduled_at=instant_of(row["scheduled_at"]),
            started_at=instant_of(row["started_at"]),
            finished_at=instant_of(row["finished_at"]),
            phase=row["phase"],
            rows=row["rows"],
            bytes=row["bytes"],
            files=tuple(FileRecord(**file) for file in files),
            warnings=tuple(json.loads(row["warnings"])),
            error=None if row["error"] is None else json.loads(row["error"]),
            publishing=bool(row["publishing"]),
            owed=bool(row["owed"]),
            checks=tuple(json.loads(row["checks"])),
            hold=None if row["hold"] is None else Hold.from_json(json.loads(row["hold"])),
            spooled=bool(row["spooled"]),
            origin=None if row["origin"] is None else str(row["origin"]),
            sinks=tuple(json.loads(row["sinks"])),
            documents=None if row["documents"] is None else json.loads(row["documents"]),
            state=None if row["state"] is None else json.loads(row["state"]),
        )
