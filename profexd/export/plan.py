"""Plan: from a pipeline and an occurrence to the names, fixed before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ConfigurationInvalid, NameCollision
from profexd.config.names import REMOVED, insert_before_extension, suffix
from profexd.config.template import PathValues, path_faults
from profexd.export.receipts.writing import Receipts, receipts_of

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.job import Job

Values = tuple[str | None, ...]
"""What a partition is made of: the text of each column of ``partition_by``, None for NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is fixed once a run is created; a retry has the same."""

    run_id: str
    export_id: str
    pipeline: str
    instant: datetime
    """What counts as now for the rows: what has not happened yet belongs to the next run."""
    path: str
    """The path of the file, or of the first, below the root of each sink. Where the run is
    partitioned it is the template: the source says which files there are."""
    member: str
    """The file's name without the codec's extension, as an archive shows it."""
    render: Callable[[int, Values], str] | None = None
    """The path of each part by its number, from 1 on, where a run may have several."""
    removed: Callable[[int, Values], str] | None = None
    """As ``render``, of the files of removed profiles, where these have files of their own."""
    ending: str = ""
    """The codec's extension."""
    partitioned: bool = False
    receipts: Receipts = ()
    """What vouches for the files, in the order in which it is published."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the last delivered run of the pipeline left."""
    keep: Path = Path()
    """The folder for files that the state names; it may not exist yet."""

    @property
    def known(self) -> bool:
        """Whether all names are known before the source is read."""
        return self.render is None

    def of_removed(self) -> Plan:
        """Return the names of the files of removed profiles."""
        return replace(self, render=self.removed)

    def file(self, number: int, partition: Values = ()) -> tuple[str, str]:
        """Return path and member of the part ``number`` of a partition."""
        if self.render is None:
            return self.path, self.member
        path = self.render(number, partition)
        return path, _member(path, self.ending)

    def firsts(self, partitions: Iterable[Values]) -> list[str]:
        """Return the path of the first part of each partition.

        Raises NameCollision where two would be one, ConfigurationInvalid for what is no path.
        """
        seen: dict[str, Values] = {}
        for values in partitions:
            path, _ = self.file(1, values)
            if path in seen:
                raise NameCollision(
                    f"{path} would be written twice, for {_shown(seen[path])}"
                    f" and for {_shown(values)}",
                    hint="let the source's query make one value of those that become one name",
                )
            seen[path] = values
        return list(seen)


def plan(job: Job, pipeline: Pipeline, catalog: Catalog) -> Plan:
    """Return the names of the run; raises ConfigurationInvalid for a name that is no valid path."""
    values = PathValues(
        instant=job.instant,
        timezone=pipeline.timezone,
        pipeline=pipeline.name,
        export_id=job.export_id,
        run_id=job.run_id,
        account_id=pipeline.settings.account_id,
        instance_id=pipeline.settings.instance_id,
    )

    endings = [codec.extension for codec in catalog.codecs.values()]

    def path_of(part: int, partition: Values) -> str:
        path = pipeline.path.render(_filled(replace(values, part=part), pipeline, partition))
        if pipeline.on_existing == "suffix":
            added = suffix(job.instant, pipeline.settings.instance_id)
            path = insert_before_extension(path, added, endings)
        _refuse_unfit(path, pipeline, catalog)
        return path

    def removed_path_of(part: int, partition: Values) -> str:
        path = insert_before_extension(path_of(part, partition), REMOVED, endings)
        _refuse_unfit(path, pipeline, catalog)
        return path

    apart = pipeline.changes is not None and pipeline.changes.deletes == "separate-file"
    partitioned = bool(pipeline.partition_by)
    path = pipeline.path.text if partitioned else path_of(1, ())
    ending = catalog.codecs[pipeline.compression].extension
    return Plan(
        run_id=job.run_id,
        export_id=job.export_id,
        pipeline=pipeline.name,
        instant=min(job.instant, job.begun or job.instant),
        path=path,
        member=_member(path, ending),
        render=path_of if pipeline.split or partitioned or apart else None,
        removed=removed_path_of if apart else None,
        ending=ending,
        partitioned=partitioned,
        receipts=receipts_of(pipeline, values),
        state=job.state,
        keep=Path(job.keep),
    )


def _refuse_unfit(path: str, pipeline: Pipeline, catalog: Catalog) -> None:
    """Raise ConfigurationInvalid for what is no path, or none that every sink can have."""
    becomes = f'path "{pipeline.path.text}" becomes "{path[:200]}"'
    for why in path_faults(path):
        raise ConfigurationInvalid(f"{becomes}: {why}", hint=why.hint) from why
    for sink in pipeline.sinks:
        fault = catalog.sinks[sink.type].target_fault(sink.options, path)
        if fault:
            raise ConfigurationInvalid(
                f"{becomes}: {fault}", hint=f"so says the sink {sink.name} ({sink.type})"
            )


def _filled(values: PathValues, pipeline: Pipeline, partition: Values) -> PathValues:
    """Return the values of one partition's names."""
    found = {
        name.casefold(): "null" if value is None else value
        for name, value in zip(pipeline.partition_by, partition, strict=True)
    }
    return replace(
        values,
        event=found.get((pipeline.source.events.name or "").casefold()),
        columns={
            column: found[column.casefold()]
            for column in pipeline.path.columns
            if column.casefold() in found
        },
    )


def _shown(values: Values) -> str:
    return ", ".join("NULL" if value is None else f'"{value[:200]}"' for value in values)


def _member(path: str, ending: str) -> str:
    return PurePosixPath(path).name.removesuffix(ending)
