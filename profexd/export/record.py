"""Record: how the run ended, told once, after everything else."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from profexd.api.errors import ProfexdError, Stopped
from profexd.export.check import HeldBack, Skipped
from profexd.export.journal import Journal
from profexd.export.messages import Finished, Logged
from profexd.wire import RunStatus


def record_done(journal: Journal) -> None:
    """Every file is published at every sink."""
    _tell_memory(journal)
    journal.ask(Finished(status=RunStatus.DONE))


def record_failure(journal: Journal, why: BaseException) -> None:
    """The run was stopped, held, skipped, or failed.

    An unforeseen error leaves its traceback in the run's log.
    """
    _tell_memory(journal)
    match why:
        case Stopped():
            journal.ask(Finished(status=RunStatus.STOPPED))
        case HeldBack(expiry=expiry):
            detail = {"expiry": expiry}
            journal.ask(Finished(status=RunStatus.HELD, error=why.as_json(), detail=detail))
        case Skipped():
            journal.tell(Logged(level="warning", message=str(why), record=True))
            journal.ask(Finished(status=RunStatus.SKIPPED))
        case ProfexdError():
            journal.ask(Finished(status=RunStatus.FAILED, error=why.as_json()))
        case _:
            journal.tell(Logged(level="error", message="".join(traceback.format_exception(why))))
            error = {
                "code": "plugin_failed" if _in_plugin(why) else "internal",
                "message": f"{type(why).__name__}: {why}",
                "hint": "the run's log holds the traceback; please report it",
            }
            journal.ask(Finished(status=RunStatus.FAILED, error=error))


def _tell_memory(journal: Journal) -> None:
    """Leave in the run's log how much memory its process held at most."""
    # getrusage would count what the process that started this one held.
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return
    for kilobytes in re.findall(r"VmHWM:\s*(\d+) kB", status):
        journal.tell(
            Logged(level="info", message=f"peak memory {int(kilobytes) * 1024 // 10**6} MB")
        )


def _in_plugin(why: BaseException) -> bool:
    frames = traceback.extract_tb(why.__traceback__)
    return bool(frames) and "/profexd/" not in frames[-1].filename
