"""The pipeline object of the API, from configuration and run state."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from profexd.config.filter_words import filter_text
from profexd.daemon.state.records import Memory, Pause, Run, rfc3339
from profexd.daemon.timing.decide import state_of
from profexd.daemon.timing.schedule import upcoming
from profexd.wire import PipelineJson, RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Entry, Pipeline

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
    pipeline = entry.pipeline
    starts = next_runs(entry, memory=memory, pause=pause, now=now)
    view: PipelineJson = {
        "name": entry.name,
        "file": str(entry.file),
        "description": "",
        "kind": "",
        "export_id": memory.export_id,
        "enabled": False,
        "paused": None if pause is None else pause.as_json(),
        "state": state_of(
            entry,
            memory=memory,
            paused=pause is not None,
            running=running is not None,
            ended=ended,
            held=held,
        ),
        "source": "",
        "sinks": [],
        "format": "",
        "filter": "",
        "path": "",
        "uri": "",
        "schedule": "",
        "frequency": "manual",
        "next_run_at": starts[0] if starts else None,
        "next_runs": starts,
        "problems": list(entry.problems),
        "last_run": None if last is None else last.as_json(),
        "running": None,
    }
    if pipeline is not None:
        path = pipeline.path.text
        view.update(
            {
                "description": pipeline.description,
                "kind": pipeline.source.kind,
                "enabled": pipeline.enabled,
                "source": pipeline.source.name,
                "sinks": [sink.name for sink in pipeline.sinks],
                "format": pipeline.format.type,
                "filter": filter_text(pipeline),
                "path": path,
                "uri": uri_of(pipeline, catalog),
                "schedule": pipeline.schedule.text,
                "frequency": pipeline.schedule.frequency,
            }
        )
    return view


def uri_of(pipeline: Pipeline, catalog: Catalog) -> str:
    """Return the complete URI at the first sink; a plugin that cannot say it costs only the URI.

    Placeholders stand in it as they are written, whatever the sink encodes.
    """
    choice = pipeline.sinks[0]
    pieces = pipeline.path.pieces
    standins = {
        f"placeholder{number}standin": piece.written
        for number, piece in enumerate(pieces)
        if piece.name
    }
    path = "".join(
        f"placeholder{number}standin" if piece.name else piece.written
        for number, piece in enumerate(pieces)
    )
    try:
        uri = str(catalog.sinks[choice.type].uri(choice.options, path))
    except Exception:  # noqa: BLE001 - someone's plugin may raise anything
        return ""
    for standin, written in standins.items():
        uri = uri.replace(standin, written)
    return uri


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
