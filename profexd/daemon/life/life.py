"""One life of the daemon: its parts are put together, serve, and are taken apart in order."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import profexd
from profexd.config.again import Readings
from profexd.config.loading import load
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.api.doors import Doors
from profexd.daemon.api.hub import Hub
from profexd.daemon.api.metrics import Metrics
from profexd.daemon.api.routes import Api
from profexd.daemon.api.standing import Standing
from profexd.daemon.core import Core
from profexd.daemon.errands.inspections import Inspections
from profexd.daemon.errands.previews import Previews
from profexd.daemon.life.looplag import watch_loop
from profexd.daemon.life.reload import Reloader, log_problems
from profexd.daemon.life.shutdown import Shutdown
from profexd.daemon.life.systemd import Notifier
from profexd.daemon.life.watch import Look, Watcher
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.state.recorded import past
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration
    from profexd.config.paths import Paths

log = logging.getLogger("profexd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a life begins with; the state directory's lock is ours."""

    paths: Paths
    catalog: Catalog
    configuration: Configuration
    readings: Readings
    """What the files said when the configuration was read."""
    taken: Look
    """How the files looked just before they were read."""
    environ: Mapping[str, str]
    argv: Sequence[str]
    configure_log: Callable[[Configuration], None]
    terminal: bool

    async def live(self) -> bool:
        """Serve until a signal ends it; return whether every run could finish."""
        started_at = _now()
        notifier = Notifier(self.environ)
        metrics = Metrics(boot_time=started_at.timestamp())
        async with AsyncExitStack() as stack:
            store = Store(self.paths.state / "profexd.db")
            stack.callback(store.close)
            audit = AuditLog(self.paths.state / "audit", _now)
            core = self._core(stack, store, metrics, notifier, audit)

            following: set[asyncio.Task[None]] = set()

            def reloaded(ok: bool) -> None:
                self.configure_log(core.configuration)
                task = asyncio.create_task(
                    doors.follow(core.configuration.settings.metrics_listen), name="doors"
                )
                following.add(task)
                task.add_done_callback(following.discard)
                metrics.reloaded(_now().timestamp(), ok=ok)
                metrics.keep(core.configuration.pipelines)
                notifier.ready(_status(core))

            inspections = Inspections(core.supervisor, Spool(self.paths.spool), store.state, _now)
            reloader = Reloader(
                core, self._load, inspections, began=notifier.reloading, done=reloaded
            )
            shutdown = Shutdown(core, notifier, reloader)
            api = Api(
                core=core,
                reloader=reloader,
                previews=Previews(core, store, Spool(self.paths.spool), _now),
                metrics=metrics,
                audit=audit,
                paths=self.paths,
                started_at=started_at,
            )
            doors = Doors(self.paths.socket, api)
            stack.push_async_callback(doors.close)
            await doors.prepare(self.configuration.settings.metrics_listen)
            # Streams end first, or closing would wait for them.
            stack.callback(core.hub.close)
            # Nobody may ask before there are answers, and nothing may run that could not be
            # stopped.
            core.begin()
            await doors.open()
            serving = asyncio.create_task(core.serve(), name="core")
            watcher = Watcher(self.paths.config, lambda: reloader.reload("watch"), taken=self.taken)
            watching = asyncio.create_task(watcher.watch(shutdown.begun), name="watch")
            guarding = asyncio.create_task(doors.guard(shutdown.begun), name="guard")
            await reloader.begin()
            stack.push_async_callback(reloader.close)
            shutdown.install(asyncio.get_running_loop(), terminal=self.terminal)
            self._say_started()
            notifier.ready(_status(core))
            notifier.start_watchdog()
            stack.callback(notifier.close)
            stack.callback(watch_loop(asyncio.get_running_loop(), metrics.loop_lag))
            await serving
            shutdown.begun.set()
            await asyncio.gather(watching, guarding, *following)
            shutdown.close()
            log.info("stopped", extra={"aborted": shutdown.aborted})
            return not shutdown.aborted

    def _core(
        self,
        stack: AsyncExitStack,
        store: Store,
        metrics: Metrics,
        notifier: Notifier,
        audit: AuditLog,
    ) -> Core:
        logs = RunLogs(self.paths.state / "logs", _now)
        stack.callback(logs.close)
        spool = Spool(self.paths.spool)
        stack.push_async_callback(spool.removed)

        def observe(run: Run) -> None:
            _observe(run, metrics)
            notifier.status(_status(core))

        core = Core(
            spool=spool,
            catalog=self.catalog,
            configuration=self.configuration,
            store=store,
            logs=logs,
            hub=Hub(uuid.uuid4().hex, _now),
            now=_now,
            environ=self.environ,
            argv=self.argv,
            observe=observe,
            noticed=metrics.noticed,
            audit=audit,
        )
        metrics.watch(Standing(core, store))
        problems = self.configuration.problems
        valid = not any(problem["severity"] == "error" for problem in problems)
        metrics.reloaded(_now().timestamp(), ok=valid)
        metrics.delivered_before(store.last_delivered())
        metrics.keep(self.configuration.pipelines)
        return core

    def _load(self, previous: Configuration | None) -> Configuration:
        return load(
            self.paths.config,
            self.catalog,
            previous=previous,
            system_mode=self.paths.system_mode,
            past=past(self.paths.state, _now()),
            readings=self.readings,
        )

    def _say_started(self) -> None:
        faulthandler.enable()
        log_problems(self.configuration.problems)
        log.info(
            "started",
            extra={
                "version": profexd.__version__,
                "config": str(self.paths.config),
                "socket": str(self.paths.socket),
                "pipelines": len(self.configuration.pipelines),
                "problems": len(self.configuration.problems),
            },
        )


def _observe(run: Run, metrics: Metrics) -> None:
    """Count a run that is over, and say so in one line."""
    metrics.observe(run)
    took = None
    if run.started_at is not None and run.finished_at is not None:
        took = round((run.finished_at - run.started_at).total_seconds() * 1000)
    extra = {
        "pipeline": run.pipeline,
        "run_id": run.run_id,
        "status": str(run.status),
        "trigger": str(run.trigger),
        "attempt": run.attempt,
        "rows": run.rows,
        "bytes": run.bytes,
        "duration_ms": took,
    }
    if run.error is None:
        log.info("run", extra=extra)
    else:
        log.error("run", extra={**extra, "code": run.error["code"], "error": run.error["message"]})


def _status(core: Core) -> str:
    pipelines = len(core.configuration.pipelines)
    return (
        f"{pipelines} pipelines, {len(core.roster.active)} running, {core.board.failing()} failing"
    )


def _now() -> datetime:
    return datetime.now(UTC)
