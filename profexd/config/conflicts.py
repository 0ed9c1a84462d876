"""Finds pipelines that would write the same file at the same place."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from profexd.config.model import Pipeline
from profexd.config.template import sample_values


def rivals(pipelines: Iterable[Pipeline]) -> dict[str, tuple[str, ...]]:
    """Return, for each pipeline that is not alone with its file, who else writes it."""
    writers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pipeline in pipelines:
        path = pipeline.path.expand(
            sample_values(
                pipeline=pipeline.name,
                timezone=pipeline.timezone,
                account_id=pipeline.settings.account_id,
                instance_id=pipeline.settings.instance_id,
            )
        )
        for sink in pipeline.documents["sinks"].values():
            writers[json.dumps(sink, sort_keys=True), path].append(pipeline.name)
    found: dict[str, set[str]] = defaultdict(set)
    for names in writers.values():
        for name in names if len(names) > 1 else ():
            found[name] |= set(names) - {name}
    return {name: tuple(sorted(others)) for name, others in found.items()}
