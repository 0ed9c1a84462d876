"""Previews: a child reads and shows; few at a time, each with a limit of time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from profexd.api.errors import ConfigurationInvalid
from profexd.daemon.core import Core
from profexd.daemon.errands.errand import errand
from profexd.daemon.runs.spool import Spool
from profexd.daemon.state.store import Store
from profexd.export.job import Job
from profexd.export.messages import Explained, Message, Previewed

_AT_A_TIME = 2
_TIMEOUT = 120.0


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
        return await self._ask("preview", name, limit=limit)

    async def why(self, name: str, key: str) -> dict[str, Any]:
        """Return the WhyJson of one profile of a pipeline; raises what the worker said."""
        return await self._ask("why", name, key=key)

    async def _ask(
        self, action: Literal["preview", "why"], name: str, *, limit: int = 0, key: str = ""
    ) -> dict[str, Any]:
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
                action=action,
                run_id=str(int(now.timestamp())),
                export_id=self._core.timetable.memory(name).export_id,
                pipeline=name,
                instant=now,
                documents=pipeline.documents,
                spool=str(self._spool.folder(folder)),
                limit=limit,
                key=key,
                state=self._store.state(name),
                keep=str(self._store.keep(name)),
            )
            shown: dict[str, Any] = {}

            def hear(message: Message) -> None:
                match message:
                    case Previewed():
                        shown.update(message.preview)
                    case Explained():
                        shown.update(message.why)

            try:
                await errand(
                    self._core.supervisor,
                    job,
                    hear,
                    what=f"the {'preview' if action == 'preview' else 'answer'} of {name}",
                    hint="find out what is slow in its source",
                    seconds=_TIMEOUT,
                )
            finally:
                self._spool.remove(folder)
            return shown
