"""Takes into a configuration what was found out about its pipelines after the files were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from profexd.config.model import Configuration, Entry
from profexd.config.sketch import sketch_of
from profexd.config.text.problems import Problems
from profexd.wire import ProblemJson


def with_problems(
    configuration: Configuration,
    found: Mapping[str, Sequence[ProblemJson]],
    *,
    previous: Configuration | None,
) -> Configuration:
    """Return the configuration with further problems of its pipelines, by name.

    A pipeline that has an error now keeps its last good version from ``previous``.
    """
    entries = dict(configuration.pipelines)
    everything = Problems(configuration.problems)
    for name, problems in found.items():
        if name not in entries or not problems:
            continue
        last = previous.pipelines.get(name) if previous else None
        entries[name] = _with(entries[name], problems, last)
        everything.report(*problems)
    return replace(configuration, pipelines=entries, problems=everything.sorted())


def _with(entry: Entry, problems: Sequence[ProblemJson], last: Entry | None) -> Entry:
    whole = Problems(entry.problems)
    whole.report(*problems)
    changed = replace(entry, problems=whole.sorted())
    if changed.invalid and not entry.invalid:
        sketch = sketch_of(entry.pipeline) if entry.pipeline else None
        return replace(changed, pipeline=last.pipeline if last else None, sketch=sketch)
    return changed
