"""A core on a stage: real files, store and children, a clock that a test moves."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.config.paths import Paths
from profexd.daemon import inbox
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.api.control import listen
from profexd.daemon.api.hub import Hub
from profexd.daemon.api.metrics import Metrics
from profexd.daemon.api.routes import Api
from profexd.daemon.core import Core
from profexd.daemon.errands.inspections import Inspections
from profexd.daemon.errands.previews import Previews
from profexd.daemon.life.home import private_directory
from profexd.daemon.life.reload import Reloader
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import Child
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store

SCRIPTED = (sys.executable, "-m", "tests.daemon.scripted_worker")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


Ask = Callable[..., Coroutine[Any, Any, tuple[int, Any]]]


def run_async(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


class Clock:
    """The time is what a test says."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Stage:
    """One installation; ``playing`` is one life of a daemon's core in it."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    concurrent_runs: int = 2
    settings: str = ""

    def __post_init__(self) -> None:
        for kind in ("pipelines", "sources", "sinks"):
            (self.config / kind).mkdir(parents=True)
        (self.config / "profexd.toml").write_text(
            f"{self.settings}\n[limits]\nconcurrent_runs = {self.concurrent_runs}\n"
        )
        (self.config / "sources/warehouse.toml").write_text(
            f'type = "duckdb"\ndatabase = "{self.root}/w.duckdb"\ntable = "profiles"\n'
        )
        (self.config / "sinks/lake.toml").write_text(f'type = "file"\nroot = "{self.root}/out"\n')

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def gate(self) -> Path:
        """``slow-publishing`` waits for this file."""
        return self.root / "gate"

    def write(self, name: str, schedule: str = "manual", **keys: str) -> Path:
        """Write a pipeline; ``schedule`` is a text, or an inline table."""
        lines = {
            "source": '"warehouse"',
            "sink": '"lake"',
            "path": f'"{name}.csv"',
            "format": '{ type = "csv" }',
            "schedule": schedule if schedule.startswith("{") else f'"{schedule}"',
            **keys,
        }
        path = self.config / f"pipelines/{name}.toml"
        path.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        return path

    @asynccontextmanager
    async def playing(self, **options: Any) -> AsyncIterator[Play]:
        private_directory(self.root / "state")
        private_directory(self.spool)
        store = Store(self.root / "state/profexd.db")
        logs = RunLogs(self.root / "state/logs", self.clock)
        play = Play(self, store, logs, options)
        play.core.begin()
        serving = asyncio.create_task(play.core.serve())
        try:
            yield play
            play.core.post(inbox.Cancel())
            await serving
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            for active in play.core.roster.active.values():
                active.child.kill()
                await active.child.task
            await play.spool.removed()
            logs.close()
            store.close()


class Play:
    """One life of a core, and what a test sees of it."""

    def __init__(self, stage: Stage, store: Store, logs: RunLogs, options: dict[str, Any]) -> None:
        self.stage = stage
        self.store = store
        self.events: list[dict[str, Any]] = []
        self._told = asyncio.Event()
        self.spool = Spool(stage.spool)
        self.catalog = load_catalog()
        self.core = Core(
            spool=self.spool,
            catalog=self.catalog,
            configuration=load(stage.config, self.catalog),
            store=store,
            logs=logs,
            hub=Hub("boot", stage.clock, tap=self._tell),
            now=stage.clock,
            environ={**os.environ, "GATE": str(stage.gate)},
            **{"argv": SCRIPTED, **options},
        )

    def _tell(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self._told.set()

    @asynccontextmanager
    async def at_the_door(self) -> AsyncIterator[Ask]:
        """Serve the API on ``<root>/door``; yield what asks it."""
        root = self.stage.root
        paths = Paths(
            config=self.stage.config,
            state=root / "state",
            spool=self.stage.spool,
            socket=root / "door",
            system_mode=False,
        )
        api = self.api = Api(
            core=self.core,
            reloader=Reloader(
                self.core,
                lambda previous: load(paths.config, self.catalog),
                Inspections(self.core.supervisor, self.spool, self.store.state, self.stage.clock),
            ),
            previews=Previews(self.core, self.store, self.spool, self.stage.clock),
            metrics=Metrics(boot_time=0.0),
            audit=AuditLog(paths.state / "audit", self.stage.clock),
            paths=paths,
            started_at=self.stage.clock.now,
        )
        runner = web.AppRunner(api.application(), handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listen(paths.socket)).start()

        async def ask(method: str, path: str, text: str = "") -> tuple[int, Any]:
            reader, writer = await asyncio.open_unix_connection(paths.socket)
            length = f"Content-Length: {len(text)}\r\n" if text else ""
            writer.write(f"{method} {path} HTTP/1.0\r\n{length}\r\n{text}".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            return int(head.split()[1]), json.loads(body)

        try:
            yield ask
        finally:
            self.core.hub.close()
            await runner.cleanup()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for events until the condition holds."""
        async with asyncio.timeout(60):
            while not condition():
                self._told.clear()
                await self._told.wait()

    async def child(self) -> Child:
        """Wait for the one child there will be."""
        async with asyncio.timeout(60):
            while not self.core.supervisor.children:  # noqa: ASYNC110 - a child tells no event
                await asyncio.sleep(0.01)
        (child,) = self.core.supervisor.children
        return child

    async def tick(self, **duration: float) -> None:
        """Move the clock, and let the core look at it."""
        self.stage.clock.forward(**duration)
        await self.core.ask(inbox.Tick())

    async def reload(self) -> None:
        previous = self.core.configuration
        configuration = load(self.stage.config, self.catalog, previous=previous)
        await self.core.ask(inbox.Loaded(configuration))

    async def run_now(self, name: str) -> Run:
        run: Run = await self.core.ask(inbox.RunNow(name, "tester"))
        return run

    async def phase(self, run_id: str, phase: str) -> None:
        """Wait until a run has reached a phase."""
        await self.until(lambda: self.run(run_id).phase == phase)

    async def over(self, run_id: str) -> Run:
        """Wait until a run is over."""
        await self.until(lambda: self.run(run_id).status.finished)
        return self.run(run_id)

    async def settled(self, name: str) -> None:
        """Wait until no run of a pipeline waits or runs."""
        await self.until(lambda: not self.core.roster.unfinished(name))

    def run(self, run_id: str) -> Run:
        return self.core.roster.find(run_id)

    def runs(self, name: str | None = None) -> list[Run]:
        """Return runs, oldest first."""
        return self.core.roster.recent(pipeline=name, status=None, limit=100)[::-1]

    def states(self, name: str | None = None) -> list[str]:
        return [str(run.status) for run in self.runs(name)]

    def log(self, run_id: str) -> str:
        return (self.stage.root / f"state/logs/{run_id}.log").read_text()
