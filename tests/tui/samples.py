"""Pipelines, runs and answers of the kinds there are, as the API tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from profexd.client import ApiError
from profexd.wire import (
    AuditJson,
    DiagnosticsJson,
    EffectiveJson,
    LogLineJson,
    PipelineJson,
    PluginJson,
    PreviewJson,
    ProblemJson,
    RunJson,
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
