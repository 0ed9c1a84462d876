"""Asks each sink of a pipeline whether its storage can have a file under such a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from profexd.config.catalog import Catalog
from profexd.config.model import Settings, SinkChoice
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.manifest import Manifest
from profexd.config.template import Template, sample_values
from profexd.config.text.problems import Path, Scope


def check_fits(
    path: Template,
    manifest: Manifest | None,
    sinks: Iterable[SinkChoice],
    file: PipelineFile,
    scope: Scope,
    *,
    settings: Settings,
    catalog: Catalog,
) -> None:
    """Report what a sink has against the paths, as a made-up run would expand them."""
    values = sample_values(
        pipeline="x",
        timezone=settings.timezone,
        account_id=settings.account_id,
        instance_id=settings.instance_id,
    )
    key = next(key for key in ("path", "filename", "folder") if getattr(file, key) is not None)
    templates: dict[Path, Template] = {(key,): path}
    if manifest is not None:
        templates["manifest", "path"] = manifest.path
        if manifest.done is not None:
            templates["manifest", "done"] = manifest.done
    for place, template in templates.items():
        columns = dict.fromkeys(template.columns, "x")
        target = template.expand(replace(values, event="x", columns=columns))
        for choice in sinks:
            try:
                fault = catalog.sinks[choice.type].target_fault(choice.options, target)
            except Exception as why:  # noqa: BLE001 - a plugin may raise anything
                fault = f"made the plugin fail: {type(why).__name__}: {why}"
            if fault:
                scope.add(place, fault, f"so says the sink {choice.name} ({choice.type})")
