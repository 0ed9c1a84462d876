"""Writes a file whole or not at all: beside it as ``x.tmp``, then renamed, owner and mode kept."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from profexd.edit.errors import EditError
from profexd.edit.target import Target
from profexd.edit.trial import mode_of


def refuse_unwritable(file: Path) -> None:
    """Raise if the caller may not replace ``file``, or not make it, with the command that can."""
    real = Path(os.path.realpath(file))
    folder = real.parent
    if real.exists():
        wanted = [(real, os.R_OK | os.W_OK), (folder, os.W_OK | os.X_OK)]
    else:
        while not folder.exists():
            folder = folder.parent
        wanted = [(folder, os.W_OK | os.X_OK)]
    for path, mode in wanted:
        if not os.access(path, mode, effective_ids=os.access in os.supports_effective_ids):
            raise denied(file, f"you may not write {path}")


def denied(file: Path, why: str) -> EditError:
    """Return the error that names the command to copy."""
    return EditError(f"{file}: {why}", code="denied", hint=f"sudoedit {file}")


def replace(target: Target, text: str) -> None:
    """Save over a file that is there; a link is followed, and stays a link."""
    file = Path(os.path.realpath(target.file))
    before = file.stat()
    temporary = file.with_name(f"{file.name}.tmp")
    try:
        handle = _fresh(temporary)
        with os.fdopen(handle, "wb") as out:
            about = os.fstat(out.fileno())
            if (about.st_uid, about.st_gid) != (before.st_uid, before.st_gid):
                os.fchown(out.fileno(), before.st_uid, before.st_gid)
            os.fchmod(out.fileno(), before.st_mode & 0o7777)
            _copy_attributes(file, out.fileno())
            _write(out.fileno(), text)
        temporary.rename(file)
    except PermissionError as why:
        temporary.unlink(missing_ok=True)
        if isinstance(why.filename, int) or why.filename is None:
            raise denied(target.file, "saving it would change who owns it") from None
        raise denied(target.file, why.strerror or "denied") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(file.parent)


def create(target: Target, text: str) -> None:
    """Save a file that is not there yet; one that is there is never touched."""
    file = target.file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f"{file.name}.tmp")
        handle = _fresh(temporary)
    except PermissionError as why:
        raise denied(file, why.strerror or "denied") from None
    try:
        with os.fdopen(handle, "wb") as out:
            with suppress(OSError):  # the group that the daemon reads the others by
                os.fchown(out.fileno(), -1, file.parent.stat().st_gid)
            os.fchmod(out.fileno(), mode_of(target))
            _write(out.fileno(), text)
        os.link(temporary, file)
    except FileExistsError:
        raise already_there(target) from None
    finally:
        temporary.unlink(missing_ok=True)
    _sync(file.parent)


def already_there(target: Target) -> EditError:
    """Return the error for a name that is taken."""
    return EditError(
        f"{target.file} is there already", code="file_exists", hint=f"profexctl edit {target.word}"
    )


def _fresh(temporary: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(temporary, flags, 0o600)
    except FileExistsError:  # what a killed editor left, or another one is just saving
        temporary.unlink()
        return os.open(temporary, flags, 0o600)


def _copy_attributes(file: Path, handle: int) -> None:
    """Keep access lists and labels, as far as the caller may."""
    with suppress(OSError):
        for name in os.listxattr(file):
            with suppress(OSError):
                os.setxattr(handle, name, os.getxattr(file, name))


def _write(handle: int, text: str) -> None:
    with open(handle, "wb", closefd=False) as out:
        out.write(text.encode())
        out.flush()
        os.fsync(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
