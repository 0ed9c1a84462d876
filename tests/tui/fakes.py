"""A daemon made of memory: it implements the client's interface, and tests push its events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from profexd.client import ClientError, Unreachable
from profexd.wire import (
    AuditJson,
    CheckJson,
    DiagnosticsJson,
    EffectiveJson,
    EventJson,
    InfoJson,
    PipelineJson,
    PluginJson,
    PreviewJson,
    ProblemJson,
    RunJson,
    TrendJson,
    WhyJson,
)
from tests.tui.samples import (
    NOW,
    already_running,
    at,
    held_pipeline,
    log_lines,
    pipeline,
    problem,
    run,
    sample_audit,
    sample_diagnostics,
    sample_effective,
    sample_pipelines,
    sample_plugins,
    sample_preview,
)

__all__ = [
    "NOW",
    "FakeClient",
    "FakeStream",
    "already_running",
    "at",
    "held_pipeline",
    "log_lines",
    "pipeline",
    "problem",
    "run",
    "sample_audit",
    "sample_diagnostics",
    "sample_effective",
    "sample_pipelines",
    "sample_plugins",
    "sample_preview",
]


class FakeStream:
    """Items that tests push; it ends when closed, or when the daemon breaks it."""

    def __init__(self, items: Sequence[Any] = (), *, ended: bool = False) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()
        for item in items:
            self._queue.put(item)
        if ended:
            self.close()

    def push(self, item: Any) -> None:
        self._queue.put(item)

    def close(self) -> None:
        self._queue.put(StopIteration())

    def fail(self, error: ClientError) -> None:
        self._queue.put(error)

    def __iter__(self) -> Iterator[Any]:
        while True:
            item = self._queue.get()
            if isinstance(item, StopIteration):
                return
            if isinstance(item, ClientError):
                raise item
            yield item


class FakeClient:
    """What a daemon answers; ``down`` holds the error that every call raises instead."""

    where = "/run/profexd/profexd.sock"

    def __init__(self, pipelines: Sequence[PipelineJson] = ()) -> None:
        self.by_name = {made["name"]: made for made in pipelines}
        self.down: ClientError | None = None
        self.refusal: ClientError | None = None
        self.boot_id = "boot-1"
        self.version = "0.1.0"
        self.role = "admin"
        self.seq = 100
        self.oldest = 100
        self.ring: list[dict[str, Any]] = []
        self.calls: list[tuple[Any, ...]] = []
        self.logs: dict[str, FakeStream] = {}
        self.known_trends: dict[str, list[TrendJson]] = {}
        self.known_runs: dict[str, list[RunJson]] = {}
        self.previews: dict[str, PreviewJson] = {}
        self.preview_gate = threading.Event()
        self.preview_gate.set()
        self.problems: list[ProblemJson] = []
        self.configs: dict[str, EffectiveJson] = {}
        self.installed = sample_plugins()
        self.diagnosis = sample_diagnostics()
        self.audited = sample_audit()
        self.refused: dict[str, ClientError] = {}
        self._streams: list[FakeStream] = []
        self._lock = threading.Lock()

    # -- what tests do to the daemon

    def push(self, event_type: str, **more: Any) -> None:
        """Send an event to everybody who listens."""
        self.seq += 1
        event = {"type": event_type, "seq": self.seq, "at": at(), **more}
        self.ring.append(event)
        for stream in self._listeners():
            stream.push(event)

    def change(self, made: PipelineJson) -> None:
        """Change a pipeline, and say so."""
        self.by_name[made["name"]] = made
        self.push("pipeline", pipeline=made)

    def vanish(self, name: str) -> None:
        """Drop a pipeline, and say so."""
        del self.by_name[name]
        self.push("pipeline", gone=name)

    def break_down(self, error: ClientError | None = None) -> None:
        """End all streams, and answer nothing more."""
        self.down = error or Unreachable(
            "no_socket",
            "no daemon at /run/profexd/profexd.sock",
            hint="is the daemon running?  systemctl status profexd",
        )
        for stream in self._listeners():
            stream.fail(Unreachable("lost", "the connection to the daemon was lost"))
        with self._lock:
            self._streams.clear()

    def come_back(self, *, boot_id: str | None = None) -> None:
        """Answer again, as another process when ``boot_id`` is given."""
        if boot_id is not None:
            self.boot_id, self.seq, self.oldest = boot_id, 0, 0
            self.ring.clear()
        self.down = None

    def _listeners(self) -> list[FakeStream]:
        with self._lock:
            return list(self._streams)

    # -- the client's interface

    def info(self) -> InfoJson:
        self._called("info")
        return {
            "version": self.version,
            "api": 1,
            "boot_id": self.boot_id,
            "pid": 4242,
            "host": "web01",
            "started_at": at(days=3),
            "config": "/etc/profexd",
            "state": "/var/lib/profexd",
            "spool": "/var/cache/profexd",
            "role": self.role,
            "pipelines": len(self.by_name),
            "running": 1,
        }

    def pipelines(self) -> Sequence[PipelineJson]:
        self._called("pipelines")
        return list(self.by_name.values())

    def events(self, since: int | None = None) -> FakeStream:
        self._called("events", since)
        reaches = since is not None and since in range(self.oldest, self.seq + 1)
        hello: EventJson = {
            "type": "hello",
            "seq": since if reaches and since is not None else self.seq,
            "at": at(),
            "boot_id": self.boot_id,
        }
        missed = [event for event in self.ring if reaches and event["seq"] > (since or 0)]
        stream = FakeStream([hello, *missed])
        with self._lock:
            self._streams.append(stream)
        return stream

    def runs(
        self, pipeline: str | None = None, status: str | None = None, limit: int = 50
    ) -> Sequence[RunJson]:
        self._called("runs", pipeline)
        return self.known_runs.get(pipeline or "", [])

    def trends(self) -> dict[str, list[TrendJson]]:
        self._called("trends")
        return self.known_trends

    def log(self, run_id: str, follow: bool = False) -> FakeStream:
        self._called("log", run_id)
        return self.logs.setdefault(run_id, FakeStream(log_lines(), ended=True))

    def preview(self, name: str, limit: int = 100) -> PreviewJson:
        self._called("preview", name)
        self.preview_gate.wait(10)
        return self.previews.get(name, sample_preview(name))

    def run_now(self, name: str) -> RunJson:
        self._changed("run_now", name)
        return run(name, 9, status="pending", started_at=None, finished_at=None)

    def stop(self, run_id: str) -> RunJson:
        self._changed("stop", run_id)
        return run("x", status="running")

    def pause(self, name: str, reason: str = "", until: str | None = None) -> PipelineJson:
        self._changed("pause", name, reason)
        paused = {"by": "me", "at": at(), "reason": reason, "until": until}
        self.change({**self.by_name[name], "paused": paused, "state": "paused"})  # type: ignore[typeddict-item]
        return self.by_name[name]

    def resume(self, name: str) -> PipelineJson:
        self._changed("resume", name)
        self.change({**self.by_name[name], "paused": None, "state": "pending"})
        return self.by_name[name]

    def approve(self, run_id: str, note: str = "") -> RunJson:
        return self._decided("approve", run_id, note, "done")

    def reject(self, run_id: str, note: str = "") -> RunJson:
        return self._decided("reject", run_id, note, "failed")

    def _decided(self, verb: str, run_id: str, note: str, status: str) -> RunJson:
        self._changed(verb, run_id, note)
        name = run_id.rpartition("-")[0]
        last = self.by_name[name]["last_run"]
        assert last is not None
        ended: RunJson = {**last, "status": status}
        state = "pending" if status == "done" else "failed"
        self.change({**self.by_name[name], "last_run": ended, "state": state})
        return ended

    def resend(self, run_id: str, sink: str | None = None) -> RunJson:
        self._changed("resend", run_id)
        return run("x", status="running", trigger="resend")

    def why(self, name: str, key: str) -> WhyJson:
        self._called("why", name, key)
        return {
            "pipeline": name,
            "key": key,
            "column": "profile_id",
            "rows": 1,
            "exported": False,
            "conditions": [
                {
                    "depth": 0,
                    "kind": "condition",
                    "text": "country is one of IT, FR",
                    "holds": False,
                    "value": "DE",
                }
            ],
            "changes": None,
        }

    def effective(self, name: str) -> EffectiveJson:
        self._called("effective", name)
        return self.configs.get(name, sample_effective(name))

    def diagnostics(self) -> DiagnosticsJson:
        self._called("diagnostics")
        return self.diagnosis

    def audit(self, limit: int = 100) -> Sequence[AuditJson]:
        self._called("audit", limit)
        return self.audited

    def plugins(self) -> Sequence[PluginJson]:
        self._called("plugins")
        return self.installed

    def check(self) -> CheckJson:
        self._called("check")
        return {"ok": not self.problems, "problems": self.problems}

    def reload(self) -> CheckJson:
        self._called("reload")
        return {"ok": not self.problems, "problems": self.problems}

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.down is not None:
            raise self.down
        if call[0] in self.refused:
            raise self.refused[call[0]]

    def _changed(self, *call: Any) -> None:
        self._called(*call)
        if self.refusal is not None:
            raise self.refusal
