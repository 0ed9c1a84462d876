"""A complete installation below one folder, driven from outside by its two commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
WAIT_SECONDS = 90.0


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Site:
    """Configuration, state, spool, socket and outbox of one installation."""

    def __init__(self, folder: Path, warehouse: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.outbox = folder / "outbox"
        self.spool = folder / "spool"
        self.state = folder / "state"
        self.socket = folder / "s.sock"
        self.daemon: subprocess.Popen[str] | None = None
        for kind in ("sources", "sinks", "pipelines"):
            (self.config / kind).mkdir(parents=True)
        self.write(
            "sources/warehouse.toml",
            f'type = "duckdb"\ndatabase = "{warehouse}"\ntable = "profiles"\n'
            '[profiles]\nkey = "profile_id"\n',
        )
        self.write("sinks/outbox.toml", f'type = "file"\nroot = "{self.outbox}"\n')

    # --- files

    def write(self, name: str, text: str) -> Path:
        path = self.config / name
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text(text)
        temporary.rename(path)
        return path

    def pipeline(self, name: str, **keys: str) -> Path:
        """Write a pipeline: CSV of all profiles to ``NAME.csv``, unless ``keys`` say otherwise.

        Values are TOML; ``format`` is the body of its table.
        """
        format_body = keys.pop("format", 'type = "csv"')
        top = {"source": '"warehouse"', "sink": '"outbox"', "path": f'"{name}.csv"', **keys}
        lines = [f"{key} = {value}" for key, value in top.items()]
        return self.write(
            f"pipelines/{name}.toml", "\n".join([*lines, "[format]", format_body]) + "\n"
        )

    def delivered(self) -> list[str]:
        """Every file a reader of the outbox would take."""
        return [name for name in self.everything() if not Path(name).name.startswith(".")]

    def everything(self) -> list[str]:
        return sorted(
            str(p.relative_to(self.outbox)) for p in self.outbox.rglob("*") if p.is_file()
        )

    # --- commands

    def _flags(self) -> list[str]:
        return [
            f"--config={self.config}",
            f"--state={self.state}",
            f"--spool={self.spool}",
            f"--socket={self.socket}",
        ]

    def profexd(self, *arguments: str, **environ: str) -> Answer:
        return _run([str(BIN / "profexd"), *arguments, *self._flags()], environ)

    def profexctl(self, *arguments: str) -> Answer:
        return _run([str(BIN / "profexctl"), *arguments, f"--socket={self.socket}"], {})

    # --- the daemon

    def start(self, **environ: str) -> None:
        log = (self.folder / "daemon.log").open("a")
        self.daemon = subprocess.Popen(
            [str(BIN / "profexd"), *self._flags()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            env={**os.environ, **environ},
        )
        log.close()
        self.until(self._answers, "the daemon answers")

    def _answers(self) -> bool:
        return self.profexctl("ping").code == 0

    def stop(self) -> int:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(timeout=WAIT_SECONDS)
        self.daemon = None
        return code

    def kill(self) -> None:
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait(timeout=WAIT_SECONDS)
        self.daemon = None

    def workers(self) -> list[int]:
        """The processes of runs below our daemon."""
        assert self.daemon is not None
        return children(self.daemon.pid)

    # --- waiting

    def until(self, condition: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                log = self.folder / "daemon.log"
                tail = log.read_text()[-3000:] if log.exists() else ""
                raise AssertionError(f"waited in vain until {what}\n{tail}")
            time.sleep(0.05)

    def run(self, run_id: str) -> Any:
        return self.profexctl("show", run_id, "--json").json

    def finished(self, run_id: str) -> Any:
        """Wait until the run has ended, and return it."""

        def ended() -> Any:
            run = next(r for r in self.profexctl("runs", "--json").json if r["run_id"] == run_id)
            return run if run["status"] not in ("pending", "running") else None

        return self.until(ended, f"run {run_id} ends")

    def listed(self) -> dict[str, Any]:
        answer = self.profexctl("list", "--json")
        assert answer.code == 0, answer.err
        return {pipeline["name"]: pipeline for pipeline in answer.json}


def children(pid: int) -> list[int]:
    listing = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "profexd.worker"], capture_output=True, text=True
    )
    return [int(line) for line in listing.stdout.split()]


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    return "State:\tZ" not in status


def _run(command: list[str], environ: dict[str, str]) -> Answer:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=150,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)
