"""Ready-made objects of the control API, to change a key or two of."""

from __future__ import annotations

from typing import Any

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def run(run_id: str = "1730312005", **changes: Any) -> dict[str, Any]:
    """Return a run that is done."""
    return {
        "run_id": run_id,
        "pipeline": "newsletter",
        "status": "done",
        "trigger": "manual",
        "attempt": 1,
        "retry_at": None,
        "scheduled_at": None,
        "started_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:00:12.400000Z",
        "phase": "record",
        "rows": 18420,
        "bytes": 2_100_000,
        "files": [
            {
                "path": "newsletter/customers.csv.gz",
                "uri": "file:///srv/out/newsletter/customers.csv.gz",
                "sink": "lake",
                "rows": 18420,
                "bytes": 2_100_000,
                "sha256": SHA,
                "status": "published",
            }
        ],
        "warnings": [],
        "error": None,
        "checks": [],
        "hold": None,
        **changes,
    }


def pipeline(name: str = "newsletter", **changes: Any) -> dict[str, Any]:
    """Return a pipeline that waits for its next run."""
    return {
        "name": name,
        "description": "Active customers in Italy, for the newsletter",
        "kind": "profiles",
        "export_id": "1730000000",
        "enabled": True,
        "paused": None,
        "state": "pending",
        "source": "warehouse",
        "sinks": ["lake"],
        "format": "csv",
        "filter": "",
        "path": "newsletter/customers-${today}.csv.gz",
        "uri": "file:///srv/out/newsletter/customers-${today}.csv.gz",
        "schedule": "every 6h",
        "frequency": "recurring",
        "next_run_at": "2026-11-22T18:00:00Z",
        "next_runs": ["2026-11-22T18:00:00Z", "2026-11-23T00:00:00Z"],
        "problems": [],
        "last_run": run(),
        "running": None,
        "file": f"/etc/profexd/pipelines/{name}.toml",
        **changes,
    }


def info(**changes: Any) -> dict[str, Any]:
    """Return who the daemon is."""
    return {
        "version": "0.1.0",
        "api": 1,
        "boot_id": "b1",
        "pid": 4711,
        "host": "web01",
        "started_at": "2026-11-19T12:00:00Z",
        "config": "/etc/profexd",
        "state": "/var/lib/profexd",
        "spool": "/var/cache/profexd",
        "role": "operator",
        "pipelines": 1,
        "running": 0,
        **changes,
    }


def problem(**changes: Any) -> dict[str, Any]:
    """Return an error in a file."""
    return {
        "file": "pipelines/newsletter.toml",
        "line": 12,
        "column": 1,
        "key": "format.seperator",
        "message": "unknown key",
        "hint": 'did you mean "separator"?',
        "severity": "error",
        **changes,
    }


def refusal(status: int, code: str, message: str = "no", hint: str = "") -> tuple[int, Any]:
    """Return an answer of the daemon that refuses."""
    return status, {"error": {"code": code, "message": message, "hint": hint}}
