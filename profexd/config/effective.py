"""Every value that a pipeline goes by, and the file and line that say it; secrets masked."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from typing import Any

from pydantic import BaseModel

from profexd.api.options import Options, Secret
from profexd.config.model import Entry, Pipeline
from profexd.config.readers.documents import PipelineFile, SourceFile
from profexd.config.text.problems import Path, Scope, dotted
from profexd.config.text.values import from_json
from profexd.wire import EffectiveJson, SettingJson

_MASK = "***"
_SHORTEST = 3
"""Masking shorter secrets would blacken every word and hide nothing."""
_UNSAID: tuple[Any, ...] = (None, "", [], (), {})


def effective(entry: Entry) -> EffectiveJson:
    """Return the values in force: while the file is invalid, those of its last good version."""
    values = list(_values(entry.pipeline, entry)) if entry.pipeline else []
    return {
        "pipeline": entry.name,
        "file": str(entry.file),
        "stale": entry.invalid,
        "values": values,
        "problems": list(entry.problems),
    }


def _values(pipeline: Pipeline, entry: Entry) -> Iterator[SettingJson]:
    documents = pipeline.documents
    mask = _masking(pipeline)
    places = entry.places

    own = _Said("", places.pipeline if places else None, mask)
    data: Mapping[str, Any] = from_json(documents["pipeline"])
    yield from own.table(PipelineFile, data, ())
    written = data.get("format")
    yield from own.options(
        pipeline.format.options, written if isinstance(written, Mapping) else {}, ("format",)
    )
    if isinstance(data.get("source"), str):
        source = _Said("source.", places.source if places else None, mask)
        yield from source.table(SourceFile, from_json(documents["source"]), ())
    for sink in pipeline.sinks:
        said = from_json(documents["sinks"].get(sink.name, {}))
        scope = places.sinks.get(sink.name) if places else None
        where = _Said(f"sink {sink.name}.", scope, mask)
        if scope is not None:
            yield from where.leaves(said, ())
        yield from where.options(sink.options, said, ())


def _masking(pipeline: Pipeline) -> Callable[[str], str]:
    hidden = sorted(
        (
            secret.value
            for secret in pipeline.secrets
            if secret.kind == "literal" and len(secret.value) >= _SHORTEST
        ),
        key=len,
        reverse=True,
    )

    def mask(text: str) -> str:
        for value in hidden:
            text = text.replace(value, _MASK)
        return text

    return mask


@dataclasses.dataclass(frozen=True, slots=True)
class _Said:
    """The values of one file, maybe over defaults; ``scope`` is None where it is unknown."""

    name: str
    scope: Scope | None
    mask: Callable[[str], str]

    def table(
        self, model: type[BaseModel], data: Mapping[str, Any], path: Path
    ) -> Iterator[SettingJson]:
        """Yield what ``data`` says, and what the model says where it is silent."""
        for key, field in model.model_fields.items():
            place = (*path, key)
            default = field.get_default(call_default_factory=True)
            nested = type(default) if isinstance(default, BaseModel) else None
            if nested is not None and isinstance(data.get(key, {}), Mapping):
                yield from self.table(nested, data.get(key, {}), place)
            elif key in data:
                yield from self.leaves(data[key], place)
            elif default not in _UNSAID:
                yield self._built_in(place, default)

    def leaves(self, value: Any, path: Path) -> Iterator[SettingJson]:
        """Yield what is written at ``path`` and within it."""
        if isinstance(value, Mapping) and value:
            for key, member in value.items():
                yield from self.leaves(member, (*path, key))
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for index, member in enumerate(value):
                yield from self.leaves(member, (*path, index))
        else:
            yield self._written(path, value)

    def options(
        self, options: Options, data: Mapping[str, Any], path: Path
    ) -> Iterator[SettingJson]:
        """Yield what a plugin goes by where ``data`` is silent."""
        for one in dataclasses.fields(options):
            value = getattr(options, one.name)
            plain = isinstance(value, str | int | float | bool)
            if one.name not in data and plain and value not in _UNSAID:
                yield self._built_in((*path, one.name), value)

    def _written(self, path: Path, value: Any) -> SettingJson:
        file, line = "", 0
        if self.scope is not None:
            document, place = self.scope.document(path)
            if document.has(place):
                file, line = document.label, document.place(place)[0]
        return self._setting(path, value, file, line)

    def _built_in(self, path: Path, value: Any) -> SettingJson:
        return self._setting(path, value, "", 0)

    def _setting(self, path: Path, value: Any, file: str, line: int) -> SettingJson:
        text = self.mask(_text(value))
        return {"key": f"{self.name}{_key(path)}", "value": text, "file": file, "line": line}


def _key(path: Path) -> str:
    index = path[-1] if path and isinstance(path[-1], int) else None
    return dotted(path) if index is None else f"{dotted(path)}[{index}]"


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, default=str)
