"""Plan: from a pipeline and an occurrence to the names, fixed before any work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from profexd.config.template import PathValues

if TYPE_CHECKING:
    from profexd.api.codec import Codec
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is fixed once a run is created; a retry has the same."""

    run_id: str
    export_id: str
    pipeline: str
    instant: datetime
    path: str
    """The path of the file, or of the first, below the root of each sink."""
    member: str
    """The file's name without the codec's extension, as an archive shows it."""
    series: Callable[[int], str] | None = None
    """The path of each part by its number, from 1 on, where a run may have several."""
    ending: str = ""
    """The codec's extension."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the last delivered run of the pipeline left."""
    keep: Path = Path()
    """The folder for files that the state names; it may not exist yet."""

    def file(self, number: int) -> tuple[str, str]:
        """Return path and member of the part ``number``."""
        if self.series is None:
            return self.path, self.member
        path = self.series(number)
        return path, _member(path, self.ending)


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

    def path_of(part: int) -> str:
        path = pipeline.path.render(replace(values, part=part))
        if pipeline.on_existing == "suffix":
            suffix = f"-{int(job.instant.timestamp())}-{pipeline.settings.instance_id}"
            path = insert_before_extension(path, suffix, catalog.codecs)
        return path

    path = path_of(1)
    ending = catalog.codecs[pipeline.compression].extension
    return Plan(
        run_id=job.run_id,
        export_id=job.export_id,
        pipeline=pipeline.name,
        instant=job.instant,
        path=path,
        member=_member(path, ending),
        series=path_of if pipeline.split else None,
        ending=ending,
        state=job.state,
        keep=Path(job.keep),
    )


def _member(path: str, ending: str) -> str:
    return PurePosixPath(path).name.removesuffix(ending)


def insert_before_extension(path: str, text: str, codecs: Mapping[str, type[Codec]]) -> str:
    """Put ``text`` before the extension of ``path``: ``a/b.csv.gz`` gives ``a/b-text.csv.gz``."""
    folder, slash, name = path.rpartition("/")
    outer = next(
        (c.extension for c in codecs.values() if c.extension and name.endswith(c.extension)), ""
    )
    stem = name.removesuffix(outer)
    inner = PurePosixPath(stem).suffix
    return f"{folder}{slash}{stem.removesuffix(inner)}{text}{inner}{outer}"
