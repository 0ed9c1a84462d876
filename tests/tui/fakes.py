"""A daemon made of memory: it implements the client's interface, and tests push its events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from profexd.client import ApiError, ClientError, Unreachable
from profexd.wire import (
    AuditJson,
    CheckJson,
    DiagnosticsJson,
    EffectiveJson,
    EventJson,
    InfoJson,
    LogLineJson,
    PipelineJson,
    PluginJson,
    PreviewJson,
    ProblemJson,
    RunJson,
    TrendJson,
    WhyJson,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def at(**ago: float) -> str:
    """An instant so long before NOW, as the API writes it."""
    return (NOW - timedelta(**ago)).isoformat().replace("+00:00", "Z")


def run(pipeline: str, number: int = 1, **changes: Any) -> RunJson:
    """A run that went well two hours ago."""
    made: RunJson = {
        "run_id": f"{pipeline}-r{number}",
        "pipeline": pipeline,
        "status": "done",
        "trigger": "schedule",
        "attempt": 1,
        "retry_at": None,
        "scheduled_at": at(hours=2),
        "started_at": at(hours=2),
        "finished_at": at(hours=2, seconds=-12.4),
        "phase": "record",
        "rows": 18420,
        "bytes": 2_100_000,
        "files": [],
        "warnings": [],
        "error": None,
        "checks": [],
        "hold": None,
    }
    made.update(changes)  # type: ignore[typeddict-item]
    if changes.get("finished_at") and "started_at" not in changes:
        finished = datetime.fromisoformat(changes["finished_at"])
        made["started_at"] = (finished - timedelta(seconds=12.4)).isoformat()
    return made


def pipeline(name: str, **changes: Any) -> PipelineJson:
    """A pipeline that exports every day at three."""
    made: PipelineJson = {
        "name": name,
        "description": "",
        "kind": "profiles",
        "export_id": f"x-{name}",
        "enabled": True,
        "paused": None,
        "state": "pending",
        "source": "warehouse",
        "sinks": ["lake"],
        "format": "csv",
        "filter": "",
        "path": f"{name}/${{date}}.csv.gz",
        "uri": f"file:///srv/exports/{name}/${{date}}.csv.gz",
        "schedule": "daily at 03:00",
        "frequency": "recurring",
        "next_run_at": "2026-11-23T03:00:00Z",
        "next_runs": ["2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z", "2026-11-25T03:00:00Z"],
        "problems": [],
        "last_run": None,
        "running": None,
    }
    made.update(changes)  # type: ignore[typeddict-item]
    made["file"] = f"/etc/profexd/pipelines/{name}.toml"  # type: ignore[typeddict-unknown-key]
    return made


def problem(file: str, message: str, hint: str = "") -> ProblemJson:
    """An error in line 12 of a file."""
    return {
        "file": file,
        "line": 12,
        "column": 1,
        "key": "format.seperator",
        "message": message,
        "hint": hint,
        "severity": "error",
    }


def sample_pipelines() -> list[PipelineJson]:
    """One pipeline in each state."""
    sink_timeout = {
        "code": "sink_timeout",
        "message": "/mnt/partner: no progress for 30 s",
        "hint": "is the file server up?  profexctl check --online partner_feed",
    }
    return [
        pipeline(
            "customers_daily",
            state="running",
            description="All customers for the lake",
            last_run=run("customers_daily"),
            running={
                "run_id": "customers_daily-r2",
                "phase": "build",
                "percent": 41.0,
                "rows": 8_200,
                "bytes": 912_345,
            },
        ),
        pipeline(
            "newsletter",
            schedule="every 15m",
            next_run_at=at(minutes=-4),
            next_runs=[at(minutes=-4), at(minutes=-19), at(minutes=-34)],
            last_run=run("newsletter", finished_at=at(minutes=11)),
            filter="country is one of IT, FR",
        ),
        pipeline(
            "partner_feed",
            state="failed",
            format="json",
            sinks=["partner"],
            last_run=run(
                "partner_feed",
                status="failed",
                phase="deliver",
                attempt=3,
                finished_at=at(minutes=4),
                error=sink_timeout,
            ),
        ),
        pipeline(
            "returns",
            state="paused",
            schedule="every 1h",
            paused={
                "by": "ops",
                "at": at(hours=3),
                "reason": "schema change in the shop",
                "until": None,
            },
            last_run=run("returns", finished_at=at(days=3)),
            next_run_at=None,
            next_runs=[],
        ),
        pipeline(
            "stock_master",
            schedule="0 6 * * mon",
            format="parquet",
            next_run_at="2026-11-23T06:00:00Z",
            last_run=run("stock_master", finished_at=at(days=6)),
        ),
        pipeline(
            "test_export",
            state="invalid",
            schedule="",
            next_run_at=None,
            next_runs=[],
            uri="",
            problems=[
                problem("pipelines/test_export.toml", "unknown key", 'did you mean "separator"?')
            ],
        ),
        pipeline("winback", state="disabled", enabled=False, next_run_at=None, next_runs=[]),
        pipeline(
            "yearly_archive",
            state="done",
            schedule="once",
            frequency="once",
            next_run_at=None,
            next_runs=[],
            last_run=run("yearly_archive", finished_at=at(days=40)),
        ),
    ]


def held_pipeline(name: str = "holidays") -> PipelineJson:
    """A pipeline whose last run waits for somebody to decide."""
    held = run(
        name,
        7,
        status="held",
        phase="check",
        error={
            "code": "check_failed",
            "message": "there are 9 000 rows, 51 % fewer than 18 420; max_row_drop is 20 %",
            "hint": "profexctl approve or reject",
        },
        checks=[
            {
                "check": "min_rows",
                "column": "",
                "limit": "1",
                "value": "9000",
                "before": "18420",
                "ok": True,
            },
            {
                "check": "max_row_drop",
                "column": "",
                "limit": "20%",
                "value": "9000",
                "before": "18420",
                "ok": False,
            },
        ],
        hold={
            "at": at(minutes=5),
            "until": "2026-11-29T11:55:00Z",
            "decision": None,
            "by": "",
            "note": "",
            "decided_at": None,
        },
    )
    return pipeline(name, state="held", last_run=held)


def sample_effective(name: str) -> EffectiveJson:
    """Values from three files, and a default."""
    said = [
        ("description", '"All customers for the lake"', f"pipelines/{name}.toml", 1),
        ("enabled", "true", "", 0),
        ("source", '"warehouse"', f"pipelines/{name}.toml", 2),
        ("compression", '"gzip"', "profexd.toml", 14),
        ("retry.attempts", "5", "", 0),
        ("format.type", '"csv"', f"pipelines/{name}.toml", 9),
        ("source.database", '"/srv/warehouse.duckdb"', "sources/warehouse.toml", 2),
        ("sink lake.password", '"***"', "sinks/lake.toml", 4),
    ]
    return {
        "pipeline": name,
        "file": f"/etc/profexd/pipelines/{name}.toml",
        "stale": False,
        "values": [
            {"key": key, "value": value, "file": file, "line": line}
            for key, value, file, line in said
        ],
        "problems": [],
    }


def sample_plugins() -> list[PluginJson]:
    """Three that work and one that does not."""
    kinds: list[tuple[str, Any]] = [
        ("csv", "format"),
        ("gzip", "codec"),
        ("s3", "sink"),
    ]
    made: list[PluginJson] = [
        {
            "name": name,
            "kind": kind,
            "version": "0.1.0",
            "distribution": "profexd",
            "status": "ok",
            "error": None,
        }
        for name, kind in kinds
    ]
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/opt/acme/sink.py", line 3, in <module>\n    import acme\n'
        "ModuleNotFoundError: No module named 'acme'"
    )
    made.append(
        {
            "name": "acme",
            "kind": "entry point",
            "version": "2.0",
            "distribution": "profexd-acme",
            "status": "broken",
            "error": trace,
        }
    )
    return made


def sample_audit() -> list[AuditJson]:
    """What was done, and what was refused."""
    return [
        {
            "at": at(minutes=3),
            "user": "ops",
            "uid": 1000,
            "role": "operator",
            "action": "pause",
            "object": "returns",
            "result": "ok",
            "code": "",
            "details": {"reason": "schema change in the shop"},
        },
        {
            "at": at(minutes=9),
            "user": "guest",
            "uid": 1002,
            "role": "viewer",
            "action": "run",
            "object": "newsletter",
            "result": "denied",
            "code": "denied",
            "details": {},
        },
    ]


def sample_diagnostics() -> DiagnosticsJson:
    """A daemon that does well, of which somebody asked something."""
    return {
        "loop_lag": 0.0004,
        "memory": 87_000_000,
        "clients": 2,
        "running": [],
        "reload": {"at": at(minutes=20), "source": "watch", "ok": False},
        "problems": [problem("pipelines/test_export.toml", "unknown key")],
    }


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


def log_lines(count: int = 30) -> list[LogLineJson]:
    """The log of a run, a warning and an error among its lines."""
    levels = {7: "warning", 13: "error", 3: "debug"}
    return [
        {
            "at": at(minutes=30, seconds=-number),
            "level": levels.get(number, "info"),  # type: ignore[typeddict-item]
            "message": f"part {number} of the customers' export written to the spool",
        }
        for number in range(1, count + 1)
    ]


def sample_preview(name: str) -> PreviewJson:
    """Three rows of three columns."""
    return {
        "pipeline": name,
        "files": [{"path": f"{name}/2026-11-22.csv.gz", "uri": f"file:///srv/{name}.csv.gz"}],
        "columns": [
            {"name": "profile_id", "type": "VARCHAR"},
            {"name": "email", "type": "VARCHAR"},
            {"name": "tags", "type": "VARCHAR[]"},
        ],
        "added": [],
        "removed": [],
        "rows_matching": 18420,
        "rows": [
            ["p000000001", "user1@example.com", ["tag1", "tag2"]],
            ["p000000002", None, ["tag3"]],
            ["p000000003", "zoë@example.com", []],
        ],
        "text": "",
    }


def already_running(name: str) -> ApiError:
    """The daemon's answer to a second run now."""
    return ApiError(409, "already_running", f"{name} is running", "wait for its end, or stop it")
