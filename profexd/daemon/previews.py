"""Previews: a child reads and shows; few at a time, each with a limit of time."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from profexd.api.errors import ConfigurationInvalid, Permanent
from profexd.daemon.core import Core
from profexd.daemon.ledger import died
from profexd.daemon.spool import Spool
from profexd.daemon.store import Store
from profexd.daemon.supervisor import WorkerEnded, WorkerSaid
from profexd.export.job import Job
from profexd.export.messages import Finished, Previewed

log = logging.getLogger(__name__)

_AT_A_TIME = 2
_TIMEOUT = 120.0


class PreviewFailed(Permanent):
    """The preview ended without an answer."""

    code = "preview_failed"


class Previews:
    """Runs preview jobs beside the core: they touch no state."""

    def __init__(self, core: Core, store: Store, spool: Spool, now: Callable[[], datetime]) -> None:
        self._core = core
        self._store = store
        self._spool = spool
        self._now = now
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._numbers = itertools.count(1)

    async def preview(self, name: str, limit: int) -> dict[str, Any]:
        """Return the PreviewJson of a pipeline; raises what the worker said."""
        pipeline = self._core.board.entry(name).pipeline
        if pipeline is None:
            raise ConfigurationInvalid(
                f"the pipeline {name} has errors in its file and never had a good version",
                hint=f"profexctl check {name}",
            )
        async with self._turns:
            now = self._now()
            folder = f"preview-{int(now.timestamp())}{next(self._numbers)}"
            job = Job(
                action="preview",
                run_id=str(int(now.timestamp())),
                export_id=self._core.timetable.memory(name).export_id,
                pipeline=name,
                instant=now,
                documents=pipeline.documents,
                spool=str(self._spool.folder(folder)),
                limit=limit,
                state=self._store.state(name),
                keep=str(self._store.keep(name)),
            )
            try:
                return await self._perform(job)
            finally:
                self._spool.remove(folder)

    async def _perform(self, job: Job) -> dict[str, Any]:
        over: asyncio.Future[WorkerEnded] = asyncio.get_running_loop().create_future()
        shown: dict[str, Any] = {}
        told: list[Finished] = []

        def report(event: WorkerSaid | WorkerEnded) -> None:
            if isinstance(event, WorkerEnded):
                if not over.done():
                    over.set_result(event)
                return
            event.child.handled()
            match event.message:
                case Previewed(preview=preview):
                    shown.update(preview)
                case Finished() as finished:
                    told.append(finished)
            if event.message.durable:
                event.child.acknowledge(event.n)

        child = self._core.supervisor.start(
            job,
            stderr=lambda line: log.info("preview", extra={"pipeline": job.pipeline, "line": line}),
            report=report,
        )
        try:
            async with asyncio.timeout(_TIMEOUT):
                ended = await over
        except TimeoutError:
            raise PreviewFailed(
                f"the preview of {job.pipeline} took longer than {_TIMEOUT:.0f} s",
                hint="find out what is slow in its source",
                code="timeout",
            ) from None
        finally:
            child.kill()
            await child.task
        error = told[-1].error if told else None
        if shown and error is None:
            return shown
        if error is None:
            why = ended.violation or died(ended.how, ended.last_words)
            raise PreviewFailed(why["message"], hint=why["hint"], code=why["code"])
        raise PreviewFailed(error["message"], hint=error["hint"], code=error["code"])
