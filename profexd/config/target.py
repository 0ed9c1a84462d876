"""Reads where the file of a pipeline goes: path, or folder and filename, and their extension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from profexd.config.catalog import Catalog
from profexd.config.documents import PipelineFile
from profexd.config.model import Settings
from profexd.config.problems import Scope
from profexd.config.template import (
    Template,
    TemplateInvalid,
    check_filename,
    check_path,
    from_parts,
    sample_values,
)

_ENDINGS = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".zip": "zip",
    ".sz": "snappy",
    ".bz2": "bzip2",
    ".xz": "xz",
}


def read_target(
    file: PipelineFile,
    scope: Scope,
    *,
    name: str,
    kind: Literal["profiles", "events"],
    timezone: str,
    settings: Settings,
    extension: str,
    catalog: Catalog,
) -> Template | None:
    """Return the path below the sink's root, or None once what is wrong was reported.

    ``extension`` is the format's with the codec's; only folder and filename need it.
    """
    key: Literal["path", "folder", "filename"] = "path"
    try:
        if file.path is not None:
            template = Template.parse(file.path)
        else:
            folder, filename = file.folder or "root", file.filename or "default"
            if file.folder is not None:
                key = "folder"
                if not file.folder:
                    raise TemplateInvalid("must not be empty", 'write "root" for no folder')
                Template.parse(file.folder)
            if file.filename is not None:
                key = "filename"
                check_filename(filename)
            template = from_parts(folder, filename, kind=kind, extension=extension)
            key = "folder" if file.folder is not None else "filename"
    except TemplateInvalid as why:
        scope.add((key,), str(why), why.hint)
        return None
    if not _usable(template, key, scope, name=name, timezone=timezone, settings=settings):
        return None
    if file.path is not None:
        _warn_of_ending(file.path, file.compression, scope, catalog)
    return template


def check_templates(data: Mapping[str, Any], scope: Scope) -> None:
    """Report placeholders that are wrong wherever they stand."""
    for key in ("path", "folder", "filename"):
        if isinstance(data.get(key), str):
            try:
                Template.parse(data[key])
            except TemplateInvalid as why:
                scope.add((key,), str(why), why.hint)


def _usable(
    template: Template,
    key: str,
    scope: Scope,
    *,
    name: str,
    timezone: str,
    settings: Settings,
) -> bool:
    for placeholder in ("event", "column"):
        if placeholder in template.placeholders:
            written = template.written(placeholder)
            scope.add(
                (key,),
                f'placeholder "{written}" needs partitions, and there is no partition_by',
                'write path = "…", or filename = "…", without it',
            )
            return False
    values = sample_values(
        pipeline=name,
        timezone=timezone,
        account_id=settings.account_id,
        instance_id=settings.instance_id,
    )
    path = template.expand(values)
    try:
        check_path(path)
    except TemplateInvalid as why:
        message = f'becomes "{path[:200]}": {why}' if template.placeholders else str(why)
        scope.add((key,), message, why.hint)
        return False
    return True


def _warn_of_ending(path: str, compression: str, scope: Scope, catalog: Catalog) -> None:
    """The reader goes by the name: a name that says another compression is likely a mistake."""
    endings = _ENDINGS | {
        codec.extension: name for name, codec in catalog.codecs.items() if codec.extension
    }
    said = next((name for ending, name in endings.items() if path.endswith(ending)), "none")
    if said == compression:
        return
    if said == "none":
        wanted = next((ending for ending, name in endings.items() if name == compression), "")
        scope.add(
            ("path",),
            f'the file is compressed with {compression}, but its name does not end in "{wanted}"',
            f'write path = "{path}{wanted}"',
            "warning",
        )
    else:
        ending = next(ending for ending, name in endings.items() if name == said)
        scope.add(
            ("path",),
            f'the name ends in "{ending}", but compression is "{compression}"',
            f'write compression = "{said}", or another ending',
            "warning",
        )
