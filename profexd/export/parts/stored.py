"""Parts that an earlier process built: taken from the spool again, and proven the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.api.errors import SpoolCorrupt
from profexd.api.types import SpooledFile
from profexd.export.parts.writing import BuiltPart
from profexd.wire import FileKind

if TYPE_CHECKING:
    from profexd.export.stop import Stop

_BLOCK = 2**20


def stored_parts(files: Iterable[Mapping[str, Any]], stop: Stop) -> list[BuiltPart]:
    """Return the parts that ``Built.files`` told of; SpoolCorrupt where one is not what it was."""
    return [_stored_part(file, stop) for file in files]


def _stored_part(file: Mapping[str, Any], stop: Stop) -> BuiltPart:
    spooled = Path(file["spooled"])
    size, sha256 = _measured(spooled, file["path"], stop)
    if (size, sha256) != (file["bytes"], file["sha256"]):
        raise SpoolCorrupt(
            f"{spooled} no longer has the bytes that were built for {file['path']}",
            hint="something changed it in the spool; run the pipeline again",
        )
    return BuiltPart(
        file["path"],
        SpooledFile(
            path=spooled,
            size=size,
            sha256=sha256,
            rows=file["rows"],
            media_type=file["media_type"],
        ),
        FileKind(file["kind"]),
    )


def _measured(spooled: Path, path: str, stop: Stop) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    try:
        with spooled.open("rb") as stream:
            while block := stream.read(_BLOCK):
                stop.check()
                digest.update(block)
                size += len(block)
    except OSError as why:
        raise SpoolCorrupt(
            f"{spooled}, which was built for {path}, cannot be read: {why.strerror}",
            hint="something removed it from the spool; run the pipeline again",
        ) from why
    return size, digest.hexdigest()
