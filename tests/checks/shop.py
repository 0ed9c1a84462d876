"""An installation whose warehouse a test changes between runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb

from profexd.config.paths import Paths
from profexd.daemon.once import export
from tests.end_to_end.site import Answer, Site


class Shop(Site):
    """A thousand customers, each with an email, until a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder / "warehouse.duckdb")
        self.paths = Paths(
            config=self.config,
            state=self.state,
            spool=self.spool,
            socket=self.socket,
            system_mode=False,
        )
        self.sql(
            "CREATE TABLE profiles AS SELECT i::INTEGER AS profile_id,"
            " 'c' || i || '@example.com' AS email, 1 AS visits FROM range(1000) r(i)"
        )

    def sql(self, *statements: str) -> None:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def checked(self, name: str = "news", checks: str = "", **keys: str) -> None:
        """Write a pipeline with ``[checks]``."""
        path = self.pipeline(name, **keys)
        text = path.read_text()
        self.write(f"pipelines/{name}.toml", f"{text}[checks]\n{checks}\n")

    def export(self, name: str = "news") -> Any:
        """Export in this process, and return the run."""
        return export(self.paths, name)

    def exported(self, name: str = "news") -> Any:
        """Export what is to be delivered, and return the run."""
        run = self.export(name)
        assert run["status"] == "done", run
        return run

    def digests(self) -> dict[str, str]:
        """The SHA-256 of everything in the outbox."""
        return {
            name: hashlib.sha256((self.outbox / name).read_bytes()).hexdigest()
            for name in self.everything()
        }

    def spooled(self, run_id: str) -> list[Path]:
        """The parts of a run in the spool."""
        return sorted((self.spool / run_id).glob("part-*"))

    def approve(self, run_id: str, *arguments: str) -> Answer:
        return self.profexctl("approve", run_id, *arguments, "--json")

    def reject(self, run_id: str, *arguments: str) -> Answer:
        return self.profexctl("reject", run_id, *arguments, "--json")
