"""The children of runs: what each is told to do, from what is written down of its run."""

from __future__ import annotations

from typing import Any

from profexd.config.text.values import digest
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import Child, Supervisor
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.export.job import Action, Handle, Job


class Children:
    """Starts a child for one action of one run."""

    def __init__(self, store: Store, supervisor: Supervisor, logs: RunLogs, spool: Spool) -> None:
        self._store = store
        self._supervisor = supervisor
        self._logs = logs
        self._spool = spool

    def start(self, action: Action, run: Run, documents: dict[str, Any], export_id: str) -> Child:
        """Start the child; its last words on stderr go to the log of the run."""
        handles: tuple[Handle, ...] = ()
        if action in ("finish", "discard", "deliver"):
            handles = self._store.handles(run.run_id)
        if action == "discard":
            handles = tuple(handle for handle in handles if not handle.published)
        parts = self._store.parts(run.origin or run.run_id) if action != "run" else []
        job = Job(
            action=action,
            run_id=run.run_id,
            export_id=export_id,
            pipeline=run.pipeline,
            instant=run.instant,
            begun=run.started_at,
            documents=documents,
            spool=str(self._spool.folder(run.run_id)),
            attempt=run.attempt,
            handles=handles,
            parts=tuple(parts),
            sinks=run.sinks,
            revision=digest(run.documents) if run.documents else "",
            state=self._store.state(run.pipeline) if action == "run" else {},
            expected=self._expected(run, documents) if action == "run" else 0,
            keep=str(self._store.keep(run.pipeline)),
        )
        return self._supervisor.start(
            job, stderr=lambda line: self._logs.write(run.run_id, "warning", line)
        )

    def _expected(self, run: Run, documents: dict[str, Any]) -> int:
        changed = documents["pipeline"].get("mode", "full") != "full"
        return 0 if changed else self._store.last_size(run.pipeline)
