"""Builds one export of a made-up table and reads it back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from profexd.api import SpooledFile
from profexd.config.catalog import Catalog, load_catalog
from profexd.config.loading import pipeline_from_documents
from profexd.config.model import Pipeline
from profexd.export.build import build
from profexd.export.plan import Plan
from profexd.export.stop import Stop

PLAN = Plan(
    run_id="1",
    export_id="1",
    pipeline="test",
    instant=datetime(2026, 1, 1, tzinfo=UTC),
    path="out",
    member="out",
)


def query(sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers, with no source attached."""
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


@cache
def catalog() -> Catalog:
    return load_catalog()


@dataclass
class Export:
    """One table, and the ways to build files from it. ``sql`` is the table's SELECT."""

    folder: Path
    sql: str
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE TABLE t AS {self.sql}")

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def pipeline(
        self,
        format_: str,
        *,
        source: dict[str, Any] | None = None,
        limits: dict[str, Any] | None = None,
        keys: dict[str, Any] | None = None,
        **options: Any,
    ) -> Pipeline:
        """The pipeline; ``keys`` are its own, ``options`` the format's."""
        return pipeline_from_documents(
            "test",
            {
                "settings": {"limits": limits or {}},
                "source": {
                    "type": "duckdb",
                    "database": str(self.database),
                    **(source or {"table": "t"}),
                },
                "sinks": {"files": {"type": "file", "root": "/nowhere"}},
                "pipeline": {
                    "source": "warehouse",
                    "sink": "files",
                    "path": "out",
                    "format": {"type": format_, **options},
                    **(keys or {}),
                },
            },
            catalog(),
        )

    def spool(self) -> Path:
        """A new folder for one run."""
        return Path(tempfile.mkdtemp(dir=self.folder, prefix="run-"))

    def build(
        self,
        pipeline: Pipeline,
        *,
        folder: Path | None = None,
        stop: Stop | None = None,
        progress: Callable[[float | None, int, int], None] = lambda percent, rows, size: None,
    ) -> SpooledFile:
        """Build the one part."""
        [part] = build(
            pipeline,
            PLAN,
            catalog=catalog(),
            folder=folder or self.spool(),
            stop=stop or Stop(),
            progress=progress,
            warn=self.warnings.append,
        ).parts
        return part.file

    def bytes(self, format_: str, **options: Any) -> bytes:
        """What the format writes."""
        return self.build(self.pipeline(format_, **options)).path.read_bytes()

    def text(self, format_: str, **options: Any) -> str:
        return self.bytes(format_, **options).decode()
