"""What somebody is to be told and has been told: written down, so that no restart forgets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from profexd.api.options import NoticeEvent as Notice
from profexd.daemon.state.database import Database, text_of
from profexd.daemon.state.records import Run
from profexd.wire import RunStatus


@dataclass(frozen=True, slots=True)
class Late:
    """An occurrence of which nothing has come ``after`` seconds later."""

    pipeline: str
    occurrence: datetime
    after: float

    @property
    def since(self) -> datetime:
        """From when on it is late."""
        return self.occurrence + timedelta(seconds=self.after)


class ToldTables(Database):
    """The tables of notices: one row for each event of a run, one for each late occurrence."""

    def notice_of(self, run: Run) -> Notice | None:
        """Return what is to be told of a run as it stands now."""
        if run.status is RunStatus.HELD:
            return "held"
        if run.status is RunStatus.DONE:
            again = run.origin is not None
            return "recovered" if not again and self._failed_before(run) else None
        # One that is owed comes again, or is told of when it is decided that it does not.
        interrupted = run.status is RunStatus.INTERRUPTED and not run.owed
        return "failed" if interrupted or run.status is RunStatus.FAILED else None

    def owe_notice(self, run_id: str, event: Notice, *, again: bool = False) -> None:
        """Write that somebody is to be told, unless that is written already, and not ``again``."""
        if again:
            self._db.execute(
                "DELETE FROM notices WHERE run_id = ? AND event = ?", (int(run_id), event)
            )
        self._db.execute(
            "INSERT OR IGNORE INTO notices VALUES (?, ?, 0)",
            (int(run_id), event),
        )

    def notice_told(self, run_id: str, event: Notice) -> None:
        """Write that everybody was told, or that it was tried often enough."""
        self._db.execute(
            "INSERT OR REPLACE INTO notices SELECT run_id, ?, 1 FROM runs WHERE run_id = ?",
            (event, int(run_id)),
        )

    def owed_notices(self) -> list[tuple[str, Notice]]:
        """Return run and event of what is still to be told, oldest first."""
        rows = self._db.execute("SELECT run_id, event FROM notices WHERE told = 0 ORDER BY run_id")
        return [(str(row["run_id"]), row["event"]) for row in rows]

    def count_owed(self) -> int:
        """Return how many notices of runs are still to be told."""
        (count,) = self._db.execute("SELECT count(*) FROM notices WHERE told = 0").fetchone()
        return int(count)

    def told_held(self) -> set[str]:
        """Return the runs that were told to be held, and are."""
        rows = self._db.execute(
            "SELECT run_id FROM notices WHERE event = 'held' AND told = 1 AND run_id IN "
            "(SELECT run_id FROM runs WHERE status = 'held')"
        )
        return {str(row["run_id"]) for row in rows}

    def save_late(self, late: Late, *, told: bool) -> None:
        """Write that an occurrence was missed, or that its lateness was told."""
        self._db.execute(
            "INSERT OR REPLACE INTO late VALUES (?, ?, ?, ?)",
            (late.pipeline, text_of(late.occurrence), late.after, int(told)),
        )

    def late(self, *, told: bool) -> set[Late]:
        """Return the late occurrences that were told, or those that are still to be."""
        rows = self._db.execute("SELECT * FROM late WHERE told = ?", (int(told),))
        return {
            Late(row["pipeline"], datetime.fromisoformat(row["occurrence"]), row["after"])
            for row in rows
        }

    def prune_late(self, before: datetime) -> None:
        """Forget occurrences older than that."""
        self._db.execute("DELETE FROM late WHERE occurrence < ?", (text_of(before),))

    def _failed_before(self, run: Run) -> bool:
        """Whether the last run before this one that was done or failed had failed.

        One that was interrupted counts where it was told of as failed: nothing came in its place.
        """
        row = self._db.execute(
            "SELECT status <> 'done' AS failed FROM runs WHERE pipeline = ? AND run_id < ? "
            "AND origin IS NULL AND (status IN ('done', 'failed') OR run_id IN "
            "(SELECT run_id FROM notices WHERE event = 'failed')) ORDER BY run_id DESC LIMIT 1",
            (run.pipeline, int(run.run_id)),
        ).fetchone()
        return row is not None and bool(row["failed"])
