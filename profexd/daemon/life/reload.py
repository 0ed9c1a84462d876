"""Reading the configuration again: in a thread, one at a time, judged, taken over by the core."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.daemon import inbox
from profexd.daemon.core import Core
from profexd.daemon.errands.inspections import Inspections
from profexd.daemon.state.records import rfc3339
from profexd.wire import CheckJson, ProblemJson, ReloadJson

if TYPE_CHECKING:
    from profexd.config.model import Configuration

log = logging.getLogger(__name__)

_MOST_LOGGED = 50
_PATIENCE = 0.8
"""Seconds until files take effect, judged by their sources or not; then that comes later."""
_PATIENCE_OF_CHECK = 30.0

Load = Callable[["Configuration | None"], "Configuration"]
"""Reads the files, given what was valid before."""


class Reloader:
    """Reads the files on request. Requests that come while it reads share the next reading."""

    def __init__(
        self,
        core: Core,
        load: Load,
        inspections: Inspections,
        *,
        began: Callable[[], None] = lambda: None,
        done: Callable[[bool], None] = lambda ok: None,
    ) -> None:
        self._core = core
        self._load = load
        self._inspections = inspections
        self._began = began
        self._done = done
        self._reading = asyncio.Lock()
        self._waiting: asyncio.Task[CheckJson] | None = None
        self._read: Configuration = core.configuration
        """The files as last read, before they were judged by their sources."""
        self._good: Configuration = core.configuration
        """What was last judged to the end, or else began: what is found wrong falls back to it."""
        self._following: set[asyncio.Task[None]] = set()
        self.last: ReloadJson | None = None
        """The last reading of the files after the first."""

    async def begin(self) -> None:
        """Judge what the core began with."""
        self._follow(self._read, await self._inspections.begin(self._read), previous=None)

    async def close(self) -> None:
        """Judge no more."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def reload(self, source: str) -> CheckJson:
        """Take over what is right in the files, and say what is wrong."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._reload(source))
        return await asyncio.shield(self._waiting)

    async def check(self) -> CheckJson:
        """Say what is wrong in the files; changes nothing."""
        configuration = await asyncio.to_thread(self._load, self._core.configuration)
        asked = await self._inspections.begin(configuration, again=True)
        if asked:
            await asyncio.wait(asked, timeout=_PATIENCE_OF_CHECK)
        return _answer(self._inspections.judged(configuration, previous=self._good))

    def describe(self) -> dict[str, Any]:
        """Return what is in force: directory, revision, settings, files and problems."""
        configuration = self._core.configuration
        settings = dataclasses.asdict(configuration.settings)
        revisions = sorted(
            f"{name}:{entry.pipeline.revision if entry.pipeline else ''}"
            for name, entry in configuration.pipelines.items()
        )
        digest = hashlib.sha256(repr((sorted(settings.items(), key=str), revisions)).encode())
        return {
            "directory": str(configuration.directory),
            "revision": digest.hexdigest(),
            "settings": settings,
            "files": {
                "pipelines": sorted(configuration.pipelines),
                "sources": sorted(configuration.sources),
                "sinks": sorted(configuration.sinks),
            },
            "problems": list(configuration.problems),
        }

    async def _reload(self, source: str) -> CheckJson:
        async with self._reading:
            # From here on a new request needs a new reading.
            self._waiting = None
            self._began()
            before = self._core.configuration.problems
            started = time.monotonic()
            try:
                configuration = await self._taken_over()
            except ProfexdError:
                self._ended(source, ok=False)
                raise
            except Exception as why:
                self._ended(source, ok=False)
                log.exception("reload_failed")
                raise ProfexdError(
                    f"the files could not be read: {why}", hint="the daemon's log says more"
                ) from why
            answer = _answer(configuration)
            log_problems(configuration.problems, known=before)
            log.info(
                "reloaded",
                extra={
                    "source": source,
                    "pipelines": len(configuration.pipelines),
                    "problems": len(configuration.problems),
                    "duration_ms": round((time.monotonic() - started) * 1000),
                },
            )
            self._ended(source, ok=answer["ok"])
            return answer

    def _ended(self, source: str, *, ok: bool) -> None:
        self.last = {"at": rfc3339(self._core.now()), "source": source, "ok": ok}
        self._done(ok)

    async def _taken_over(self) -> Configuration:
        """Read the files, judge them as far as that is quick, and let the core take them over."""
        previous = self._good
        self._read = read = await asyncio.to_thread(self._load, self._last_good())
        asked = await self._inspections.begin(read)
        if asked:
            _, asked = await asyncio.wait(asked, timeout=_PATIENCE)
        judged = self._inspections.judged(read, previous=previous)
        await self._core.ask(inbox.Loaded(judged))
        if asked:
            self._follow(read, asked, previous=previous)
        else:
            self._good = judged
        return judged

    def _last_good(self) -> Configuration:
        """Return what a file that cannot be read falls back to: what is in force.

        That may be waiting for its judgement, and is what everybody sees.
        """
        return dataclasses.replace(self._good, pipelines=self._core.configuration.pipelines)

    def _follow(
        self,
        read: Configuration,
        asked: set[asyncio.Task[None]],
        *,
        previous: Configuration | None,
    ) -> None:
        task = asyncio.create_task(self._judge_later(read, asked, previous), name="judge")
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _judge_later(
        self,
        read: Configuration,
        asked: set[asyncio.Task[None]],
        previous: Configuration | None,
    ) -> None:
        """Take over what is found out about files that have been taken over already."""
        if asked:
            await asyncio.wait(asked)
        async with self._reading:
            if self._read is not read:
                return
            judged = self._inspections.judged(read, previous=previous)
            before = self._core.configuration.problems
            if judged.problems != before:
                try:
                    await self._core.ask(inbox.Loaded(judged))
                except ProfexdError as why:
                    # It ends, or could not write it down: the next reading judges again.
                    log.warning("judgement_not_taken", extra={"error": why.message})
                    return
                log_problems(judged.problems, known=before)
            self._good = judged


def log_problems(problems: Sequence[ProblemJson], *, known: Sequence[ProblemJson] = ()) -> None:
    """Put every problem that is new into the log, in the words of ``profexd check``."""
    new = [problem for problem in problems if problem not in known]
    for problem in new[:_MOST_LOGGED]:
        place = f"{problem['file']}:{problem['line']}:{problem['column']}"
        key = f"{problem['key']}: " if problem["key"] else ""
        text = f"{place}: {key}{problem['message']}"
        level = logging.ERROR if problem["severity"] == "error" else logging.WARNING
        log.log(level, text, extra={"hint": problem["hint"]} if problem["hint"] else {})
    if len(new) > _MOST_LOGGED:
        log.error("and %d more problems: profexctl check", len(new) - _MOST_LOGGED)


def _answer(configuration: Configuration) -> CheckJson:
    problems = list(configuration.problems)
    return {
        "ok": not any(problem["severity"] == "error" for problem in problems),
        "problems": problems,
    }
