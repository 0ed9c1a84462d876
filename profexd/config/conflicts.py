"""Finds pipelines that would write the same file at the same place, and says what happens then."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from profexd.config.model import Pipeline
from profexd.config.template import Template, sample_values

_ANY = "\ue000"
"""Stands for the value of a partition: any name that could be."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Who else writes the file of a pipeline, and what their runs do to each other."""

    names: tuple[str, ...]
    outcome: str


def rivals(pipelines: Iterable[Pipeline]) -> dict[str, Rivals]:
    """Return the rivals of each pipeline that is not alone with its file.

    A pipeline with ``on_existing = "suffix"`` has a name of its own in every run. One with
    partitions writes any file that some value would give.
    """
    writers: dict[str, dict[str, list[Pipeline]]] = defaultdict(lambda: defaultdict(list))
    for pipeline in pipelines:
        if pipeline.on_existing == "suffix":
            continue
        path = _path(pipeline)
        for sink in pipeline.documents["sinks"].values():
            writers[json.dumps(sink, sort_keys=True)][path].append(pipeline)
    others: dict[str, dict[str, Pipeline]] = defaultdict(dict)
    own: dict[str, Pipeline] = {}
    for group in _groups(writers.values()):
        for one in group:
            own[one.name] = one
            others[one.name] |= {other.name: other for other in group if other is not one}
    return {
        name: Rivals(tuple(sorted(found)), _outcome([own[name], *found.values()]))
        for name, found in others.items()
        if found
    }


def shared_receipts(pipelines: Sequence[Pipeline]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each receipt that others write too: its pipeline, its key in ``[manifest]``, and who.

    A receipt replaces what has its name, whether that is a receipt or an export.
    """
    if not any(pipeline.manifest for pipeline in pipelines):
        return
    writers: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for pipeline in pipelines:
        paths = [("", _path(pipeline))]
        if pipeline.manifest is not None:
            paths.append(("path", _path(pipeline, pipeline.manifest.path)))
            if pipeline.manifest.done is not None:
                paths.append(("done", _path(pipeline, pipeline.manifest.done)))
        for sink in pipeline.documents["sinks"].values():
            for key, path in paths:
                writers[json.dumps(sink, sort_keys=True), path].append((pipeline.name, key))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for here in writers.values():
        for name, key in here:
            if key:
                found[name, key] |= {other for other, _ in here if other != name}
    for (name, key), others in found.items():
        if others:
            yield name, key, tuple(sorted(others))


def _groups(
    sinks: Iterable[Mapping[str, list[Pipeline]]],
) -> Iterator[list[Pipeline]]:
    """Yield pipelines that can write one file, of each sink."""
    for by_path in sinks:
        for path, here in by_path.items():
            yield here
            if _ANY in path:
                pattern = re.compile(re.escape(path).replace(_ANY, "[^/]+"))
                for other, there in by_path.items():
                    if other != path and pattern.fullmatch(other):
                        yield from ([one, another] for one in here for another in there)


def _path(pipeline: Pipeline, template: Template | None = None) -> str:
    """Return what a template becomes in a made-up run; ``path`` of the pipeline unless given."""
    template = template or pipeline.path
    values = sample_values(
        pipeline=pipeline.name,
        timezone=pipeline.timezone,
        account_id=pipeline.settings.account_id,
        instance_id=pipeline.settings.instance_id,
    )
    columns = dict.fromkeys(template.columns, _ANY)
    return template.expand(replace(values, event=_ANY, columns=columns))


def _outcome(pipelines: Iterable[Pipeline]) -> str:
    match sorted({pipeline.on_existing for pipeline in pipelines}):
        case ["overwrite"]:
            return "the later run replaces the file of the earlier"
        case ["fail"]:
            return "the later run fails, because the file of the earlier is there"
        case _:
            return 'a run with "overwrite" replaces the file, one with "fail" fails if it is there'
