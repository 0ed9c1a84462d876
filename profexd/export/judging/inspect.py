"""Inspects pipelines: opens each source once, and judges all that read it by its real columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from profexd.api.errors import ConfigurationInvalid, ProfexdError, SourceLocked, Stopped
from profexd.config.judged import with_problems
from profexd.config.loading import pipeline_from_documents
from profexd.config.text.values import digest
from profexd.export.judging.finding import Finding
from profexd.export.judging.judge import judge, judge_opened
from profexd.export.judging.place import placed
from profexd.export.messages import Inspected
from profexd.export.parts.spool import make_spool
from profexd.export.record import record_done, record_failure
from profexd.export.source.engine import failing
from profexd.export.source.opening import open_source
from profexd.export.source.schema import describe

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration, Pipeline
    from profexd.export.job import Job
    from profexd.export.journal import Journal
    from profexd.export.stop import Stop


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out about one pipeline."""

    pipeline: str
    findings: tuple[Finding, ...]
    lasting: bool = True
    """Whether it stays so until the files, or the database, change."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A pipeline to inspect, and what its last delivered run left."""

    pipeline: Pipeline
    state: Mapping[str, Any] = field(default_factory=dict)


def inspect(pipelines: Iterable[Subject], *, folder: Path, stop: Stop) -> Iterator[Inspection]:
    """Yield what is wrong between each pipeline and its source; only Stopped is raised.

    A source that cannot be opened now is a warning: the run will say it. ``folder`` may be
    written to.
    """
    by_source: dict[str, list[Subject]] = {}
    for one in pipelines:
        by_source.setdefault(digest(one.pipeline.documents["source"]), []).append(one)
    for group in by_source.values():
        yield from _of_one_source(group, folder, stop)


def inspected(
    configuration: Configuration,
    state_of: Callable[[str], Mapping[str, Any]],
    *,
    folder: Path,
    stop: Stop,
) -> Configuration:
    """Return the configuration with what was found out about each of its pipelines."""
    entries = configuration.pipelines
    asked = [
        Subject(entry.pipeline, state_of(name))
        for name, entry in entries.items()
        if entry.pipeline is not None and not entry.invalid
    ]
    found = {
        one.pipeline: placed(entries[one.pipeline], one.findings)
        for one in inspect(asked, folder=folder, stop=stop)
    }
    return with_problems(configuration, found, previous=None)


def perform_inspection(job: Job, *, catalog: Catalog, journal: Journal, stop: Stop) -> None:
    """Do an ``inspect`` job and tell how it ended; raises nothing that a source can cause."""
    try:
        folder = Path(job.spool)
        make_spool(folder)
        subjects = [
            Subject(pipeline_from_documents(name, documents, catalog), job.state.get(name, {}))
            for name, documents in job.documents.items()
        ]
        for one in inspect(subjects, folder=folder, stop=stop):
            findings = [asdict(finding) for finding in one.findings]
            journal.tell(Inspected(pipeline=one.pipeline, findings=findings, lasting=one.lasting))
    except Exception as why:  # noqa: BLE001 - as for a run: it must end in words
        record_failure(journal, why)
    else:
        record_done(journal)


def _of_one_source(group: list[Subject], folder: Path, stop: Stop) -> Iterator[Inspection]:
    first = group[0].pipeline
    # Nobody waits for a lock here: the run will.
    source = replace(first.source, lock_wait=0.0)
    try:
        limits = first.settings.limits
        with open_source(source, limits=limits, folder=folder, stop=stop, writes=False) as opened:
            statement = f"SELECT * FROM {opened.relation}"  # noqa: S608 - checked or quoted
            with failing(source.name, stop=stop, folder=folder):
                columns = describe(opened.connection, statement)
            for one in group:
                findings = judge(one.pipeline, columns, state=one.state)
                findings += judge_opened(one.pipeline, opened, statement, stop)
                yield Inspection(one.pipeline.name, tuple(findings))
    except Stopped:
        raise
    except ProfexdError as why:
        finding = _unavailable(why, first)
        lasting = not isinstance(why, SourceLocked)
        for one in group:
            yield Inspection(one.pipeline.name, (finding,), lasting)


def _unavailable(why: ProfexdError, pipeline: Pipeline) -> Finding:
    """Return that a source cannot be read; a query that never can is an error."""
    source = pipeline.source
    key = "query" if source.query is not None else "table"
    if source.database is not None and source.database in why.message:
        key = "database"
    message = why.message.removeprefix(f"source {source.name}: ").removeprefix(f"{key}: ")
    wrong = isinstance(why, ConfigurationInvalid) or isinstance(
        why.__cause__, (duckdb.BinderException, duckdb.ParserException)
    )
    return Finding(
        path=(key,),
        message=message,
        hint=why.hint,
        severity="error" if wrong else "warning",
        of="source",
    )
