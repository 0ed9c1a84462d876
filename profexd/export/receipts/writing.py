"""Receipts of a run: its manifest, the signature of that, and the empty file that ends it all."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import profexd
from profexd.api.errors import ConfigurationInvalid, DiskFull
from profexd.api.types import SpooledFile
from profexd.config.readers.manifest import SIGNATURE
from profexd.config.template import path_faults
from profexd.config.text.values import digest
from profexd.export.parts.writing import BuiltPart
from profexd.export.receipts.manifest import FORMAT, text_of
from profexd.export.source.engine import NO_ROOM
from profexd.wire import FileKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profexd.config.model import Pipeline, Source
    from profexd.config.template import PathValues
    from profexd.export.build import Outcome
    from profexd.export.plan import Plan
    from profexd.export.receipts.sshsig import Signer

Receipts = tuple[tuple[FileKind, str], ...]
"""Kind and path of each."""
_MEDIA_TYPES = {
    FileKind.MANIFEST: "application/json; charset=UTF-8",
    FileKind.SIGNATURE: "text/plain; charset=UTF-8",
    FileKind.MARKER: "text/plain; charset=UTF-8",
}


def receipts_of(pipeline: Pipeline, values: PathValues) -> Receipts:
    """Return what a run leaves beside its files; ConfigurationInvalid for what is no path."""
    manifest = pipeline.manifest
    if manifest is None:
        return ()
    path = manifest.path.render(values)
    found = [(FileKind.MANIFEST, path)]
    if pipeline.settings.signing_key is not None:
        for why in path_faults(path + SIGNATURE):
            raise ConfigurationInvalid(f'the signature "{path + SIGNATURE}": {why}') from why
        found.insert(0, (FileKind.SIGNATURE, path + SIGNATURE))
    if manifest.done is not None:
        found.append((FileKind.MARKER, manifest.done.render(values)))
    return tuple(found)


def source_seen(source: Source) -> dict[str, Any]:
    """Return which database file the rows of an open source come from."""
    seen: dict[str, Any] = {"name": source.name, "database": None}
    if source.database is not None:
        stat = Path(source.database).stat()
        modified = datetime.fromtimestamp(stat.st_mtime_ns // 10**9, UTC).replace(
            microsecond=stat.st_mtime_ns // 1000 % 10**6
        )
        seen["database"] = {
            "file": Path(source.database).name,
            "device": stat.st_dev,
            "inode": stat.st_ino,
            "bytes": stat.st_size,
            "modified": _rfc3339(modified),
        }
    return seen


def write_receipts(
    pipeline: Pipeline,
    plan: Plan,
    built: Outcome,
    *,
    folder: Path,
    revision: str,
    signer: Signer | None,
) -> tuple[list[BuiltPart], dict[str, Any]]:
    """Write the receipts into the spool; return them, and what the next run is to know of them.

    They hold nothing that a retry, or a process that finishes the run, would say otherwise.
    """
    before = {key: plan.state[key] for key in ("manifest",) if key in plan.state}
    if not plan.receipts:
        return [], before
    paths = dict(plan.receipts)
    text = text_of(_document(plan, built, paths, revision, signer, before.get("manifest")))
    contents = {FileKind.MANIFEST: text, FileKind.MARKER: b""}
    if signer is not None:
        contents[FileKind.SIGNATURE] = signer.sign(text).encode()
    written = [_spooled(folder, kind, path, contents[kind]) for kind, path in plan.receipts]
    return written, {"manifest": hashlib.sha256(text).hexdigest()}


def _document(
    plan: Plan,
    built: Outcome,
    paths: Mapping[FileKind, str],
    revision: str,
    signer: Signer | None,
    previous: str | None,
) -> dict[str, Any]:
    key = None
    if signer is not None:
        key = {
            "public": signer.public_key,
            "fingerprint": signer.fingerprint,
            "signature": paths[FileKind.SIGNATURE],
        }
    columns = [[column.name, column.type.text] for column in built.columns]
    return {
        "manifest": FORMAT,
        "profexd": profexd.__version__,
        "path": paths[FileKind.MANIFEST],
        "pipeline": plan.pipeline,
        "export_id": plan.export_id,
        "run_id": plan.run_id,
        "instant": _rfc3339(plan.instant),
        "configuration": revision,
        "source": {**built.source, "rows": built.profile.rows},
        "columns": {"count": len(columns), "sha256": digest(columns)},
        "rows": sum(part.file.rows for part in built.parts),
        "bytes": sum(part.file.size for part in built.parts),
        "files": [
            {
                "path": part.path,
                "rows": part.file.rows,
                "bytes": part.file.size,
                "sha256": part.file.sha256,
            }
            for part in built.parts
        ],
        "done": paths.get(FileKind.MARKER),
        "key": key,
        "previous": previous,
    }


def _spooled(folder: Path, kind: FileKind, path: str, content: bytes) -> BuiltPart:
    spooled = folder / f"receipt-{kind}"
    try:
        spooled.unlink(missing_ok=True)
        spooled.touch(0o600)
        spooled.write_bytes(content)
    except OSError as why:
        if why.errno not in NO_ROOM:
            raise
        raise DiskFull(
            f"cannot write {spooled}: {why.strerror}", hint="make room for the spool, or move it"
        ) from why
    file = SpooledFile(
        path=spooled,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=0,
        media_type=_MEDIA_TYPES[kind],
    )
    return BuiltPart(path, file, kind)


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
