"""Asks each sink of a pipeline whether its storage can have a file under such a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from profexd.api.sink import CREATE_ONLY
from profexd.config.catalog import Catalog
from profexd.config.model import SinkChoice
from profexd.config.names import insert_before_extension
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.manifest import SIGNATURE, Manifest
from profexd.config.template import PathValues, Template, path_faults
from profexd.config.text.problems import Path, Scope


def check_fits(
    path: Template,
    manifest: Manifest | None,
    sinks: Iterable[SinkChoice],
    file: PipelineFile,
    scope: Scope,
    *,
    values: PathValues,
    added: str,
    catalog: Catalog,
) -> None:
    """Report what a sink has against the paths, as a made-up run would expand them.

    ``values`` are those of that run, ``added`` is what it puts before the extension of its files.
    """
    key = next(key for key in ("path", "filename", "folder") if getattr(file, key) is not None)
    target = _expanded(path, values)
    if added:
        endings = [codec.extension for codec in catalog.codecs.values()]
        target = insert_before_extension(target, added, endings)
        for why in path_faults(target):
            scope.add((key,), f'becomes "{target[:200]}": {why}', why.hint)
    targets: dict[Path, str] = {(key,): target}
    if manifest is not None:
        targets["manifest", "path"] = _expanded(manifest.path, values) + SIGNATURE
        if manifest.done is not None:
            targets["manifest", "done"] = _expanded(manifest.done, values)
    for place, written in targets.items():
        for choice in sinks:
            try:
                fault = catalog.sinks[choice.type].target_fault(choice.options, written)
            except Exception as why:  # noqa: BLE001 - a plugin may raise anything
                fault = f"made the plugin fail: {type(why).__name__}: {why}"
            if fault:
                hint = f"so says the sink {choice.name} ({choice.type})"
                more = f'; a run adds "{added}" to the name' if added and place == (key,) else ""
                scope.add(place, fault, hint + more)


def warn_of_sinks_that_replace(
    existing: str, sinks: Iterable[SinkChoice], scope: Scope, catalog: Catalog
) -> None:
    """Warn of sinks that refuse every run, as they cannot create a file only if it is absent."""
    if existing == "overwrite":
        return
    said = [(key,) for key in ("on_existing", "mode", "events") if scope.has((key,))]
    for choice in sinks:
        if CREATE_ONLY not in catalog.sinks[choice.type].capabilities:
            scope.add(
                said[0],
                f"the sink {choice.name} ({choice.type}) cannot create a file only if there is"
                f' none, as on_existing = "{existing}" wants: it will refuse every run',
                'write on_existing = "overwrite", with ${run_id} in the path',
                "warning",
            )


def _expanded(template: Template, values: PathValues) -> str:
    return template.expand(replace(values, event="x", columns=dict.fromkeys(template.columns, "x")))
