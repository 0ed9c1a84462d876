"""Reads where the file of a pipeline goes: path, or folder and filename, and their extension."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from profexd.api.codec import Codec
from profexd.config.catalog import Catalog
from profexd.config.model import Source
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.partitions import check_columns, check_placeholders, read_partitions
from profexd.config.template import PathValues, Template, joined, path_faults
from profexd.config.text.problems import Scope

_ENDINGS = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".zip": "zip",
    ".sz": "snappy",
    ".bz2": "bzip2",
    ".xz": "xz",
}


@dataclass(frozen=True, slots=True)
class Target:
    """The path of a pipeline, and the columns by whose values it has several."""

    path: Template
    partition_by: tuple[str, ...] = ()


def read_target(
    file: PipelineFile,
    scope: Scope,
    *,
    source: Source | None,
    values: PathValues,
    extension: str,
    split: bool,
    catalog: Catalog,
) -> Target | None:
    """Return the path below the sink's root, or None once what is wrong was reported.

    ``values`` are those of a made-up run. ``extension`` is the format's with the codec's; only
    folder and filename need it. ``split`` says that there may be several files, so that the path
    must tell their number.
    """
    before = scope.problems.errors
    template = None
    if file.path is not None:
        _report_placeholders("path", file.path, scope)
        path = with_part(file.path, catalog.codecs.values()) if split else file.path
        template = _whole(path, "path", scope, values)
    if file.folder is not None or file.filename is not None:
        folder, filename = file.folder or "root", file.filename or "default"
        key = "filename"
        if file.folder is not None:
            key = "folder"
            _report_placeholders("folder", file.folder, scope)
            if not file.folder:
                scope.add(("folder",), "must not be empty", 'write "root" for no folder')
        if file.filename is not None:
            _report_placeholders("filename", file.filename, scope)
            _report_folders_in(file.filename, scope)
        kind = source.kind if source else "profiles"
        whole = joined(folder, filename, kind=kind, extension=extension)
        if split:
            whole = with_part(whole, catalog.codecs.values())
        template = _whole(whole, key, scope, values)
    if template is None:
        return None
    partitions = read_partitions(file.partition_by, source, template, scope)
    if not scope.reported("path", "folder", "filename"):
        check_columns(partitions, template, file, scope)
    check_placeholders(partitions, template, file, source, scope)
    if scope.problems.errors > before:
        return None
    if file.path is not None and file.compression in {"none", *catalog.codecs}:
        _warn_of_ending(file.path, file.compression, scope, catalog)
    return Target(template, partitions.columns)


def with_part(text: str, codecs: Iterable[type[Codec]]) -> str:
    """Return a path with ``-${part}`` before its extension, unless it has the placeholder."""
    if "part" in Template.sketch(text)[0].placeholders:
        return text
    outer = next((c.extension for c in codecs if c.extension and text.endswith(c.extension)), "")
    stem = text.removesuffix(outer)
    # A placeholder ends in a brace: no dot within one is taken for the beginning of an extension.
    inner = re.search(r"(?<=[^/])\.[A-Za-z0-9]+$", stem)
    at = inner.start() if inner else len(stem)
    return f"{stem[:at]}-${{part}}{text[at:]}"


def check_templates(data: Mapping[str, Any], scope: Scope) -> None:
    """Report placeholders that are wrong wherever they stand."""
    for key in ("path", "folder", "filename"):
        if isinstance(data.get(key), str):
            _report_placeholders(key, data[key], scope)


def _report_placeholders(key: str, text: str, scope: Scope) -> None:
    for why in Template.sketch(text)[1]:
        scope.add((key,), str(why), why.hint)


def _report_folders_in(filename: str, scope: Scope) -> None:
    if any("/" in piece.literal for piece in Template.sketch(filename)[0].pieces):
        scope.add(
            ("filename",),
            'must be the name of a file, without "/"',
            'put folders into folder = "…"',
        )


def _whole(text: str, key: str, scope: Scope, values: PathValues) -> Template:
    """Read the whole path and report what is wrong with it, other than with its placeholders."""
    template, faults = Template.sketch(text)
    columns = dict.fromkeys(template.columns, "x")
    path = template.expand(replace(values, event="x", columns=columns))
    expanded = template.placeholders and not faults
    for why in path_faults(path):
        message = f'becomes "{path[:200]}": {why}' if expanded else str(why)
        scope.add((key,), message, why.hint)
    return template


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
