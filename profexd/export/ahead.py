"""Sends finished parts to the sinks while the next is built; a run is right without it too."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from profexd.api.errors import ProfexdError, Stopped
from profexd.api.sink import STAGES, Sink
from profexd.export.journal import Journal
from profexd.export.messages import Logged

if TYPE_CHECKING:
    from profexd.api.types import Staged
    from profexd.config.model import Pipeline
    from profexd.export.parts.writing import BuiltPart


def makes_several(pipeline: Pipeline) -> bool:
    """Return whether a run may make more than one part."""
    apart = pipeline.changes is not None and pipeline.changes.deletes == "separate-file"
    return pipeline.split is not None or bool(pipeline.partition_by) or apart


class Ahead:
    """Stages what is given to it, in a thread of its own, until the first error.

    An error is nobody's here: what was not staged is staged by ``deliver``, with its retries.
    """

    def __init__(self, sinks: Mapping[str, Sink], journal: Journal) -> None:
        self.staged: dict[tuple[str, str], Staged] = {}
        """By sink and path."""
        self._sinks = sinks
        self._journal = journal
        self._parts: queue.SimpleQueue[BuiltPart | None] = queue.SimpleQueue()
        self._over = not all(STAGES in sink.capabilities for sink in sinks.values())
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)
        self._thread.start()

    def give(self, part: BuiltPart) -> None:
        """Take a part that is finished; its bytes never change again."""
        self._parts.put(part)

    def end(self) -> None:
        """Stop after the file at hand."""
        self._over = True
        self._parts.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (part := self._parts.get()) is not None:
            for name, sink in self._sinks.items():
                if self._over:
                    return
                try:
                    self.staged[name, part.path] = sink.stage(part.file, part.path)
                except Stopped:
                    self._over = True
                except Exception as why:  # noqa: BLE001 - deliver meets it again, and tells of it
                    self._over = True
                    self._journal.tell(Logged(level="info", message=_postponed(part, name, why)))


def _postponed(part: BuiltPart, sink: str, why: Exception) -> str:
    words = why.message if isinstance(why, ProfexdError) else repr(why)
    return f"{part.path} and what follows is sent to {sink} once everything is built: {words}"
