"""Build: from SQL to parts in the spool; the source is open only here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.api.errors import Permanent
from profexd.api.format import FormatContext
from profexd.api.types import SpooledFile
from profexd.export.parts import SpoolParts
from profexd.export.query import select
from profexd.export.rows import DuckRows
from profexd.export.source import OpenSource, open_source

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.plan import Plan
    from profexd.export.stop import Stop

_PROGRESS_SECONDS = 0.25

Progressed = Callable[[float | None, int, int], None]
"""Takes percent or None, rows, and bytes as delivered."""


@dataclass(frozen=True, slots=True)
class BuiltPart:
    """A part in the spool and the path it will have below each sink's root."""

    path: str
    file: SpooledFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """All parts of a run, and what the next run is to know once they are delivered."""

    parts: tuple[BuiltPart, ...]
    state: dict[str, Any]


def build(
    pipeline: Pipeline,
    plan: Plan,
    *,
    catalog: Catalog,
    folder: Path,
    stop: Stop,
    progress: Progressed,
    warn: Callable[[str], None],
) -> Outcome:
    """Write the run's parts into ``folder``, which exists; the source is closed on return.

    ``progress`` is called from a thread of its own.
    """
    limits = pipeline.settings.limits
    threads = limits.threads or os.cpu_count() or 1
    format_ = catalog.formats[pipeline.format.type](
        pipeline.format.options, FormatContext(threads=threads, warn=warn)
    )
    codec = catalog.codecs[pipeline.compression]()
    parts = SpoolParts(
        folder,
        codec=codec,
        member=lambda number: plan.file(number)[1],
        media_type=codec.media_type or format_.media_type,
        threads=threads,
        split=pipeline.split,
    )
    with open_source(pipeline.source, limits=limits, folder=folder, stop=stop) as source:
        rows = rows_of(source, pipeline, folder=folder, stop=stop)
        with _telling(source, parts, progress, stop), parts.or_none():
            format_.write(rows, parts)
            stop.check()
    if not parts.finished:
        raise Permanent(f"format {format_.name} wrote no file", code="plugin_failed")
    progress(100.0, sum(file.rows for file in parts.finished), sum(f.size for f in parts.finished))
    return Outcome(
        tuple(
            BuiltPart(plan.file(number)[0], file) for number, file in enumerate(parts.finished, 1)
        ),
        state=dict(plan.state),
    )


def rows_of(source: OpenSource, pipeline: Pipeline, *, folder: Path, stop: Stop) -> DuckRows:
    """Return the rows that the pipeline selects, in its order."""
    spill = folder / "spill"
    statement, columns = select(source, pipeline, stop=stop, folder=spill)
    return DuckRows(
        source=source,
        name=pipeline.source.name,
        statement=statement,
        columns=columns,
        kind=pipeline.source.kind,
        stop=stop,
        spill=spill,
    )


@contextmanager
def _telling(
    source: OpenSource, parts: SpoolParts, progress: Progressed, stop: Stop
) -> Iterator[None]:
    """Tell about four times a second how far the block is."""
    done = threading.Event()

    def tell() -> None:
        while not done.wait(_PROGRESS_SECONDS):
            if stop.requested:
                # An interrupt between two statements is lost: say it again.
                source.connection.interrupt()
            percent = source.connection.query_progress()
            progress(percent if percent >= 0 else None, *parts.done())

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
