"""Finds pipelines that would write the same file at the same place, and says what happens then."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from profexd.config.model import Pipeline
from profexd.config.template import sample_values


@dataclass(frozen=True, slots=True)
class Rivals:
    """Who else writes the file of a pipeline, and what their runs do to each other."""

    names: tuple[str, ...]
    outcome: str


def rivals(pipelines: Iterable[Pipeline]) -> dict[str, Rivals]:
    """Return the rivals of each pipeline that is not alone with its file.

    A pipeline with ``on_existing = "suffix"`` has a name of its own in every run.
    """
    writers: dict[tuple[str, str], list[Pipeline]] = defaultdict(list)
    for pipeline in pipelines:
        if pipeline.on_existing == "suffix":
            continue
        path = pipeline.path.expand(
            sample_values(
                pipeline=pipeline.name,
                timezone=pipeline.timezone,
                account_id=pipeline.settings.account_id,
                instance_id=pipeline.settings.instance_id,
            )
        )
        for sink in pipeline.documents["sinks"].values():
            writers[json.dumps(sink, sort_keys=True), path].append(pipeline)
    others: dict[str, dict[str, Pipeline]] = defaultdict(dict)
    for group in writers.values():
        for one in group if len(group) > 1 else ():
            others[one.name] |= {other.name: other for other in group if other is not one}
    own = {one.name: one for group in writers.values() for one in group}
    return {
        name: Rivals(tuple(sorted(found)), _outcome([own[name], *found.values()]))
        for name, found in others.items()
    }


def _outcome(pipelines: Iterable[Pipeline]) -> str:
    match sorted({pipeline.on_existing for pipeline in pipelines}):
        case ["overwrite"]:
            return "the later run replaces the file of the earlier"
        case ["fail"]:
            return "the later run fails, because the file of the earlier is there"
        case _:
            return 'a run with "overwrite" replaces the file, one with "fail" fails if it is there'
