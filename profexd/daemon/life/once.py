"""``profexd export NAME``: the core in this process for one run, recorded as the daemon would."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ConfigurationInvalid, Permanent
from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.daemon import inbox
from profexd.daemon.api.access import caller
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.api.hub import Hub
from profexd.daemon.core import Core
from profexd.daemon.life.home import Lock, private_directory, private_files
from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import WORKER
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.wire import RunJson

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration
    from profexd.config.paths import Paths

OnEvent = Callable[[dict[str, Any]], None]


class UnknownPipeline(Permanent):
    """No file has this name."""

    code = "unknown_pipeline"


def export(
    paths: Paths,
    name: str,
    *,
    on_event: OnEvent | None = None,
    environ: Mapping[str, str] | None = None,
    argv: Sequence[str] = WORKER,
) -> RunJson:
    """Run one pipeline here and now, whatever its schedule and pause say.

    Recovers first. Waits while another export holds the state directory. Raises ProfexdError
    where there is no run: ``config_invalid``, ``unknown_pipeline``, ``disabled``,
    ``daemon_running``. INT, TERM and HUP stop the run.
    """
    catalog = load_catalog()
    configuration = load(paths.config, catalog, system_mode=paths.system_mode)
    _refuse(configuration, name)
    private_directory(paths.state)
    private_directory(paths.spool)
    private_files(paths.state)
    lock = Lock(paths.state, "export", hint=f"profexctl run {name} --wait")
    lock.wait(refuse="daemon")
    try:
        return asyncio.run(
            _export(
                paths,
                name,
                catalog=catalog,
                configuration=configuration,
                on_event=on_event or (lambda event: None),
                environ=os.environ if environ is None else environ,
                argv=argv,
            )
        )
    finally:
        lock.release()


def _refuse(configuration: Configuration, name: str) -> None:
    entry = configuration.pipelines.get(name)
    if entry is None:
        known = ", ".join(sorted(configuration.pipelines)) or "none"
        raise UnknownPipeline(
            f"there is no pipeline {name} in {configuration.directory / 'pipelines'}",
            hint=f"there are: {known}",
        )
    settings = [p for p in configuration.problems if p["file"].endswith("profexd.toml")]
    errors = [p for p in (*settings, *entry.problems) if p["severity"] == "error"]
    if errors:
        raise ConfigurationInvalid(
            "\n".join(
                f"{p['file']}:{p['line']}:{p['column']}: {p['key']}: {p['message']}" for p in errors
            ),
            hint=errors[0]["hint"] or f"profexd check lists every problem of {name}",
        )


async def _export(
    paths: Paths,
    name: str,
    *,
    catalog: Catalog,
    configuration: Configuration,
    on_event: OnEvent,
    environ: Mapping[str, str],
    argv: Sequence[str],
) -> RunJson:
    spool = Spool(paths.spool)
    store = Store(paths.state / "profexd.db")
    logs = RunLogs(paths.state / "logs", _now)
    over: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
    mine: list[str] = []

    def observe(run: Run) -> None:
        if run.run_id in mine and not over.done():
            over.set_result(run)

    hub = Hub(uuid.uuid4().hex, _now, tap=on_event)
    audit = AuditLog(paths.state / "audit", _now)
    core = Core(
        spool=spool,
        catalog=catalog,
        configuration=configuration,
        store=store,
        logs=logs,
        hub=hub,
        now=_now,
        environ=environ,
        argv=argv,
        observe=observe,
        scheduling=False,
        audit=audit,
    )
    core.begin()
    serving = asyncio.create_task(core.serve(), name="core")
    try:
        run = await core.ask(inbox.RunNow(name, _user(), export=True))
        if run.status.finished:
            # A held run is in its way.
            over.set_result(run)
        mine.append(run.run_id)
        who = caller(os.getuid(), os.getgid(), configuration.settings)
        audit.write(
            user=who.name,
            uid=who.uid,
            role=who.role.name.lower(),
            action="export",
            about=name,
            details={"run_id": run.run_id},
        )
        _stop_on_signal(core, run.run_id)
        ended = await over
        core.post(inbox.Drain())
        await serving
        await spool.removed()
        return ended.as_json()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        logs.close()
        store.close()


def _stop_on_signal(core: Core, run_id: str) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a HUP is to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, lambda: core.post(inbox.StopRun(run_id, _user())))


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _now() -> datetime:
    return datetime.now(UTC)
