"""Build: from SQL to parts in the spool; the source is open only here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.api.format import FormatContext
from profexd.export.checks.profile import Profile, bytes_mark, measure
from profexd.export.parts.partition import partitions
from profexd.export.parts.rows import DuckRows
from profexd.export.parts.writing import BuiltPart, SpoolParts
from profexd.export.receipts.writing import source_seen
from profexd.export.selection.changes import baseline_files, changed_rows, kept_file
from profexd.export.selection.keys import refuse_ambiguous
from profexd.export.selection.query import Selection, select
from profexd.export.selection.window import window_state
from profexd.export.source.opening import OpenSource, open_source

if TYPE_CHECKING:
    from profexd.api.format import Format
    from profexd.api.types import Column
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.plan import Plan, Values
    from profexd.export.stop import Stop

_PROGRESS_SECONDS = 0.25

Progressed = Callable[[float | None, int, int], None]
"""Takes percent or None, rows, and bytes as delivered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All parts of a run, and what the next run is to know once they are delivered."""

    parts: tuple[BuiltPart, ...]
    state: dict[str, Any]
    profile: Profile
    """What the checks are about; the state has it too."""
    columns: tuple[Column, ...]
    """Those of the files."""
    source: dict[str, Any]
    """Which database file was read."""


def build(
    pipeline: Pipeline,
    plan: Plan,
    *,
    catalog: Catalog,
    folder: Path,
    stop: Stop,
    progress: Progressed,
    warn: Callable[[str], None],
    finished: Callable[[BuiltPart], None] = lambda part: None,
) -> Outcome:
    """Write the run's parts into ``folder``, which exists; the source is closed on return.

    ``progress`` is called from a thread of its own. ``finished`` takes each part but the last as
    soon as its bytes are final.
    """
    limits = pipeline.settings.limits
    threads = limits.threads or os.cpu_count() or 1
    codec = catalog.codecs[pipeline.compression]()

    def new_format(warn: Callable[[str], None]) -> Format:
        context = FormatContext(threads=threads, warn=warn)
        return catalog.formats[pipeline.format.type](pipeline.format.options, context)

    parts = SpoolParts(
        folder,
        codec=codec,
        media_type=codec.media_type or new_format(warn).media_type,
        threads=threads,
        split=pipeline.split,
        finished=finished,
    )
    kept = kept_file(plan)
    with open_source(
        pipeline.source,
        limits=limits,
        folder=folder,
        stop=stop,
        beside=baseline_files(pipeline, plan, kept),
    ) as source:
        seen = source_seen(pipeline.source)
        selection = select(
            source,
            pipeline,
            plan,
            stop=stop,
            folder=folder / "spill",
            warn=warn,
            partitioned=bool(pipeline.partition_by),
        )
        rows = rows_of(source, pipeline, selection, folder=folder, stop=stop)
        with _telling(source, parts, progress, stop), parts.or_none():
            held = [(rows, plan)]
            baseline = None
            if pipeline.changes is None:
                refuse_ambiguous(rows, selection, pipeline)
            else:
                changes = changed_rows(rows, selection, pipeline, plan, new=kept, warn=warn)
                baseline = changes.state
                held = [(changes.rows, plan)]
                if changes.removed is not None:
                    held.append((changes.removed, plan.of_removed()))
            found: list[Values] = []
            for some, names in held:
                if pipeline.partition_by:
                    found += _write_partitions(some, parts, names, catalog, new_format, warn)
                else:
                    parts.series(new_format(warn), some, names.file)
            measured, counted = measure(rows, selection, pipeline)
            stop.check()
    files = [part.file for part in parts.finished]
    progress(100.0, sum(file.rows for file in files), sum(file.size for file in files))
    profile = Profile(
        run=plan.run_id,
        rows=sum(file.rows for file in files) if baseline is None else int(baseline["rows"]),
        header=tuple(column.name for column in selection.columns),
        columns=measured,
        bytes=bytes_mark(pipeline, parts.finished, found, catalog),
        counted=counted,
    )
    state = {
        "columns": selection.pin,
        "changes": baseline,
        "window": window_state(pipeline, plan.instant, plan.state),
        "profile": profile.as_json(),
    }
    return Outcome(
        tuple(parts.finished),
        {name: left for name, left in state.items() if left is not None},
        profile,
        selection.columns,
        seen,
    )


def _write_partitions(
    rows: DuckRows,
    parts: SpoolParts,
    plan: Plan,
    catalog: Catalog,
    new_format: Callable[[Callable[[str], None]], Format],
    warn: Callable[[str], None],
) -> list[Values]:
    """Write a file, or a series of parts, of each partition; none where there are no rows."""
    with partitions(rows, catalog) as found:
        paths = plan.firsts(partition.values for partition in found)
        parts.expected = sum(partition.count for partition in found)
        for path, partition in zip(paths, found, strict=True):
            name = partial(plan.file, partition=partition.values)
            format_ = new_format(partial(_warn_of, warn, path))
            parts.series(format_, partition.rows, name)
    if not found:
        warn("there are no rows, so there is no partition and no file")
    return [partition.values for partition in found]


def _warn_of(warn: Callable[[str], None], path: str, message: str) -> None:
    warn(f"{path}: {message}")


def rows_of(
    source: OpenSource, pipeline: Pipeline, selection: Selection, *, folder: Path, stop: Stop
) -> DuckRows:
    """Return the rows of a selection, in their order.

    Where it is partitioned that is the order of its files, and ``partition`` takes them apart.
    """
    return DuckRows(
        source=source,
        name=pipeline.source.name,
        statement=selection.statement(),
        columns=selection.columns,
        kind=pipeline.source.kind,
        stop=stop,
        spill=folder / "spill",
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
            rows, size = parts.done()
            if parts.expected:
                percent = 100 * rows / parts.expected
            progress(percent if percent >= 0 else None, rows, size)

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
