"""Builds run after run without a daemon: each is delivered, or not, as the test says."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from profexd.config.catalog import load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.config.model import Pipeline
from profexd.export.build import build
from profexd.export.job import Job
from profexd.export.plan import Plan, plan
from profexd.export.stop import Stop

Row = dict[str, str]
CATALOG = load_catalog()
NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)


@dataclass
class Runs:
    """The runs of one pipeline over one database, an hour apart."""

    folder: Path
    source: dict[str, Any] = field(default_factory=lambda: {"table": "t"})
    keys: dict[str, Any] = field(default_factory=lambda: {"mode": "changed"})
    limits: dict[str, Any] = field(default_factory=dict)
    instant: datetime = NOON
    state: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def sql(self, *statements: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def planned(self) -> tuple[Pipeline, Plan]:
        """The pipeline as its files say now, and the plan of its next run."""
        pipeline = pipeline_from_documents("p", self._documents(), CATALOG)
        job = Job(
            action="run",
            run_id=str(self.number + 1),
            export_id="1",
            pipeline="p",
            instant=self.instant + timedelta(hours=1),
            documents={},
            spool="",
            state=self.state,
            keep=str(self.folder / "kept" / "p"),
        )
        return pipeline, plan(job, pipeline, CATALOG)

    def run(self, *, deliver: bool = True) -> dict[str, list[Row]]:
        """The rows of each file by its path; the state moves on only if it is delivered."""
        pipeline, names = self.planned()
        self.number += 1
        self.instant += timedelta(hours=1)
        self.warnings = []
        spool = self.folder / f"run-{self.number}"
        spool.mkdir()
        outcome = build(
            pipeline,
            names,
            catalog=CATALOG,
            folder=spool,
            stop=Stop(),
            progress=lambda percent, rows, size: None,
            warn=self.warnings.append,
        )
        if deliver:
            self.state = outcome.state
        return {
            part.path: list(csv.DictReader(io.StringIO(part.file.path.read_text("utf-8"))))
            for part in outcome.parts
        }

    def rows(self, *, deliver: bool = True) -> list[Row]:
        """The rows of a run of one file."""
        [rows] = self.run(deliver=deliver).values()
        return rows

    def ids(self, *, deliver: bool = True) -> list[str]:
        return [row["id"] for row in self.rows(deliver=deliver)]

    def _documents(self) -> dict[str, Any]:
        source = {"type": "duckdb", "database": str(self.database), **self.source}
        if source.get("kind") != "events":
            source.setdefault("profiles", {"key": "id"})
        return {
            "settings": {"limits": self.limits},
            "source": source,
            "sinks": {"files": {"type": "file", "root": "/nowhere"}},
            "pipeline": {
                "source": "warehouse",
                "sink": "files",
                "path": "out-${run_id}.csv",
                "on_existing": "fail",
                "format": {"type": "csv"},
                **self.keys,
            },
        }
