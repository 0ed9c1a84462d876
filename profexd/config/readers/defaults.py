"""``[defaults]`` of profexd.toml: laid below every pipeline, and checked by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from profexd.config.catalog import Catalog
from profexd.config.readers.choices import read_columns, read_events, read_identity
from profexd.config.readers.conditions import read_conditions
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.manifest import check_manifest_templates
from profexd.config.readers.options import option_names
from profexd.config.readers.parts import PIPELINE_HOMES, check_part, codec_extension
from profexd.config.readers.reading import must_be, read
from profexd.config.readers.schedule import read_schedule
from profexd.config.readers.target import check_templates
from profexd.config.text.problems import Scope
from profexd.config.text.values import merged

_ALTERNATIVES = (
    (("path",), ("folder", "filename")),
    (("folder", "filename"), ("path",)),
    (("sink",), ("sinks",)),
    (("sinks",), ("sink",)),
)
"""A file that says one of the first wants none of the second from the defaults."""


def with_defaults(
    own: Mapping[str, Any], defaults: Mapping[str, Any], catalog: Catalog
) -> dict[str, Any]:
    """Return a pipeline's file laid on ``[defaults]``.

    What the file says in other words, and options of another type than the file's, stay out.
    """
    base = dict(defaults)
    for said, other in _ALTERNATIVES:
        if any(key in own for key in said):
            for key in other:
                base.pop(key, None)
    for key, known in (("format", catalog.formats), ("sink", catalog.sinks)):
        below, above = base.get(key), own.get(key)
        if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
            continue
        chosen = above.get("type", below.get("type"))
        plugin = known.get(chosen) if isinstance(chosen, str) else None
        if plugin is not None and below.get("type", chosen) != chosen:
            taken = option_names(plugin.Options)
            base[key] = {name: value for name, value in below.items() if name in taken}
    if own.get("mode", base.get("mode")) != "changed":
        base.pop("changes", None)
    _leave_out_other_window(base, own)
    return merged(base, own)


def _leave_out_other_window(base: dict[str, Any], own: Mapping[str, Any]) -> None:
    below, above = base.get("events"), own.get("events")
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        said = {"window", "range"} & above.keys()
        base["events"] = {
            key: value for key, value in below.items() if not said or key not in ("window", "range")
        }


_KINDS: tuple[tuple[str, str, tuple[type, ...]], ...] = (
    ("source", "must be the name of a file or a table", (str, dict)),
    ("sink", "must be the name of a file or a table", (str, dict)),
    ("sinks", "must be a list", (list,)),
    ("format", "must be a table", (dict,)),
    ("order_by", "must be text or a list", (str, list)),
    ("partition_by", "must be text or a list", (str, list)),
)
"""What may be written in more than one way, which the model leaves open."""


def check_defaults(defaults: Mapping[str, Any], scope: Scope, catalog: Catalog, zone: str) -> None:
    """Report what is wrong with ``[defaults]`` whatever a pipeline says; nothing is required."""
    read(PipelineFile, defaults, scope, partial=True)
    for key, what, kinds in _KINDS:
        if key in defaults and not isinstance(defaults[key], kinds):
            scope.add((key,), *must_be(what, defaults[key]))
    for key, known in (("format", catalog.formats), ("sink", catalog.sinks)):
        if isinstance(defaults.get(key), Mapping):
            check_part(defaults[key], scope.within(key), key, known, catalog)
    if isinstance(defaults.get("compression"), str):
        codec_extension(defaults["compression"], scope, catalog)
    if "schedule" in defaults:
        read_schedule(defaults["schedule"], scope.within("schedule"), zone, partial=True)
    read_identity(defaults.get("identity"), None, scope.within("identity"))
    read_columns(defaults.get("columns"), None, scope.within("columns"))
    read_events(defaults.get("events"), None, scope.within("events"), zone, PIPELINE_HOMES)
    if isinstance(defaults.get("filter"), Mapping):
        read_conditions(defaults["filter"], scope.within("filter"), PIPELINE_HOMES)
    check_templates(defaults, scope)
    if isinstance(defaults.get("manifest"), Mapping):
        check_manifest_templates(defaults["manifest"], scope.within("manifest"))
