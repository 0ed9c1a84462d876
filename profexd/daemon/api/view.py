"""The pipeline object of the API, from configuration and run state."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from profexd.config.sketch import Sketch, sketch_of
from profexd.daemon.state.records import Memory, Pause, Run, rfc3339
from profexd.daemon.timing.decide import state_of
from profexd.daemon.timing.schedule import upcoming
from profexd.wire import PipelineJson, RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Entry

NEXT_RUNS = 5


def pipeline_json(
    entry: Entry,
    *,
    catalog: Catalog,
    memory: Memory,
    pause: Pause | None,
    last: Run | None,
    ended: RunStatus | None,
    running: Run | None,
    held: bool,
    now: datetime,
) -> PipelineJson:
    """Return the object without live progress: ``running`` is set where it runs."""
    about = sketch_of(entry.pipeline) if entry.pipeline else entry.sketch or Sketch()
    starts = next_runs(entry, memory=memory, pause=pause, now=now)
    return {
        "name": entry.name,
        "file": str(entry.file),
        "description": about.description,
        "kind": about.kind,
        "export_id": memory.export_id,
        "enabled": about.enabled,
        "paused": None if pause is None else pause.as_json(),
        "state": state_of(
            entry,
            memory=memory,
            paused=pause is not None,
            running=running is not None,
            ended=ended,
            held=held,
        ),
        "source": about.source,
        "sinks": list(about.sinks),
        "format": about.format,
        "filter": about.filter,
        "path": about.path,
        "uri": about.uri(catalog),
        "schedule": about.schedule,
        "frequency": about.frequency,
        "next_run_at": starts[0] if starts else None,
        "next_runs": starts,
        "problems": list(entry.problems),
        "last_run": None if last is None else last.as_json(),
        "running": None,
    }


def next_runs(entry: Entry, *, memory: Memory, pause: Pause | None, now: datetime) -> list[str]:
    """Return the next instants at which the pipeline will start by itself."""
    pipeline = entry.pipeline
    if pipeline is None or not pipeline.enabled or (pause is not None and pause.until is None):
        return []
    schedule = pipeline.schedule
    if schedule.kind == "once" and memory.once_done:
        return []
    after = memory.cursor if pause is None or pause.until is None else pause.until
    instants = upcoming(schedule, max(after, now), pipeline=entry.name)
    return [rfc3339(at) for at in islice(instants, NEXT_RUNS)]
