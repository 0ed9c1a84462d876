"""What there is to say of a pipeline, right or wrong: as much of its file as could be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from profexd.config.filter_words import filter_text, words_of
from profexd.config.template import Template

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import FormatChoice, Pipeline, Schedule, SinkChoice, Source
    from profexd.config.readers.documents import PipelineFile
    from profexd.config.shape import Conditions

INLINE = "(inline)"
"""What a source or sink is called that stands in the pipeline's own file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A pipeline as people are shown it; what could not be read is empty."""

    description: str = ""
    enabled: bool = False
    kind: Literal["profiles", "events", ""] = ""
    source: str = ""
    sinks: tuple[str, ...] = ()
    format: str = ""
    filter: str = ""
    path: str = ""
    schedule: str = ""
    frequency: Literal["once", "recurring", "manual"] = "manual"
    target: Template | None = field(default=None, repr=False)
    sink: SinkChoice | None = field(default=None, repr=False)

    def uri(self, catalog: Catalog) -> str:
        """Return the complete URI at the first sink; a plugin that fails costs only the URI.

        Placeholders stand in it as they are written, whatever the sink encodes.
        """
        if self.target is None or self.sink is None:
            return ""
        written: dict[str, str] = {}
        path = ""
        for number, piece in enumerate(self.target.pieces):
            standin = f"placeholder{number}standin"
            path += standin if piece.name else piece.written
            if piece.name:
                written[standin] = piece.written
        try:
            uri = str(catalog.sinks[self.sink.type].uri(self.sink.options, path))
        except Exception:  # noqa: BLE001 - someone's plugin may raise anything
            return ""
        for standin, text in written.items():
            uri = uri.replace(standin, text)
        return uri


def sketch_of(pipeline: Pipeline) -> Sketch:
    """Return what there is to say of a pipeline that is right."""
    return Sketch(
        description=pipeline.description,
        enabled=pipeline.enabled,
        kind=pipeline.source.kind,
        source=pipeline.source.name,
        sinks=tuple(sink.name for sink in pipeline.sinks),
        format=pipeline.format.type,
        filter=filter_text(pipeline),
        path=pipeline.path.text,
        schedule=pipeline.schedule.text,
        frequency=pipeline.schedule.frequency,
        target=pipeline.path,
        sink=pipeline.sinks[0],
    )


def sketched(
    file: PipelineFile,
    *,
    source: Source | None,
    sinks: tuple[SinkChoice, ...],
    chosen: FormatChoice | None,
    conditions: Conditions | None,
    target: Template | None,
    schedule: Schedule | None,
) -> Sketch:
    """Return what there is to say of a file that is wrong: what of it is right, else as written."""
    written = file.sinks if isinstance(file.sinks, list) else [file.sink]
    path = file.path or ""
    return Sketch(
        description=file.description,
        enabled=file.enabled,
        kind=source.kind if source else "",
        source=_named(file.source),
        sinks=tuple(_named(one) for one in written if one is not None),
        format=chosen.type if chosen else _text(file.format, "type"),
        filter=words_of(file.where, conditions),
        path=target.text if target else path,
        schedule=schedule.text if schedule else _text(file.schedule, "when"),
        frequency=schedule.frequency if schedule else "manual",
        target=target,
        sink=next(iter(sinks), None),
    )


def _named(written: Any) -> str:
    if isinstance(written, Mapping):
        return INLINE
    return written if isinstance(written, str) else ""


def _text(written: Any, key: str) -> str:
    text = written.get(key) if isinstance(written, Mapping) else written
    return text if isinstance(text, str) else ""
