"""An installation with a signing key, five customers, and a pipeline with a manifest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb

from profexd.config.paths import Paths
from profexd.daemon.life.once import export
from tests.end_to_end.site import Site

KILLING = Path(__file__).parents[1] / "changes" / "killing"


class Office(Site):
    """``receipts`` writes the pipeline ``news``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder / "warehouse.duckdb")
        self.sql(
            "CREATE TABLE profiles AS SELECT i::INTEGER AS profile_id, 1 AS visits"
            " FROM range(5) r(i)"
        )
        self.key = make_key(folder / "key")
        self.write("profexd.toml", f'[signing]\nkey = {{ file = "{self.key}" }}\n')
        self.paths = Paths(
            config=self.config,
            state=self.state,
            spool=self.spool,
            socket=self.socket,
            system_mode=False,
        )

    def sql(self, *statements: str) -> None:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def receipts(self, manifest: str = 'done = "${run_id}.done"', **keys: str) -> None:
        """Write a pipeline with ``[manifest]``."""
        path = self.pipeline("news", **{"path": '"news-${run_id}.csv"', **keys})
        self.write("pipelines/news.toml", f"{path.read_text()}[manifest]\n{manifest}\n")

    def export(self, **environ: str) -> Any:
        return export(self.paths, "news", environ=environ or None)

    def exported(self) -> Any:
        run = self.export()
        assert run["status"] == "done", run["error"]
        return run

    def manifest(self, run_id: str) -> dict[str, Any]:
        [path] = self.outbox.rglob(f"news-{run_id}.manifest.json")
        document: dict[str, Any] = json.loads(path.read_text())
        return document

    def contents(self, outbox: Path | None = None) -> dict[str, bytes]:
        """Everything below an outbox, hidden files too."""
        root = outbox or self.outbox
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    def killing(self, step: str, whom: str) -> dict[str, str]:
        """The environment in which a worker kills itself, or the core, once."""
        return {
            "PYTHONPATH": str(KILLING),
            "KILL_AT": step,
            "KILL_WHOM": whom,
            "KILL_MARK": str(self.folder / "killed"),
        }


class Delivery:
    """What a receiver has of two runs."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder = folder
        self.key = key
        self.older, self.manifest = sorted(folder.glob("*.manifest.json"))
        self.document = json.loads(self.manifest.read_text())
        self.files = [folder / file["path"] for file in self.document["files"]]

    def edit(self, old: str, new: str) -> None:
        """Edit the manifest."""
        text = self.manifest.read_text()
        assert old in text
        self.manifest.write_text(text.replace(old, new))


def make_key(path: Path, *arguments: str) -> Path:
    """Make a key pair as a sysadmin would; return the private one."""
    kind = () if "-t" in arguments else ("-t", "ed25519")
    phrase = () if "-N" in arguments else ("-N", "")
    subprocess.run(
        ["ssh-keygen", "-q", "-C", "office", "-f", str(path), *kind, *phrase, *arguments],
        check=True,
    )
    return path
