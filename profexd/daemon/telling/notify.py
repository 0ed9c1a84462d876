"""Tells somebody of a run: a child for each notifier, beside the runs and never in their way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ProfexdError
from profexd.daemon.errands.errand import errand
from profexd.daemon.runs.supervisor import Supervisor
from profexd.export.job import Job
from profexd.export.messages import Logged, Message
from profexd.wire import NoticeJson

if TYPE_CHECKING:
    from profexd.config.model import Pipeline

log = logging.getLogger(__name__)

_AT_A_TIME = 4
_LONGEST = 90.0
"""Seconds that a child may take for all its tries."""


class Teller:
    """Sends notices in tasks of their own."""

    def __init__(
        self,
        supervisor: Supervisor,
        now: Callable[[], datetime],
        report: Callable[[NoticeJson], None],
    ) -> None:
        self._supervisor = supervisor
        self._now = now
        self._report = report
        self._room = asyncio.Semaphore(_AT_A_TIME)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
        return bool(self._tasks)

    def tell(
        self,
        pipeline: Pipeline,
        places: Sequence[int],
        content: Mapping[str, Any],
        over: Callable[[bool], None],
    ) -> None:
        """Tell the ``[[notify]]`` at these places; ``over`` is called when that is done or given
        up: False where the daemon ends before it was tried enough."""
        work = self._tell_all(pipeline, places, content, over)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

    def cancel(self) -> None:
        """Give up: the next start tells."""
        for task in self._tasks:
            task.cancel()

    async def _tell_all(
        self,
        pipeline: Pipeline,
        places: Sequence[int],
        content: Mapping[str, Any],
        over: Callable[[bool], None],
    ) -> None:
        settled = False
        try:
            outcomes = await asyncio.gather(
                *(self._tell(pipeline, place, content) for place in places)
            )
            settled = True
            for outcome in outcomes:
                self._report(outcome)
        except asyncio.CancelledError:
            log.warning("notice_given_up", extra={"pipeline": pipeline.name})
        except Exception:
            log.exception("notice_broke", extra={"pipeline": pipeline.name})
            settled = True
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.discard(task)
            over(settled)

    async def _tell(self, pipeline: Pipeline, place: int, content: Mapping[str, Any]) -> NoticeJson:
        run = content["run"]
        outcome: NoticeJson = {
            "notice": content["event"],
            "pipeline": pipeline.name,
            "run_id": None if run is None else run["run_id"],
            "by": pipeline.notify[place].type,
            "told": True,
            "error": "",
        }

        def hear(message: Message) -> None:
            if isinstance(message, Logged):
                log.warning("notice_failed", extra={**outcome, "error": message.message})

        now = self._now()
        job = Job(
            action="notify",
            run_id=str(int(now.timestamp())),
            export_id="0",
            pipeline=pipeline.name,
            instant=now,
            documents=pipeline.documents,
            spool="",
            notice=dict(content),
            place=place,
        )
        for last in (False, False, True):
            try:
                async with self._room:
                    await errand(
                        self._supervisor,
                        job,
                        hear,
                        what=f"a notice of {pipeline.name}",
                        hint="see what the notifier waits for",
                        seconds=_LONGEST,
                    )
            except ProfexdError as why:
                if why.error_code == "worker_died" and not last:
                    # It did not come to its own three tries.
                    log.warning("notice_failed", extra={**outcome, "error": why.message})
                    continue
                outcome = {**outcome, "told": False, "error": why.message}
                log.error(  # noqa: TRY400 - somebody else's mistake
                    "notice_lost", extra={**outcome, "hint": why.hint}
                )
            else:
                log.info("notice_sent", extra={**outcome})
            break
        return outcome
