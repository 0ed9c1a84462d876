"""``profexd`` without a verb: check the ground, take the lock, live, and say how it ended."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from profexd.api.errors import ConfigurationInvalid, ProfexdError
from profexd.config.again import Readings
from profexd.config.catalog import Catalog, load_catalog
from profexd.config.loading import load
from profexd.daemon.api.control import SocketUnusable
from profexd.daemon.life import logs
from profexd.daemon.life.home import DirectoryRefused, Held, Lock, private_directory, private_files
from profexd.daemon.life.life import Life
from profexd.daemon.life.watch import look
from profexd.daemon.runs.supervisor import WORKER
from profexd.daemon.state.database import StoreUnusable
from profexd.daemon.state.recorded import past

if TYPE_CHECKING:
    from profexd.config.model import Configuration
    from profexd.config.paths import Paths

log = logging.getLogger("profexd")

EX_OK, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 0, 69, 75, 78


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

    def configure_log(configuration: Configuration | None) -> None:
        settings = None if configuration is None else configuration.settings
        logs.configure(
            log_format or (settings.log_format if settings else "auto"),
            log_level or (settings.log_level if settings else "info"),
            environ=environ,
        )

    configure_log(None)
    lock = Lock(paths.state, "daemon", hint="stop it first, or name another --state")
    try:
        private_directory(paths.state)
        private_directory(paths.spool)
        private_files(paths.state)
        lock.take()
        taken = look(paths.config)
        readings = Readings()
        with _collecting_nothing():
            catalog = load_catalog()
            configuration = _first(paths, catalog, readings)
        life = Life(
            paths=paths,
            catalog=catalog,
            configuration=configuration,
            readings=readings,
            taken=taken,
            environ=environ,
            argv=argv,
            configure_log=configure_log,
            terminal=sys.stdin is not None and sys.stdin.isatty(),
        )
        configure_log(life.configuration)
        return EX_OK if asyncio.run(life.live()) else EX_TEMPFAIL
    except (Held, SocketUnusable, StoreUnusable) as why:
        _say(why)
        return EX_UNAVAILABLE
    except (ConfigurationInvalid, DirectoryRefused) as why:
        _say(why)
        return EX_CONFIG
    finally:
        lock.release()


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Look for no garbage: what is read at the start stays, and there may be much of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _first(paths: Paths, catalog: Catalog, readings: Readings) -> Configuration:
    """Read the files for the first time; broken settings are no start, a broken pipeline is."""
    if not paths.config.is_dir():
        raise ConfigurationInvalid(
            f"there is no configuration directory {paths.config}",
            hint="profexd init makes one; --config or PROFEXD_CONFIG names another",
        )
    configuration = load(
        paths.config,
        catalog,
        system_mode=paths.system_mode,
        past=past(paths.state, datetime.now(UTC)),
        readings=readings,
    )
    errors = [
        problem
        for problem in configuration.problems
        if problem["severity"] == "error" and Path(problem["file"]).name == "profexd.toml"
    ]
    if errors:
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
        raise ConfigurationInvalid(
            f"{first['file']}:{first['line']}:{first['column']}: {first['key']}: "
            f"{first['message']}{more}",
            hint=first["hint"] or "profexd check lists every problem",
        )
    return configuration


def _say(why: ProfexdError) -> None:
    log.error(why.message, extra={"code": why.error_code, "hint": why.hint})
