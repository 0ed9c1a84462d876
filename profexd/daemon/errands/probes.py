"""Probes: a child asks the sinks of a pipeline whether they can deliver, as a run would."""

from __future__ import annotations

from datetime import datetime

from profexd.api.errors import ConfigurationInvalid
from profexd.daemon.core import Core
from profexd.daemon.errands.errand import errand
from profexd.export.job import Job
from profexd.export.messages import Message, Probed
from profexd.wire import ProbeJson

_TIMEOUT = 300.0


async def probe(core: Core, name: str, now: datetime) -> list[ProbeJson]:
    """Return what each sink of a pipeline says; raises what the child said."""
    pipeline = core.board.entry(name).pipeline
    if pipeline is None:
        raise ConfigurationInvalid(
            f"the pipeline {name} has errors in its file and never had a good version",
            hint=f"profexctl check {name}",
        )
    job = Job(
        action="probe",
        run_id=str(int(now.timestamp())),
        export_id=core.timetable.memory(name).export_id,
        pipeline=name,
        instant=now,
        documents=pipeline.documents,
        spool="",
    )
    said: list[ProbeJson] = []

    def hear(message: Message) -> None:
        if isinstance(message, Probed):
            said.append(ProbeJson(**message.probe))  # type: ignore[typeddict-item]

    await errand(
        core.supervisor,
        job,
        hear,
        what=f"the probe of the sinks of {name}",
        hint="lower timeout and connect_timeout of its sinks",
        seconds=_TIMEOUT,
    )
    return said
