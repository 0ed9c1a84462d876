"""Reads one pipeline with all it refers to, from a file or from the documents of a worker's job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from profexd.api.errors import ConfigurationInvalid
from profexd.config.catalog import Catalog
from profexd.config.fitting import check_fits, warn_of_sinks_that_replace
from profexd.config.model import (
    FormatChoice,
    Pipeline,
    Retry,
    Settings,
    SinkChoice,
    Source,
    Split,
)
from profexd.config.names import REMOVED, suffix
from profexd.config.readers.checks import read_checks
from profexd.config.readers.choices import read_changes, read_columns, read_events, read_identity
from profexd.config.readers.conditions import read_conditions
from profexd.config.readers.documents import NAME_PATTERN, PipelineFile
from profexd.config.readers.manifest import read_manifest
from profexd.config.readers.notifiers import read_notify
from profexd.config.readers.options import option_names, secrets_of
from profexd.config.readers.partitions import on_existing
from profexd.config.readers.parts import (
    PIPELINE_HOMES,
    codec_extension,
    read_format,
    read_sink,
    read_source,
)
from profexd.config.readers.reading import Homes, must_be, read_lenient
from profexd.config.readers.schedule import read_schedule
from profexd.config.readers.settings import read_settings
from profexd.config.readers.target import read_target
from profexd.config.shape import Conditions
from profexd.config.sketch import INLINE, Sketch, sketched
from profexd.config.template import PathValues, sample_values
from profexd.config.text.problems import Document, Path, Problems, Scope, listed, meant
from profexd.config.text.values import digest, from_json, to_json
from profexd.wire import ProblemJson

Value = TypeVar("Value", Source, SinkChoice)


@dataclass(frozen=True, slots=True)
class Named(Generic[Value]):
    """A file of sources/ or sinks/: what it says, what became of it, and what is wrong with it."""

    data: Mapping[str, Any] = field(repr=False)
    value: Value | None
    problems: tuple[ProblemJson, ...] = ()
    document: Document | None = field(default=None, repr=False)
    """Where it is written, if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that a pipeline may refer to."""

    catalog: Catalog
    settings: Settings
    settings_data: Mapping[str, Any] = field(default_factory=dict)
    """profexd.toml, ``[defaults]`` left out."""
    sources: Mapping[str, Named[Source]] = field(default_factory=dict)
    sinks: Mapping[str, Named[SinkChoice]] = field(default_factory=dict)


def read_pipeline(
    name: str, data: Mapping[str, Any], scope: Scope, around: Surroundings
) -> Pipeline | Sketch:
    """Return the pipeline that ``data`` (defaults merged in) describes; once something wrong was
    reported, what there is to say of it."""
    before = scope.problems.errors
    homes = _homes(data, around.catalog)
    file = read_lenient(PipelineFile, data, scope, homes=homes)
    timezone = file.timezone or around.settings.timezone
    source = _source(file.source, scope, around)
    rows = source.value if source else None
    if rows and rows.kind == "profiles" and scope.of_defaults("events"):
        data = {key: value for key, value in data.items() if key != "events"}
    sinks = _sinks(file, scope, around)
    chosen = _format(file.format, scope, around.catalog)
    schedule = read_schedule(file.schedule, scope.within("schedule"), timezone)
    order_by = _order_by(file.order_by, scope)
    split = _split(file, data, scope, chosen, around.catalog)
    filter_ = _filter(data.get("filter"), scope, homes)
    identity = read_identity(data.get("identity"), rows, scope.within("identity"))
    columns = read_columns(data.get("columns"), rows, scope.within("columns"))
    changes = read_changes(data, file, rows, scope)
    zone = schedule.timezone if schedule else timezone
    events = read_events(data.get("events"), rows, scope.within("events"), zone, homes)
    if changes and events and events.window:
        scope.add(
            ("events", "window"),
            'cannot stand beside mode = "changed"',
            "remove one of the two: each says which rows are new",
        )
    ending = codec_extension(file.compression, scope, around.catalog)
    _require_one_path(file, scope)
    extension = around.catalog.formats[chosen.type].extension if chosen else ""
    made_up = _made_up(name, zone, around.settings)
    target = read_target(
        file,
        scope,
        source=rows,
        values=made_up,
        extension=extension + (ending or ""),
        split=split is not None,
        catalog=around.catalog,
    )
    values = tuple(named.value for _, named in sinks or () if named.value is not None)
    manifest = read_manifest(
        file.manifest, target.path if target else None, made_up, scope.within("manifest")
    )
    deltas = changes is not None or (events is not None and events.window is not None)
    existing = on_existing(file, target.path if target else None, scope, deltas=deltas)
    if target:
        added = suffix(made_up.instant, made_up.instance_id) if existing == "suffix" else ""
        apart = changes is not None and changes.deletes == "separate-file"
        check_fits(
            target.path,
            manifest,
            values,
            file,
            scope,
            values=made_up,
            added=added + (REMOVED if apart else ""),
            catalog=around.catalog,
        )
    warn_of_sinks_that_replace(existing, values, scope, around.catalog)
    notify = read_notify(file.notify, scope, around.catalog)
    checks = read_checks(file.checks, scope.within("checks"))
    if scope.problems.errors > before or not (
        source and source.value and sinks and chosen and schedule and target
    ):
        return sketched(
            file,
            source=rows,
            sinks=values,
            chosen=chosen,
            conditions=filter_,
            target=target.path if target else None,
            schedule=schedule,
        )
    documents = {
        "settings": to_json(around.settings_data),
        "pipeline": to_json(data),
        "source": to_json(source.data),
        "sinks": {sink_name: to_json(named.data) for sink_name, named in sinks},
    }
    return Pipeline(
        name=name,
        description=file.description,
        enabled=file.enabled,
        source=source.value,
        sinks=values,
        path=target.path,
        schedule=schedule,
        timezone=schedule.timezone,
        format=chosen,
        compression=file.compression,
        split=split,
        order_by=order_by,
        where=file.where,
        filter=filter_,
        identity=identity,
        columns=columns,
        changes=changes,
        events=events,
        partition_by=target.partition_by,
        on_existing=existing,
        timeout=file.timeout,
        retry=Retry(
            attempts=file.retry.attempts,
            backoff=file.retry.backoff,
            max_backoff=file.retry.max_backoff,
        ),
        checks=checks,
        manifest=manifest,
        notify=notify,
        settings=around.settings,
        secrets=(
            *(secret for sink in values for _, secret in secrets_of(sink.options)),
            *(secret for one in notify for secret in one.secrets),
            *([around.settings.signing_key] if around.settings.signing_key else []),
        ),
        documents=documents,
        revision=digest(documents),
    )


def pipeline_from_documents(name: str, documents: dict[str, Any], catalog: Catalog) -> Pipeline:
    """Return the pipeline whose ``documents`` these are; ConfigurationInvalid says why not."""
    problems = Problems()
    data = {key: from_json(value) for key, value in documents.items()}
    settings = read_settings(
        data["settings"], Scope(problems, Document("profexd.toml", data["settings"]))
    )
    source_name, sink_names = data["pipeline"]["source"], tuple(data["sinks"])
    sources: dict[str, Named[Source]] = {}
    if isinstance(source_name, str):
        scope = Scope(problems, Document(f"sources/{source_name}.toml", data["source"]))
        source = read_source(source_name, data["source"], scope)
        sources[source_name] = Named(data["source"], source)
    sinks: dict[str, Named[SinkChoice]] = {}
    for sink_name in sink_names:
        if sink_name.startswith(INLINE[0]):
            continue
        scope = Scope(problems, Document(f"sinks/{sink_name}.toml", data["sinks"][sink_name]))
        sink = read_sink(sink_name, data["sinks"][sink_name], scope, catalog)
        sinks[sink_name] = Named(data["sinks"][sink_name], sink)
    pipeline: Pipeline | Sketch | None = None
    if settings is not None:
        around = Surroundings(
            catalog=catalog,
            settings=settings,
            settings_data=data["settings"],
            sources=sources,
            sinks=sinks,
        )
        document = Document(f"pipelines/{name}.toml", data["pipeline"])
        pipeline = read_pipeline(name, data["pipeline"], Scope(problems, document), around)
    if not isinstance(pipeline, Pipeline):
        first = next(one for one in problems.sorted() if one["severity"] == "error")
        raise ConfigurationInvalid(
            f"{first['file']}: {first['key']}: {first['message']}", hint=first["hint"]
        )
    return pipeline


def _made_up(name: str, zone: str, settings: Settings) -> PathValues:
    """Return the values of a made-up run, as long as those of a real one."""
    values = sample_values(
        pipeline=name,
        timezone=zone,
        account_id=settings.account_id,
        instance_id=settings.instance_id,
    )
    return replace(values, export_id="1761650178", run_id="1761842005")


def _homes(data: Mapping[str, Any], catalog: Catalog) -> Homes:
    """Return the keys of every table of a pipeline's file, the chosen format's options too."""
    chosen = data.get("format")
    name = chosen.get("type") if isinstance(chosen, Mapping) else None
    plugin = catalog.formats.get(name) if isinstance(name, str) else None
    options = sorted(option_names(plugin.Options)) if plugin else []
    return PIPELINE_HOMES | {"format": ["type", *options]}


def _source(written: Any, scope: Scope, around: Surroundings) -> Named[Source] | None:
    if isinstance(written, Mapping):
        return Named(written, read_source(INLINE, written, scope.within("source")))
    return _named(written, ("source",), around.sources, scope)


def _format(written: Any, scope: Scope, catalog: Catalog) -> FormatChoice | None:
    if written is None:
        return None
    if isinstance(written, Mapping):
        return read_format(written, scope.within("format"), catalog)
    message, _ = must_be("must be a table", written)
    hint = f'write [format] with type = "{written}"' if isinstance(written, str) else ""
    scope.add(("format",), message, hint)
    return None


def _filter(written: Any, scope: Scope, homes: Homes) -> Conditions | None:
    if not isinstance(written, Mapping):
        return None
    return read_conditions(written, scope.within("filter"), homes)


def _split(
    file: PipelineFile,
    data: Mapping[str, Any],
    scope: Scope,
    chosen: FormatChoice | None,
    catalog: Catalog,
) -> Split | None:
    most = chosen.options.rows_per_file if chosen else None
    if "split" not in data:
        return Split(max_rows=most) if most else None
    if chosen and not catalog.formats[chosen.type].splits:
        able = sorted(name for name, plugin in catalog.formats.items() if plugin.splits)
        scope.add(
            ("split",),
            f'format "{chosen.type}" cannot be split',
            f"remove [split], or choose {listed(able)}",
        )
    if data["split"] == {}:
        scope.add(("split",), "says neither max_size nor max_rows", 'add max_size = "100MB"')
    limits = [rows for rows in (most, file.split.max_rows) if rows]
    return Split(max_size=file.split.max_size, max_rows=min(limits, default=None))


def _sinks(
    file: PipelineFile, scope: Scope, around: Surroundings
) -> list[tuple[str, Named[SinkChoice]]] | None:
    """Return the sinks with their names, or None once what is wrong was reported."""
    if file.sink is not None and file.sinks is not None:
        scope.add(("sinks",), "cannot stand beside sink", "name all sinks in sinks = [ … ]")
    if file.sink is not None:
        found = _sink(file.sink, ("sink",), INLINE, scope, around)
        if file.sinks is None:
            return [found] if found else None
    if file.sinks is None:
        if not scope.reported("sink", "sinks"):
            scope.missing(("sink",), 'add sink = "NAME", or a [sink] table', instead=("sinks",))
        return None
    if not isinstance(file.sinks, list):
        message, _ = must_be("must be a list", file.sinks)
        scope.add(("sinks",), message, 'as sinks = ["lake", "partner"]')
        return None
    if not file.sinks:
        scope.add(("sinks",), "must not be empty", 'as sinks = ["lake", "partner"]')
    sinks: dict[str, Named[SinkChoice]] = {}
    for index, written in enumerate(file.sinks):
        inline = INLINE if INLINE not in sinks else f"(inline {index + 1})"
        found = _sink(written, ("sinks", index), inline, scope, around)
        if found and found[0] in sinks:
            scope.add(("sinks", index), f'"{found[0]}" is there twice', "remove one of the two")
        elif found:
            sinks[found[0]] = found[1]
    return list(sinks.items())


def _sink(
    written: Any, path: Path, inline: str, scope: Scope, around: Surroundings
) -> tuple[str, Named[SinkChoice]] | None:
    if isinstance(written, Mapping):
        return inline, Named(
            written, read_sink(inline, written, scope.within(*path), around.catalog)
        )
    named = _named(written, path, around.sinks, scope)
    return (written, named) if named else None


def _named(
    written: Any, path: Path, known: Mapping[str, Named[Value]], scope: Scope
) -> Named[Value] | None:
    """Look up a source or sink; what is wrong with its own file is wrong with the pipeline."""
    if written is None:
        return None
    kind = str(path[0]).removesuffix("s")
    if not isinstance(written, str):
        scope.add(path, *must_be("must be the name of a file or a table", written))
        return None
    named = known.get(written)
    if named is None:
        create = f"create {kind}s/{written}.toml; " if re.fullmatch(NAME_PATTERN, written) else ""
        hint = f"known: {', '.join(known)}" if known else f"there is no file in {kind}s/ yet"
        scope.add(path, f'unknown {kind} "{written}"{meant(written, known)}', create + hint)
        return None
    scope.problems.report(*named.problems)
    return named


def _order_by(written: Any, scope: Scope) -> tuple[tuple[str, bool], ...]:
    items = [written] if isinstance(written, str) else written
    if not isinstance(items, list):
        message, _ = must_be("must be text or a list", items)
        scope.add(("order_by",), message, 'as order_by = ["email", "-signup_at"]')
        return ()
    order: list[tuple[str, bool]] = []
    for index, item in enumerate(items):
        path: Path = ("order_by", index) if isinstance(written, list) else ("order_by",)
        if not isinstance(item, str):
            scope.add(path, *must_be("must be text", item))
            continue
        column = item.removeprefix("-")
        if not column.strip():
            scope.add(path, "names no column", 'as order_by = ["email", "-signup_at"]')
        order.append((column, item.startswith("-")))
    return tuple(order)


def _require_one_path(file: PipelineFile, scope: Scope) -> None:
    parts = [key for key in ("folder", "filename") if getattr(file, key) is not None]
    if file.path is not None and parts:
        scope.add(
            (parts[0],),
            "cannot stand beside path",
            "path says it all; folder and filename are the other way to say it",
        )
    elif file.path is None and not parts and not scope.reported("path", "folder", "filename"):
        scope.missing(
            ("path",),
            'add path = "customers-${today}.csv", or folder = "date" and filename = "…"',
            instead=("folder", "filename"),
        )
