"""Reads what a pipeline is made of: a source, a sink, a format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from profexd.api.format import Format
from profexd.api.options import FormatOptions, NotifierOptions, Options, SinkOptions
from profexd.api.sink import Sink
from profexd.config.catalog import Catalog
from profexd.config.model import FormatChoice, SinkChoice, Source
from profexd.config.readers.documents import PipelineFile, SourceFile
from profexd.config.readers.options import (
    construct,
    literal_secrets,
    option_names,
    options_model,
)
from profexd.config.readers.reading import homes_of, must_be, read
from profexd.config.readers.roles import event_roles, profile_roles
from profexd.config.shape import EventRoles, ProfileRoles
from profexd.config.text.exposure import report_exposed
from profexd.config.text.problems import Problems, Scope, listed, meant, nearest
from profexd.wire import ProblemJson

NO_COMPRESSION = "none"
PIPELINE_HOMES = homes_of(PipelineFile)
"""The keys of every table that a pipeline's file may have, plugins' options aside."""
_SHOWS_ALL = '"profexctl plugins" shows the whole error'
AnyOptions = TypeVar("AnyOptions", bound=Options)


def read_source(name: str, data: Mapping[str, Any], scope: Scope) -> Source | None:
    """Return the source that a table describes, or None once what is wrong was reported."""
    before = scope.problems.errors
    file = read(SourceFile, data, scope, homes=PIPELINE_HOMES if scope.prefix else None)
    if "table" in data and "query" in data:
        scope.add(("query",), "cannot stand beside table", "remove one of the two")
    elif not ("table" in data or "query" in data or scope.misspelt("table", "query")):
        scope.add((), "says neither table nor query", 'add table = "NAME" or query = "SELECT …"')
    if "events" in data and data.get("kind", "profiles") == "profiles":
        scope.add(("events",), "the source holds profiles", 'write kind = "events", or remove it')
    profiles = profile_roles(file.profiles, scope) if file else ProfileRoles()
    events = event_roles(file.events, scope) if file and file.events else EventRoles()
    if file is None or scope.problems.errors > before:
        return None
    return Source(
        name=name,
        database=file.database,
        table=file.table,
        query=file.query,
        kind=file.kind,
        lock_wait=file.lock_wait,
        key=profiles.key,
        profiles=profiles,
        events=events,
    )


def read_sink(
    name: str, data: Mapping[str, Any], scope: Scope, catalog: Catalog
) -> SinkChoice | None:
    """Return the sink that a table describes, or None once what is wrong was reported."""
    type_name = _type(data, scope, catalog.sinks, "sink", catalog)
    if type_name is None:
        _whatever_the_type(data, scope, catalog.sinks, SinkOptions)
        return None
    # Whatever else is wrong with the table.
    exposed = report_exposed(literal_secrets(catalog.sinks[type_name].Options, data), scope)
    options = _options(catalog.sinks[type_name].Options, data, scope)
    if options is None or exposed:
        return None
    return SinkChoice(name=name, type=type_name, options=options)


def read_notifier(
    data: Mapping[str, Any], scope: Scope, catalog: Catalog
) -> tuple[str, NotifierOptions] | None:
    """Return type and options of a notifier, or None once what is wrong was reported."""
    type_name = _type(data, scope, catalog.notifiers, "notifier", catalog)
    if type_name is None:
        return None
    kind = catalog.notifiers[type_name].Options
    exposed = report_exposed(literal_secrets(kind, data), scope)
    options = _options(kind, data, scope)
    return None if options is None or exposed else (type_name, options)


def read_format(data: Mapping[str, Any], scope: Scope, catalog: Catalog) -> FormatChoice | None:
    """Return the format that a table describes, or None once what is wrong was reported."""
    type_name = _type(data, scope, catalog.formats, "format", catalog)
    if type_name is None:
        _whatever_the_type(data, scope, catalog.formats, FormatOptions)
        return None
    options = _options(catalog.formats[type_name].Options, data, scope)
    return None if options is None else FormatChoice(type=type_name, options=options)


def check_part(
    data: Mapping[str, Any],
    scope: Scope,
    kind: str,
    known: Mapping[str, type[Format] | type[Sink]],
    catalog: Catalog,
) -> None:
    """Report what is wrong with a format or sink of which a part is said elsewhere."""
    if "type" not in data:
        return
    type_name = _type(data, scope, known, kind, catalog)
    if type_name is not None:
        model = options_model(known[type_name].Options)
        with _plugins_rules(data, scope):
            read(model, _without_type(data), scope, partial=True, homes=PIPELINE_HOMES)


def codec_extension(compression: str, scope: Scope, catalog: Catalog) -> str | None:
    """Return what a codec adds to a file's name, or None once it was reported."""
    if compression in catalog.codecs:
        return catalog.codecs[compression].extension
    if compression == NO_COMPRESSION:
        return ""
    known = list(dict.fromkeys([NO_COMPRESSION, *catalog.codecs]))
    scope.add(("compression",), *unknown_plugin(compression, known, "compression", catalog))
    return None


def _type(
    data: Mapping[str, Any],
    scope: Scope,
    known: Mapping[str, type],
    kind: str,
    catalog: Catalog,
) -> str | None:
    written = data.get("type")
    if written is None:
        scope.missing(("type",), f"add type = {listed(known)}")
    elif not isinstance(written, str):
        scope.add(("type",), *must_be("must be text", written))
    elif written not in known:
        scope.add(("type",), *unknown_plugin(written, known, kind, catalog))
    else:
        return written
    return None


def unknown_plugin(
    written: str, known: Mapping[str, object] | list[str], kind: str, catalog: Catalog
) -> tuple[str, str]:
    """Return message and hint for the name of a plugin that cannot be used."""
    broken = catalog.broken(written, "codec" if kind == "compression" else kind)
    if broken and broken["error"]:
        reason = broken["error"].strip().splitlines()[-1]
        return f'the plugin for {kind} "{written}" is broken: {reason}', _SHOWS_ALL
    hint = f"installed: {', '.join(known)}" if known else f"no plugin for a {kind} is installed"
    others = [row["name"] for row in catalog.rows if row["status"] == "broken"]
    if others:
        hint += f"; broken: {', '.join(others)}; {_SHOWS_ALL}"
    return f'unknown {kind} "{written}"{meant(written, known)}', hint


def _options(options: type[AnyOptions], data: Mapping[str, Any], scope: Scope) -> AnyOptions | None:
    """Read a table but for its ``type``."""
    homes = PIPELINE_HOMES if scope.prefix else None
    before = scope.problems.errors
    with _plugins_rules(data, scope):
        valid = read(options_model(options), _without_type(data), scope, homes=homes)
        made = _what_is_right(options, data, scope) if valid is None else construct(options, valid)
        for key, message in made.problems():
            path = tuple(key.split(".")) if key else ()
            if valid is not None or (key and not scope.reported(*path)):
                scope.add(path, message)
        if isinstance(made, options) and scope.problems.errors == before:
            return made
    return None


def _what_is_right(options: type[Options], data: Mapping[str, Any], scope: Scope) -> Options:
    """Return as much of the options as can be judged by rules that concern several of them.

    Where one of a plugin's own is wrong, that is those that all have: each of their rules
    concerns one option alone.
    """
    right = {key: value for key, value in data.items() if not scope.reported(key)}
    whole = option_names(options).isdisjoint(data.keys() - right.keys())
    for one in options.__mro__:
        if issubclass(one, Options) and (whole or one in (SinkOptions, FormatOptions)):
            with suppress(ValidationError):
                said = {key: right[key] for key in option_names(one) & right.keys()}
                return construct(one, options_model(one).model_validate(said))
    return Options()


def _whatever_the_type(
    data: Mapping[str, Any],
    scope: Scope,
    known: Mapping[str, type[Format] | type[Sink]],
    common: type[Options],
) -> None:
    """Report what would be wrong with a table that has no usable ``type``.

    That is what is wrong by the type that was likely meant, or else by each there is; of a type
    that nothing is known of, by the options that all have.
    """
    written = data.get("type")
    near = nearest(written, known) if isinstance(written, str) else None
    if near:
        _options(known[near].Options, data, scope)
    elif isinstance(written, str):
        taken = option_names(common)
        _options(common, {key: data[key] for key in data if key in taken}, scope)
    else:
        found: list[tuple[ProblemJson, ...]] = []
        for name, plugin in known.items():
            trial = replace(scope, problems=Problems())
            _options(plugin.Options, {**data, "type": name}, trial)
            found.append(trial.problems.sorted())
        for one in found[0] if found else ():
            if all(one in others for others in found):
                scope.problems.report(one)


@contextmanager
def _plugins_rules(data: Mapping[str, Any], scope: Scope) -> Iterator[None]:
    """Within it rules of a plugin run: one that fails is a problem of the file, no more."""
    try:
        yield
    except Exception as why:  # noqa: BLE001 - a plugin may raise anything
        scope.add(
            (),
            f'the plugin "{data.get("type")}" failed while checking: {type(why).__name__}: {why}',
            "this is a mistake in the plugin; tell its authors",
        )


def _without_type(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "type"}
