"""Measures a daemon with many pipelines: its start, reloads, rest, and runs in a row."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.measure import ROOT
from benchmarks.report import measured
from profexd.client import Client, ClientError, connect
from profexd.wire import RunStatus

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 120.0
_LOOKS = 5
"""How often memory and the like are looked at in a long row of runs."""

_SERVE = """
import json, sys
from pathlib import Path
from profexd.config.paths import Paths
from profexd.daemon.life.main import serve
worker, (config, state, spool, socket) = json.loads(sys.argv[1]), map(Path, sys.argv[2:])
paths = Paths(config=config, state=state, spool=spool, socket=socket, system_mode=False)
sys.exit(serve(paths, log_format=None, log_level=None, argv=worker))
"""
"""The daemon with another worker."""
_SOURCE = """\
type = "duckdb"
database = "{database}"
table = "customers"
[profiles]
key = "id"
"""
_RUIN = """\
type = "duckdb"
database = "{database}"
query = "SELECT id, name, CAST(name AS INTEGER) AS visits, country FROM customers"
[profiles]
key = "id"
"""
_SINK = """\
type = "file"
root = "{root}"
"""
_PIPELINE = """\
description = "Pipeline {number}"
source = "warehouse"
sink = "outbox"
path = "{name}/customers-${{today}}.csv.gz"
compression = "gzip"
schedule = "daily at 03:00"
order_by = ["name", "-id"]

[format]
type = "csv"
separator = ";"

[filter]
conditions = [
  {{ property = "country", operator = "is one of", values = ["IT", "FR"] }},
  {{ property = "visits", operator = "is between", values = [1, 5] }},
]
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a process has at a moment; seconds of CPU since it began."""

    cpu: float
    rss: int
    descriptors: int
    threads: int
    children: int

    @classmethod
    def at(cls, pid: int) -> Look:
        """Look at a process."""
        proc = Path(f"/proc/{pid}")
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        status = dict(
            line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line
        )
        return cls(
            cpu=(int(fields[11]) + int(fields[12])) / _TICKS,
            rss=int(status["VmRSS"].split()[0]) * 1024,
            descriptors=len(list((proc / "fd").iterdir())),
            threads=int(status["Threads"]),
            children=len((proc / f"task/{pid}/children").read_text().split()),
        )

    def row(self, what: str) -> str:
        """Return a row of a table."""
        numbers = (f"{self.rss / 1e6:.0f}", self.descriptors, self.threads, self.children)
        return f"| {what} | {' | '.join(map(str, numbers))} |"


class Daemon:
    """A daemon with so many pipelines, below a folder of its own."""

    def __init__(
        self,
        folder: Path,
        pipelines: int,
        *,
        settings: str = '[spool]\nkeep = "0"\n',
        worker: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._worker = worker
        self._config = folder / "config"
        for kind in ("sources", "sinks", "pipelines"):
            (self._config / kind).mkdir(parents=True)
        database = folder / "warehouse.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute(
                "CREATE TABLE customers AS SELECT i AS id, 'name ' || i AS name, i % 7 AS visits,"
                " ['IT', 'FR', 'DE'][1 + i % 3] AS country FROM range(10) r(i)"
            )
        self._write("profexd.toml", settings)
        self._write("sources/warehouse.toml", _SOURCE.format(database=database))
        self._write("sinks/outbox.toml", _SINK.format(root=folder / "outbox"))
        for number in range(pipelines):
            self.pipeline(number)
        self._socket = folder / "s"
        self.client: Client = connect(self._socket)
        self._process: subprocess.Popen[bytes] | None = None

    def pipeline(self, number: int, more: str = "", *, broken: bool = False) -> None:
        """Write a pipeline; one that is ``broken`` fails in each of its runs."""
        name = f"p{number:04}"
        text = _PIPELINE.format(number=number, name=name) + more
        if broken:
            text = text.replace('source = "warehouse"', 'source = "ruin"')
            self._write(
                "sources/ruin.toml", _RUIN.format(database=self.folder / "warehouse.duckdb")
            )
        self._write(f"pipelines/{name}.toml", text)

    def start(self) -> tuple[float, float]:
        """Start it; return the seconds until it answers, and of CPU until then."""
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            places = [self._config, *(self.folder / name for name in ("state", "spool", "s"))]
            options = zip(("config", "state", "spool", "socket"), places, strict=True)
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, json.dumps(self._worker), *map(str, places)]
                if self._worker
                else [sys.executable, "-m", "profexd", *(f"--{key}={at}" for key, at in options)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.until(self._answers)
        return time.perf_counter() - began, self.look().cpu

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()

    def look(self) -> Look:
        """Look at its process."""
        assert self._process is not None
        return Look.at(self._process.pid)

    def took(self, work: Callable[[], object]) -> tuple[float, float]:
        """Return the seconds that some work takes, and those of the daemon's CPU."""
        cpu, began = self.look().cpu, time.perf_counter()
        work()
        return time.perf_counter() - began, self.look().cpu - cpu

    def run(self, number: int) -> None:
        """Run a pipeline to its end."""
        run_id = self.client.run_now(f"p{number:04}")["run_id"]
        self.until(lambda: RunStatus(self.client.run(run_id)["status"]).finished)
        status = self.client.run(run_id)["status"]
        assert status == RunStatus.DONE, status

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    def quiet(self) -> None:
        """Wait until it does nothing any more."""
        self.until(lambda: self.look().children == 0)

    def _answers(self) -> bool:
        try:
            self.client.info()
        except ClientError:
            return False
        return True

    def _write(self, name: str, text: str) -> None:
        path = self._config / name
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(path)


def section(folder: Path, *, pipelines: int, runs: int, rest: float) -> str:
    """Return what was found, as a section of the page."""
    daemon = Daemon(folder / "many", pipelines)
    try:
        first = daemon.start()
        daemon.quiet()
        daemon.stop()
        start = daemon.start()
        daemon.quiet()
        # Files that changed just now are always read again.
        time.sleep(3)
        unchanged = daemon.took(daemon.client.reload)
        daemon.pipeline(pipelines // 2, "# changed\n")
        changed = daemon.took(daemon.client.reload)
        # The watcher saw the change as well.
        time.sleep(5)
        daemon.quiet()
        idle = daemon.took(lambda: time.sleep(rest))
        at_rest = daemon.look()
        looks = [at_rest.row("before")]
        began = time.perf_counter()
        for number in range(1, runs + 1):
            daemon.run(number % pipelines)
            if number % max(1, runs // _LOOKS) == 0:
                daemon.quiet()
                looks.append(daemon.look().row(f"after {number:,} runs"))
        took = time.perf_counter() - began
    finally:
        daemon.stop()

    def row(what: str, found: tuple[float, float]) -> str:
        return f"| {what} | {found[0]:.2f} | {found[1]:.2f} |"

    return "\n".join(
        [
            f"{pipelines:,} pipelines in one daemon, whose targets are a start within 3 s, a reload"
            " within 1 s, 1 % of a core and 150 MB at rest.",
            "",
            "| | seconds | of its CPU |",
            "|---|---|---|",
            row("first start, until it answers", first),
            row("start, until it answers", start),
            row("reload, nothing changed", unchanged),
            row("reload, one file changed", changed),
            row("rest", idle),
            "",
            f"At rest it takes {100 * idle[1] / idle[0]:.2f} % of a core.",
            f"{runs:,} runs in a row took {took:.0f} s:",
            "",
            "| | MB | file descriptors | threads | children |",
            "|---|---|---|---|---|",
            *looks,
            "",
            measured(),
        ]
    )
