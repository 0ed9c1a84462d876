"""Inspections: children judge pipelines by the columns of their sources; what is known is kept."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.config.judged import with_problems
from profexd.daemon.errands.errand import errand
from profexd.daemon.runs.spool import Spool
from profexd.daemon.runs.supervisor import Supervisor
from profexd.export.job import Job
from profexd.export.judging.finding import Finding
from profexd.export.judging.place import placed
from profexd.export.messages import Inspected, Message

if TYPE_CHECKING:
    from profexd.config.model import Configuration, Pipeline

log = logging.getLogger(__name__)

_TIMEOUT = 60.0
_PINNED = "columns"
"""What of a pipeline's state says which columns its files have had."""
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    revision: str
    """That of the pipeline that was judged."""
    key: Key
    findings: tuple[Finding, ...]


class Inspections:
    """Knows what is wrong between each pipeline and its source, and finds out what it does not.

    Something is known for as long as neither the files nor the database change. Two inspections
    of one pipeline are never under way at a time.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        spool: Spool,
        state_of: Callable[[str], dict[str, Any]],
        now: Callable[[], datetime],
    ) -> None:
        self._supervisor = supervisor
        self._spool = spool
        self._state_of = state_of
        self._now = now
        self._numbers = itertools.count(1)
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, tuple[Key, asyncio.Task[None]]] = {}

    async def begin(
        self, configuration: Configuration, *, again: bool = False
    ) -> set[asyncio.Task[None]]:
        """Begin to find out what is not known; return what must end until it is.

        ``again`` asks anew where a change would not show: queries may read other files.
        """
        pipelines = {
            name: entry.pipeline
            for name, entry in configuration.pipelines.items()
            if entry.pipeline is not None and not entry.invalid
        }
        for name in self._known.keys() - pipelines.keys():
            del self._known[name]
        if not pipelines:
            return set()
        states = {name: self._pinned(name) for name in pipelines}
        keys = await asyncio.to_thread(_keys, pipelines, states)
        asked: list[str] = []
        for name, key in keys.items():
            known, under_way = self._known.get(name), self._under_way.get(name)
            if under_way is not None and under_way[0] == key:
                continue
            blind = again and pipelines[name].source.query is not None
            if known is None or known.key != key or blind:
                asked.append(name)
        if asked:
            task = asyncio.create_task(
                self._find_out(
                    {name: pipelines[name] for name in asked},
                    {name: states[name] for name in asked},
                    keys,
                ),
                name="inspect",
            )
            self._under_way |= {name: (keys[name], task) for name in asked}
        return {task for name, (_, task) in self._under_way.items() if name in pipelines}

    def judged(
        self, configuration: Configuration, *, previous: Configuration | None
    ) -> Configuration:
        """Return the configuration with what is known of it."""
        found = {
            name: placed(entry, self._known[name].findings)
            for name, entry in configuration.pipelines.items()
            if entry.pipeline is not None
            and not entry.invalid
            and name in self._known
            and self._known[name].revision == entry.pipeline.revision
        }
        return with_problems(configuration, found, previous=previous)

    def _pinned(self, name: str) -> dict[str, Any]:
        state = self._state_of(name)
        return {_PINNED: state[_PINNED]} if _PINNED in state else {}

    async def _find_out(
        self,
        pipelines: Mapping[str, Pipeline],
        states: Mapping[str, dict[str, Any]],
        keys: Mapping[str, Key],
    ) -> None:
        now = self._now()
        folder = f"preview-{int(now.timestamp())}{next(self._numbers):06d}"
        job = Job(
            action="inspect",
            run_id=str(int(now.timestamp())),
            export_id="0",
            pipeline="",
            instant=now,
            documents={name: pipeline.documents for name, pipeline in pipelines.items()},
            spool=str(self._spool.folder(folder)),
            state={name: state for name, state in states.items() if state},
        )

        def hear(message: Message) -> None:
            if isinstance(message, Inspected) and message.pipeline in pipelines:
                findings = tuple(_finding(one) for one in message.findings)
                # What passes by itself is known for now, and asked anew the next time.
                key = keys[message.pipeline] if message.lasting else ()
                revision = pipelines[message.pipeline].revision
                self._known[message.pipeline] = _Known(revision, key, findings)

        try:
            await errand(
                self._supervisor,
                job,
                hear,
                what="looking at the columns of the sources",
                hint="find out which source is slow: profexd check",
                seconds=_TIMEOUT,
            )
        except ProfexdError as why:
            log.warning("inspection_failed", extra={"error": why.message, "hint": why.hint})
        finally:
            self._spool.remove(folder)
            for name in pipelines:
                if self._under_way.get(name, ((), None))[1] is asyncio.current_task():
                    del self._under_way[name]


def _finding(value: Mapping[str, Any]) -> Finding:
    return Finding(**{**value, "path": tuple(value["path"])})


def _keys(
    pipelines: Mapping[str, Pipeline], states: Mapping[str, dict[str, Any]]
) -> dict[str, Key]:
    """Return what must stay the same for what is known to hold."""
    databases = {pipeline.source.database for pipeline in pipelines.values()}
    marks = {database: _mark(database) for database in databases if database is not None}
    return {
        name: (
            pipeline.revision,
            marks.get(pipeline.source.database or ""),
            json.dumps(states[name], sort_keys=True),
        )
        for name, pipeline in pipelines.items()
    }


def _mark(database: str) -> tuple[object, ...]:
    """Return the identity of a database's files: its own, and that of what is not in it yet."""
    return tuple(_identity(path) for path in (database, f"{database}.wal"))


def _identity(path: str) -> tuple[int, ...] | None:
    try:
        about = Path(path).stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
