"""The manifest: one JSON document that says what a run delivered, the same bytes at every sink."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

FORMAT = 1
"""The version of the document."""
_SEAL = "seal"


class ManifestDamaged(Exception):
    """The text is no manifest, or not as it was written; its words say why."""


def text_of(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest, which end with their own seal."""
    return _written({**document, _SEAL: _seal(document)})


def read(text: bytes) -> dict[str, Any]:
    """Return the document; ManifestDamaged where it is not exactly as ``text_of`` wrote it.

    The seal finds what was changed by mistake. Against whoever means it there are signatures.
    """
    document = parse(text)
    seal = document.pop(_SEAL, None)
    if seal != _seal(document) or _written({**document, _SEAL: seal}) != text:
        raise ManifestDamaged("it was changed after it was written: its seal does not fit")
    return document


def parse(text: bytes) -> dict[str, Any]:
    """Return the document, changed or not; ManifestDamaged where the text is none."""
    try:
        document = json.loads(text)
        if document["manifest"] != FORMAT:
            raise ManifestDamaged(
                f"it is a manifest of version {document['manifest']}, which this profexd"
                " does not know"
            )
        list(entries(document))
    except (ValueError, TypeError, KeyError, RecursionError) as why:
        raise ManifestDamaged("it is no manifest of profexd, or it is cut or damaged") from why
    parsed: dict[str, Any] = document
    return parsed


def entries(document: Mapping[str, Any]) -> Iterable[tuple[str, int, str]]:
    """Yield path, size and SHA-256 of each file; TypeError for what is none."""
    for file in document["files"]:
        entry = file["path"], file["bytes"], file["sha256"]
        if [type(value) for value in entry] != [str, int, str]:
            raise TypeError("not a file of a manifest")
        yield entry


def receipt_names(document: Mapping[str, Any]) -> list[str]:
    """Return the paths of the manifest itself, of its signature and of the file after it."""
    key, done = document.get("key"), document.get("done")
    path = str(document["path"])
    return [path, *([key["signature"]] if key else []), *([done] if done else [])]


def _seal(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(_written(document)).hexdigest()


def _written(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "surrogatepass")
