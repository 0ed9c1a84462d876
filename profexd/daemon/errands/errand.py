"""An errand: a child that answers and moves nothing, beside the core, with a limit of time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from profexd.api.errors import Permanent
from profexd.daemon.runs.supervisor import Supervisor, WorkerEnded, WorkerSaid
from profexd.daemon.state.ledger import died
from profexd.export.job import Job
from profexd.export.messages import Finished, Message

log = logging.getLogger(__name__)


class ErrandFailed(Permanent):
    """The child ended without an answer."""

    code = "preview_failed"


async def errand(
    supervisor: Supervisor,
    job: Job,
    hear: Callable[[Message], None],
    *,
    what: str,
    hint: str,
    seconds: float,
) -> None:
    """Start a child, hear what it says, and wait for its end; ErrandFailed says why it failed.

    ``what`` names the errand in that error; ``hint`` is what to do where it takes too long.
    """
    over: asyncio.Future[WorkerEnded] = asyncio.get_running_loop().create_future()
    told: list[Finished] = []

    def report(event: WorkerSaid | WorkerEnded) -> None:
        if isinstance(event, WorkerEnded):
            if not over.done():
                over.set_result(event)
            return
        event.child.handled()
        if isinstance(event.message, Finished):
            told.append(event.message)
        hear(event.message)
        if event.message.durable:
            event.child.acknowledge(event.n)

    child = supervisor.start(
        job,
        stderr=lambda line: log.info(job.action, extra={"pipeline": job.pipeline, "line": line}),
        report=report,
    )
    try:
        async with asyncio.timeout(seconds):
            ended = await over
    except TimeoutError:
        raise ErrandFailed(
            f"{what} took longer than {seconds:.0f} s", hint=hint, code="timeout"
        ) from None
    finally:
        child.kill()
        await child.task
    error = told[-1].error if told else None
    if told and error is None:
        return
    if error is None:
        why = ended.violation or died(ended.how, ended.last_words)
        raise ErrandFailed(why["message"], hint=why["hint"], code=why["code"])
    raise ErrandFailed(error["message"], hint=error["hint"], code=error["code"])
