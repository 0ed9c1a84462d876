"""Which plugins are installed: found through entry points, each taken or refused by itself."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, cast

import pluggy

from profexd.api import hookspecs
from profexd.api.codec import Codec
from profexd.api.format import Format
from profexd.api.notifier import Notifier
from profexd.api.options import FormatOptions, NotifierOptions, Options, SinkOptions
from profexd.api.sink import Sink
from profexd.config.readers.options import options_model
from profexd.wire import PluginJson

Kind = Literal["format", "codec", "sink", "notifier"]
_BASES: dict[Kind, type] = {"format": Format, "codec": Codec, "sink": Sink, "notifier": Notifier}
_OPTIONS: dict[Kind, type[Options]] = {
    "format": FormatOptions,
    "sink": SinkOptions,
    "notifier": NotifierOptions,
}
_HOOKS: dict[Kind, str] = {
    "format": "profexd_register_formats",
    "codec": "profexd_register_codecs",
    "sink": "profexd_register_sinks",
    "notifier": "profexd_register_notifiers",
}


@dataclass(frozen=True, slots=True)
class Catalog:
    """The plugins that can be used, by kind and name, and a row for every one found."""

    formats: Mapping[str, type[Format]] = field(default_factory=dict)
    codecs: Mapping[str, type[Codec]] = field(default_factory=dict)
    sinks: Mapping[str, type[Sink]] = field(default_factory=dict)
    rows: Sequence[PluginJson] = ()
    notifiers: Mapping[str, type[Notifier]] = field(default_factory=dict)
    homes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of each kind and name, the entry point that it comes from."""

    def broken(self, name: str, kind: str) -> PluginJson | None:
        """Return the row of a broken plugin, or of a broken entry point of that name, if any."""
        kinds = (kind, "entry point")
        return next(
            (
                row
                for row in self.rows
                if row["name"] == name and row["kind"] in kinds and row["status"] == "broken"
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    kind: Kind
    name: str
    plugin: type
    entry: EntryPoint


def load_catalog(entries: Iterable[EntryPoint] | None = None) -> Catalog:
    """Load every plugin of the entry-point group; what fails becomes a broken row."""
    if entries is None:
        entries = entry_points(group=hookspecs.ENTRY_POINT_GROUP)
    found: list[_Found] = []
    rows: list[PluginJson] = []
    for entry in sorted(entries, key=lambda entry: (entry.name, entry.value)):
        try:
            found += _registered(entry)
        except (Exception, SystemExit):  # noqa: BLE001 - a plugin may raise anything at import
            rows.append(_row(entry, entry.name, "entry point", error=traceback.format_exc()))
    good: dict[Kind, dict[str, type]] = {kind: {} for kind in _BASES}
    homes: dict[str, dict[str, str]] = {kind: {} for kind in _BASES}
    for one in found:
        error = _refusal(one, found)
        rows.append(_row(one.entry, one.name, one.kind, error=error))
        if error is None:
            good[one.kind][one.name] = one.plugin
            homes[one.kind][one.name] = one.entry.value
    rows.sort(key=lambda row: (row["kind"], row["name"], row["distribution"]))
    return Catalog(
        formats=cast("dict[str, type[Format]]", good["format"]),
        codecs=cast("dict[str, type[Codec]]", good["codec"]),
        sinks=cast("dict[str, type[Sink]]", good["sink"]),
        notifiers=cast("dict[str, type[Notifier]]", good["notifier"]),
        rows=tuple(rows),
        homes=homes,
    )


def _registered(entry: EntryPoint) -> list[_Found]:
    """Load one entry point in a plugin manager of its own, so that it can break nothing else."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(entry.load(), name=entry.name)
    manager.check_pending()
    found: list[_Found] = []
    for kind, hook in _HOOKS.items():
        getattr(manager.hook, hook)(register=_collector(kind, entry, found))
    return found


def _collector(kind: Kind, entry: EntryPoint, found: list[_Found]) -> Callable[[Any], None]:
    def register(plugin: Any) -> None:
        if not (isinstance(plugin, type) and issubclass(plugin, _BASES[kind])):
            raise TypeError(
                f"{_HOOKS[kind]}: {plugin!r} is not a subclass of {_BASES[kind].__name__}"
            )
        name = getattr(plugin, "name", None)
        if not isinstance(name, str) or not name:
            raise TypeError(f"{_HOOKS[kind]}: {plugin.__name__} has no name")
        found.append(_Found(kind, name, plugin, entry))

    return register


def _refusal(one: _Found, found: list[_Found]) -> str | None:
    """Say why a registered class cannot be used, or None."""
    same = [other for other in found if (other.kind, other.name) == (one.kind, one.name)]
    if len(same) > 1:
        homes = " and ".join(
            f"{other.entry.value} ({_distribution(other.entry)})" for other in same
        )
        return f'two {one.kind}s are called "{one.name}": {homes}; uninstall one of them'
    if one.kind in ("format", "codec"):
        extension = getattr(one.plugin, "extension", None)
        if not isinstance(extension, str) or (extension and not extension.startswith(".")):
            return f"{one.plugin.__name__}.extension must be text that starts with a dot"
    if one.kind == "codec":
        return None
    base = _OPTIONS[one.kind]
    options = getattr(one.plugin, "Options", None)
    if not (
        isinstance(options, type)
        and issubclass(options, base)
        and dataclasses.is_dataclass(options)
    ):
        return f"{one.plugin.__name__}.Options must be a dataclass derived from {base.__name__}"
    try:
        options_model(options)
    except Exception:  # noqa: BLE001 - whatever its annotations do
        return traceback.format_exc()
    return None


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown distribution"


def _row(
    entry: EntryPoint,
    name: str,
    kind: Literal["format", "codec", "sink", "notifier", "entry point"],
    *,
    error: str | None,
) -> PluginJson:
    return {
        "name": name,
        "kind": kind,
        "version": entry.dist.version if entry.dist else "",
        "distribution": _distribution(entry),
        "status": "ok" if error is None else "broken",
        "error": error,
    }
