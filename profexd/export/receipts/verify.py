"""Judges delivered files by their manifest: files, seal, signature, chain; needs nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from profexd.export.receipts.manifest import ManifestDamaged, entries, parse, read, receipt_names
from profexd.export.receipts.signers import Signer
from profexd.export.receipts.sshsig import SignatureWrong, fingerprint, verify

_MOST_MANIFEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one thing. ``subject`` is how the manifest calls it, ``file`` where it is."""

    subject: str
    status: str
    message: str = ""
    file: str | None = None
    ok: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as ``profexctl verify --json`` shows it."""
        return {
            "path": self.subject,
            "status": self.status,
            "message": self.message,
            "file": self.file,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All findings about one delivery."""

    manifest: Finding
    signature: Finding
    previous: tuple[Finding, ...] = ()
    files: tuple[Finding, ...] = ()
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(one.ok for one in (self.manifest, self.signature, *self.previous, *self.files))


def judge(
    manifest: Path,
    files: Sequence[Path],
    *,
    signers: Sequence[Signer] | None,
    previous: Sequence[Path],
) -> Verdict:
    """Return what is to be said of a delivery; OSError where a manifest cannot be read.

    With no ``files`` they are looked for beside the manifest. ``signers`` are whom a signature is
    trusted of; None: it must only fit.
    """
    text = manifest.read_bytes()
    name, shown = manifest.name, str(manifest)
    try:
        document = read(text)
        finding = Finding(name, "ok", file=shown, ok=True)
    except ManifestDamaged as why:
        finding = Finding(name, "changed", str(why), shown)
        try:
            document = parse(text)
        except ManifestDamaged:
            document = {}
    return Verdict(
        manifest=finding,
        signature=_signature(manifest, text, document, signers),
        previous=tuple(_chain(document, previous)),
        files=tuple(_files(manifest, document, files)) if document else (),
        document=document,
    )


def _signature(
    manifest: Path, text: bytes, document: dict[str, Any], signers: Sequence[Signer] | None
) -> Finding:
    path = manifest.with_name(manifest.name + ".sig")
    key = document.get("key")
    name, shown = path.name, str(path)
    if not path.exists():
        if key or signers is not None:
            return Finding(name, "missing", "there is no signature beside the manifest", shown)
        return Finding(name, "none", "it is not signed", ok=True)
    try:
        by = fingerprint(verify(text, path.read_text(errors="replace")))
    except SignatureWrong as why:
        return Finding(name, "wrong", str(why), shown)
    if signers is not None:
        at = _instant(document)
        who = next((one for one in signers if one.trusted(by, at)), None)
        if who is None:
            return Finding(name, "wrong-key", f"it is by the key {by}, which is not trusted", shown)
        name_of = f"{who.who}, " if who.who else ""
        return Finding(name, "ok", f"by {name_of}{by}", shown, ok=True)
    if not key or key.get("fingerprint") != by:
        return Finding(name, "wrong-key", f"it is by the key {by}; the manifest says other", shown)
    return Finding(
        name,
        "unproven",
        f"by {by}; whose key that is, --key or --allowed-signers says",
        shown,
        True,
    )


def _instant(document: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(document.get("instant")))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _chain(document: dict[str, Any], previous: Sequence[Path]) -> Iterator[Finding]:
    """Yield whether each manifest is the one before: before ``document``, and so on."""
    expected = document.get("previous")
    for path in previous:
        text = path.read_bytes()
        if hashlib.sha256(text).hexdigest() == expected:
            yield Finding(path.name, "ok", file=str(path), ok=True)
        elif expected is None:
            yield Finding(path.name, "broken", "the manifest after it names none", str(path))
        else:
            words = "the manifest after it names another one, or this one was changed"
            yield Finding(path.name, "broken", words, str(path))
        try:
            expected = parse(text).get("previous")
        except ManifestDamaged:
            expected = None


def _files(manifest: Path, document: dict[str, Any], files: Sequence[Path]) -> Iterator[Finding]:
    listed = list(entries(document))
    if not files:
        for path, size, sha256 in listed:
            yield _judged(path, size, sha256, _beside(manifest, document, path))
        return
    receipts = {PurePosixPath(name).name for name in receipt_names(document)}
    receipts |= {manifest.name, f"{manifest.name}.sig"}
    given = [path for path in files if not path.is_dir() and path.name not in receipts]
    folders = [path for path in files if path.is_dir()]
    found = {path: folder for folder in folders for path in _walk(folder)}
    there = [path for path in given if path.exists()]
    whence: dict[Path, Path | None] = {**found, **dict.fromkeys(there)}
    matches = _matched([path for path, _, _ in listed], whence)
    for path, size, sha256 in listed:
        yield _judged(path, size, sha256, matches.get(path))
    taken = set(matches.values())
    names = {PurePosixPath(path).name for path, _, _ in listed}
    for one in given:
        if not one.exists() and one.name not in names:
            yield Finding(one.name, "missing", "there is no such file", str(one))
    others = _listed_elsewhere(found)
    for one in there:
        if one not in taken:
            yield Finding(one.name, "extra", "the manifest does not list it", str(one))
    for one, folder in found.items():
        if one not in taken and one.name not in receipts and one.name not in others:
            subject = one.relative_to(folder).as_posix()
            yield Finding(subject, "extra", "no manifest lists it", str(one))


def _judged(path: str, size: int, sha256: str, file: Path | None) -> Finding:
    if file is None:
        return Finding(path, "missing", "it is not there")
    shown = str(file)
    try:
        with file.open("rb") as stream:
            real = file.stat().st_size
            if real != size:
                return Finding(path, "changed", f"it has {real} bytes instead of {size}", shown)
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                return Finding(path, "changed", "it has other bytes than were delivered", shown)
    except FileNotFoundError:
        return Finding(path, "missing", "it is not there", shown)
    except OSError as why:
        return Finding(path, "unreadable", why.strerror or str(why), shown)
    return Finding(path, "ok", file=shown, ok=True)


def _beside(manifest: Path, document: dict[str, Any], path: str) -> Path | None:
    """Return where a file should be, seen from the manifest: as at the sink, or flat."""
    parts = PurePosixPath(path).parts
    if ".." in parts or PurePosixPath(path).is_absolute():
        return None
    root = manifest.resolve().parent
    own = PurePosixPath(str(document.get("path"))).parent.parts
    if own and root.parts[-len(own) :] == own:
        root = root.parents[len(own) - 1]
    flat = manifest.parent / parts[-1]
    whole = root.joinpath(*parts)
    return flat if flat.exists() and not whole.exists() else whole


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path


def _matched(listed: Iterable[str], files: Mapping[Path, Path | None]) -> dict[str, Path]:
    """Find each listed path among the files: the more folders agree the better, each file once.

    ``files`` have the folder that they were found in. Of these, one is taken for another only
    where it lies in fewer folders, or in more: a file of another run often has the same name.
    """
    pairs = []
    by_name: dict[str, list[Path]] = {}
    for file in files:
        by_name.setdefault(file.name, []).append(file)
    for path in listed:
        parts = PurePosixPath(path).parts
        for file in by_name.get(parts[-1], ()):
            folder = files[file]
            own = file.relative_to(folder).parts if folder else file.resolve().parts
            alike = _alike(parts, own)
            if folder is None or alike == min(len(parts), len(own)):
                pairs.append((-alike / len(parts), path, file))
    matches: dict[str, Path] = {}
    taken: set[Path] = set()
    for _, path, file in sorted(pairs):
        if path not in matches and file not in taken:
            matches[path] = file
            taken.add(file)
    return matches


def _alike(parts: Sequence[str], others: Sequence[str]) -> int:
    """Return how many names agree from the end on."""
    pairs = enumerate(zip(reversed(parts), reversed(others), strict=False))
    shorter = min(len(parts), len(others))
    return next((number for number, (one, other) in pairs if one != other), shorter)


def _listed_elsewhere(files: Iterable[Path]) -> set[str]:
    """Return the names of what other manifests among the files list, and of these themselves."""
    names: set[str] = set()
    for file in files:
        if file.suffix != ".json" or file.stat().st_size > _MOST_MANIFEST:
            continue
        try:
            document = parse(file.read_bytes())
            listed = [*(path for path, _, _ in entries(document)), *receipt_names(document)]
        except (ManifestDamaged, OSError, KeyError, TypeError):
            continue
        names |= {PurePosixPath(path).name for path in listed} | {file.name}
    return names
