"""Tells somebody of a run: one notifier, three tries, each of them cut off after ten seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from profexd.api.errors import ProfexdError, Retryable
from profexd.api.notifier import Notice, NotifierContext
from profexd.config.loading import pipeline_from_documents
from profexd.export.journal import Journal
from profexd.export.messages import Finished, Logged
from profexd.wire import RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.export.job import Job
    from profexd.export.redact import Secrets
    from profexd.export.stop import Stop

PAUSES = (0.0, 1.0, 5.0)
"""Seconds before each try."""
TRY_SECONDS = 10.0


def perform_notice(
    job: Job,
    *,
    catalog: Catalog,
    journal: Journal,
    secrets: Secrets,
    stop: Stop,
    pauses: Sequence[float] = PAUSES,
    seconds: float = TRY_SECONDS,
) -> None:
    """Do what the job says; every end is told. No error holds a secret."""
    try:
        pipeline = pipeline_from_documents(job.pipeline, job.documents, catalog)
        secrets.known(pipeline.secrets)
        choice = pipeline.notify[job.place]
        notifier = catalog.notifiers[choice.type](
            choice.options, NotifierContext(timeout=seconds, reveal=secrets.reveal)
        )
        notice = Notice(job.notice)
        error: ProfexdError | None = None
        for number, pause in enumerate(pauses, 1):
            stop.wait(pause)
            error = _try(lambda: notifier.tell(notice), seconds)
            if error is None:
                break
            journal.tell(Logged(level="warning", message=f"try {number}: {error.message}"))
    except ProfexdError as why:
        error = why
    if error is None:
        journal.ask(Finished(status=RunStatus.DONE))
    else:
        journal.ask(Finished(status=RunStatus.FAILED, error=error.as_json()))


def _try(tell: Callable[[], None], seconds: float) -> ProfexdError | None:
    """Return why it was not told; a notifier that takes too long is left alone."""
    outcome: list[ProfexdError | None] = []

    def work() -> None:
        try:
            tell()
        except ProfexdError as why:
            outcome.append(why)
        except Exception as why:  # noqa: BLE001 - a plugin may raise anything
            words = f"the notifier's plugin broke: {type(why).__name__}: {why}"
            outcome.append(ProfexdError(words, code="plugin_failed"))
        else:
            outcome.append(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        return Retryable(f"no answer within {seconds:g} s", code="notice_refused")
    return outcome[0]
