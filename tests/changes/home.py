"""A warehouse that changes between runs, and one pipeline over it, exported in this process."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from profexd.config.paths import Paths
from profexd.daemon.life.once import export
from profexd.wire import RunJson

PIPELINE = """
source = "warehouse"
sink = "outbox"
path = "out-${run_id}.csv"
mode = "changed"
[format]
type = "csv"
"""
SOURCE = """
type = "duckdb"
database = "%s"
table = "profiles"
[profiles]
key = "id"
"""
Row = dict[str, str]


@dataclass
class Delivered:
    """One run, and what a reader finds of it."""

    run: RunJson
    files: dict[str, list[Row]]
    """The rows of each file by its name."""

    @property
    def rows(self) -> list[Row]:
        """The rows of the file, or of the first."""
        return next(iter(self.files.values()))

    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]


class Home:
    """Configuration, state, spool and outbox below one folder."""

    def __init__(self, folder: Path, *, source: str = SOURCE, pipeline: str = PIPELINE) -> None:
        self.folder = folder
        self.database = folder / "warehouse.duckdb"
        self.outbox = folder / "outbox"
        self.paths = Paths(
            config=folder / "config",
            state=folder / "state",
            spool=folder / "spool",
            socket=folder / "s.sock",
            system_mode=False,
        )
        for kind in ("sources", "sinks", "pipelines"):
            (self.paths.config / kind).mkdir(parents=True)
        self.write("sources/warehouse.toml", source.replace("%s", str(self.database)))
        self.write("sinks/outbox.toml", f'type = "file"\nroot = "{self.outbox}"\n')
        self.pipeline(pipeline)

    def write(self, name: str, text: str) -> None:
        (self.paths.config / name).write_text(text)

    def pipeline(self, text: str) -> None:
        self.write("pipelines/p.toml", text)

    def sql(self, *statements: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def export(self, name: str = "p") -> Delivered:
        """Run it; what is in the outbox since then is what it delivered."""
        before = self.everything()
        run = export(self.paths, name)
        return Delivered(
            run, {name: self.read(name) for name in sorted(self.everything() - before)}
        )

    def done(self, name: str = "p") -> Delivered:
        delivered = self.export(name)
        assert delivered.run["status"] == "done", delivered.run["error"]
        return delivered

    def export_failing(self, name: str = "p") -> RunJson:
        """Run it where nothing can be read of the outbox."""
        return export(self.paths, name)

    def everything(self) -> set[str]:
        return {
            str(path.relative_to(self.outbox))
            for path in self.outbox.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def read(self, name: str) -> list[Row]:
        text = (self.outbox / name).read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text)))

    # State

    def kept(self) -> list[Path]:
        return sorted(path for path in (self.paths.state / "kept").rglob("*") if path.is_file())

    def seen(self, pipeline: str, when: datetime) -> None:
        """Have the store believe that the file of a pipeline was last there at ``when``."""
        with sqlite3.connect(self.paths.state / "profexd.db") as store:
            store.execute(
                "UPDATE pipelines SET seen_at = ? WHERE name = ?",
                (when.isoformat(timespec="microseconds"), pipeline),
            )
        store.close()

    def state(self, pipeline: str = "p") -> dict[str, Any]:

        with sqlite3.connect(self.paths.state / "profexd.db") as store:
            row = store.execute("SELECT state FROM states WHERE name = ?", (pipeline,)).fetchone()
        store.close()
        state: dict[str, Any] = {} if row is None else json.loads(row[0])
        return state
