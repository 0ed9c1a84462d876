"""An installation whose warehouse a test changes between runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb

from profexd.client import ClientError, connect
from profexd.config.paths import Paths
from profexd.daemon.life.once import export
from tests.end_to_end.site import Site


class Shop(Site):
    """A thousand customers, each with an email, until a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder / "warehouse.duckdb")
        self.client = connect(self.socket)
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

    # The daemon, asked in this process: a command each time would cost half a second.

    def _answers(self) -> bool:
        try:
            self.client.info()
        except ClientError:
            return False
        return True

    def run(self, run_id: str) -> Any:
        return self.client.run(run_id)

    def finished(self, run_id: str) -> Any:
        """Wait until the run has ended or is held, and return it."""

        def ended() -> Any:
            run = self.run(run_id)
            return run if run["status"] not in ("pending", "running") else None

        return self.until(ended, f"run {run_id} ends")

    def state_of(self, name: str) -> str:
        return self.client.pipeline(name)["state"]

    def spooled(self, run_id: str) -> list[Path]:
        """The parts of a run in the spool."""
        return sorted((self.spool / run_id).glob("part-*"))
