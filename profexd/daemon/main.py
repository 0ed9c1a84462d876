"""The daemon from start to end: lock, store, core, socket, watcher, signals, exit code."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

import profexd
from profexd.api.errors import ConfigurationInvalid, ProfexdError
from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.daemon import logs as daemon_logs
from profexd.daemon.control import SocketUnusable, listen
from profexd.daemon.core import Core, Places
from profexd.daemon.home import DirectoryRefused, Held, Lock, private_directory, private_files
from profexd.daemon.hub import Hub
from profexd.daemon.metrics import Metrics
from profexd.daemon.previews import Previews
from profexd.daemon.records import Run
from profexd.daemon.reload import Reloader
from profexd.daemon.routes import Api
from profexd.daemon.runlog import RunLogs
from profexd.daemon.shutdown import Shutdown
from profexd.daemon.store import Store
from profexd.daemon.supervisor import WORKER
from profexd.daemon.systemd import Notifier
from profexd.daemon.watch import Look, Watcher, look

if TYPE_CHECKING:
    from profexd.config.model import Configuration
    from profexd.config.paths import Paths

log = logging.getLogger("profexd")

EX_OK, EX_BUG, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 0, 1, 69, 75, 78


def serve(
    paths: Paths,
    *,
    log_format: str | None,
    log_level: str | None,
    environ: Mapping[str, str] | None = None,
    argv: Sequence[str] = WORKER,
) -> int:
    """Run the daemon in the foreground; return its exit code."""
    environ = os.environ if environ is None else environ
    daemon_logs.configure(log_format or "auto", log_level or "info", environ=environ)
    lock = Lock(paths.state, "daemon", hint="stop it first, or name another directory with --state")
    try:
        private_directory(paths.state)
        private_directory(paths.spool)
        private_files(paths.state)
        lock.take()
        taken = look(paths.config)
        configuration = _first(paths)
        settings = configuration.settings
        daemon_logs.configure(
            log_format or settings.log_format, log_level or settings.log_level, environ=environ
        )
        return asyncio.run(_serve(paths, configuration, taken, environ, argv))
    except (Held, SocketUnusable) as why:
        _say(why)
        return EX_UNAVAILABLE
    except (ConfigurationInvalid, DirectoryRefused) as why:
        _say(why)
        return EX_CONFIG
    finally:
        lock.release()


def _first(paths: Paths) -> Configuration:
    """Read the files for the first time; broken settings are no start, a broken pipeline is."""
    if not paths.config.is_dir():
        raise ConfigurationInvalid(
            f"there is no configuration directory {paths.config}",
            hint="profexd init makes one; --config or PROFEXD_CONFIG names another",
        )
    configuration = load(paths.config, load_catalog(), system_mode=paths.system_mode)
    settings = [
        problem
        for problem in configuration.problems
        if problem["severity"] == "error" and Path(problem["file"]).name == "profexd.toml"
    ]
    if settings:
        first = settings[0]
        raise ConfigurationInvalid(
            f"{first['file']}:{first['line']}:{first['column']}: {first['key']}: "
            f"{first['message']}" + (f" (and {len(settings) - 1} more)" if settings[1:] else ""),
            hint=first["hint"] or "profexd check lists every problem",
        )
    return configuration


def _say(why: ProfexdError) -> None:
    log.error(why.message, extra={"code": why.error_code, "hint": why.hint})


async def _serve(
    paths: Paths,
    configuration: Configuration,
    taken: Look,
    environ: Mapping[str, str],
    argv: Sequence[str],
) -> int:
    boot_id = uuid.uuid4().hex
    started_at = _now()
    catalog = load_catalog()
    notifier = Notifier(environ)
    metrics = Metrics(boot_time=started_at.timestamp())
    async with AsyncExitStack() as stack:
        store = Store(paths.state / "profexd.db")
        stack.callback(store.close)
        logs = RunLogs(paths.state / "logs", _now)
        stack.callback(logs.close)
        hub = Hub(boot_id, _now)
        core = Core(
            places=Places(state=paths.state, spool=paths.spool),
            catalog=catalog,
            configuration=configuration,
            store=store,
            logs=logs,
            hub=hub,
            now=_now,
            environ=environ,
            argv=argv,
            observe=lambda run: _observe(run, metrics),
        )
        stack.push_async_callback(core.runs.removed)
        metrics.watch(
            running=lambda: len(core.runs.active),
            broken=sum(row["status"] == "broken" for row in catalog.rows),
        )
        metrics.reloaded(started_at.timestamp(), ok=not _errors(configuration))

        def reloaded(ok: bool) -> None:
            metrics.reloaded(_now().timestamp(), ok=ok)
            notifier.ready(_status(core))

        reloader = Reloader(
            core,
            lambda previous: load(
                paths.config, catalog, previous=previous, system_mode=paths.system_mode
            ),
            began=notifier.reloading,
            done=reloaded,
        )
        api = Api(
            core=core,
            reloader=reloader,
            previews=Previews(core, paths.spool, _now),
            metrics=metrics,
            paths=paths,
            boot_id=boot_id,
            started_at=started_at,
        )
        stopping = Shutdown(core, notifier, reloader)
        listening = listen(paths.socket)
        stack.callback(paths.socket.unlink, missing_ok=True)
        runner = web.AppRunner(
            api.application(), handle_signals=False, access_log=None, shutdown_timeout=1
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback(hub.close)
        core.begin()
        serving = asyncio.create_task(core.serve(), name="core")
        await web.SockSite(runner, listening).start()
        if configuration.settings.metrics_listen:
            await _listen_metrics(stack, configuration.settings.metrics_listen, metrics)
        watcher = Watcher(paths.config, lambda: reloader.reload("watch"), taken=taken)
        watching = asyncio.create_task(watcher.watch(stopping.begun), name="watch")
        stopping.install(asyncio.get_running_loop(), terminal=sys.stdin.isatty())
        faulthandler.enable()
        log.info(
            "started",
            extra={
                "version": profexd.__version__,
                "config": str(paths.config),
                "socket": str(paths.socket),
                "pipelines": len(configuration.pipelines),
                "problems": len(configuration.problems),
            },
        )
        notifier.ready(_status(core))
        notifier.start_watchdog(metrics.loop_lag)
        stack.callback(notifier.close)
        await serving
        stopping.begun.set()
        await watching
        stopping.close()
        log.info("stopped", extra={"aborted": stopping.aborted})
        return EX_TEMPFAIL if stopping.aborted else EX_OK


async def _listen_metrics(stack: AsyncExitStack, address: str, metrics: Metrics) -> None:
    host, _, port = address.rpartition(":")

    async def render(request: web.Request) -> web.Response:
        text, content_type = metrics.render()
        return web.Response(body=text, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", render)
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except (OSError, ValueError) as why:
        raise SocketUnusable(
            f"cannot listen on {address} for metrics: {why}",
            hint='metrics.listen in profexd.toml is "HOST:PORT"; empty: the socket alone',
        ) from why


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


def _errors(configuration: Configuration) -> bool:
    return any(problem["severity"] == "error" for problem in configuration.problems)


def _status(core: Core) -> str:
    entries = core.configuration.pipelines.values()
    invalid = sum(entry.invalid for entry in entries)
    return f"{len(entries)} pipelines, {len(core.runs.active)} running, {invalid} invalid"


def _now() -> datetime:
    return datetime.now(UTC)
