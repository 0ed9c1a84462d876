"""The file sink: staged under a hidden name in the target's own folder, published by one rename."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random
from typing import Annotated, ClassVar
from urllib.parse import quote

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    Check,
    ConditionalWriteUnsupported,
    DiskFull,
    Doc,
    Permanent,
    Probe,
    Receipt,
    Sink,
    SinkContext,
    SinkDenied,
    SinkOptions,
    SinkRefused,
    SinkUnreachable,
    SpooledFile,
    Staged,
    TargetExists,
    hookimpl,
)
from profexd_sinks.names import name_fault

_CHUNK = 8 * 2**20
_LATENCY = (0.3, 1.3)
"""Seconds."""
_FICLONE = 0x40049409
_NETWORK = frozenset(
    {errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN}
)
"""What a network file system says while its server is away."""


def _absolute(root: str) -> str:
    if not root.startswith("/"):
        raise ValueError('must be an absolute path, as in "/srv/exports"')
    if "\0" in root:
        raise ValueError("must not hold a NUL")
    if ".." in PurePosixPath(root).parts:
        raise ValueError('must not contain ".."')
    return root


def _octal_mode(text: str) -> str:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ValueError('must be an octal mode, as in "0640"')
    return text


@dataclass(frozen=True, kw_only=True)
class FileOptions(SinkOptions):
    root: Annotated[str, Doc("The absolute folder that files go below."), Check(_absolute)] = (
        field()
    )
    mode: Annotated[str, Doc("The mode of delivered files, octal."), Check(_octal_mode)] = "0640"
    displayed_root: Annotated[str, Doc("Shown to people in place of root.")] = ""
    simulate_latency: Annotated[
        bool, Doc("Wait 0.3 to 1.3 s before each operation, as a far storage would; for tests.")
    ] = False


class FileSink(Sink):
    """Delivers to a local or mounted file system."""

    name = "file"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options: ClassVar[type[FileOptions]] = FileOptions
    options: FileOptions

    def __init__(
        self,
        options: FileOptions,
        context: SinkContext,
        *,
        random: Random | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(options, context)
        self._random = random or Random()  # noqa: S311 - latency needs no secrecy
        self._wait = wait

    @classmethod
    def uri(cls, options: FileOptions, target: str) -> str:
        root = options.displayed_root or options.root
        if "://" in root:
            return f"{root.rstrip('/')}/{quote(target)}"
        return "file://" + quote(f"{root.rstrip('/')}/{target}", safe="/$={}:@+,;!*'()")

    @classmethod
    def target_fault(cls, options: FileOptions, target: str) -> str:
        return name_fault(target)

    def probe(self) -> Probe:
        self._delay()
        probe = SpooledFile(
            path=Path(os.devnull),
            size=0,
            sha256=hashlib.sha256().hexdigest(),
            rows=0,
            media_type="",
        )
        with _explained(self.options.root):
            self._discard(self._copy(probe, f".profexd-probe-{self.context.run_id}", journal=False))
        return Probe(ok=True, message=f"{self.options.root} can be written")

    def stage(self, file: SpooledFile, target: str) -> Staged:
        self._delay()
        with _explained(self._path(target)):
            return self._copy(file, target, journal=True)

    def publish(self, staged: Staged) -> Receipt:
        self._delay()
        path, temporary = self._path(staged.target), self._temporary(staged)
        with _explained(path):
            self._mounted()
            self._contained(path)
            if not temporary.exists():
                self._published_before(staged, path)
            elif self.context.create_only:
                self._publish_new(temporary, path)
            else:
                temporary.replace(path)
            _sync_folder(path.parent)
        return Receipt(target=staged.target, size=staged.size, level="verified")

    def discard(self, staged: Staged) -> None:
        self._delay()
        self._discard(staged)

    def _discard(self, staged: Staged) -> None:
        temporary = self._temporary(staged)
        with _explained(temporary):
            self._mounted()
            temporary.unlink(missing_ok=True)

    def _delay(self) -> None:
        if self.options.simulate_latency:
            self._wait(self._random.uniform(*_LATENCY))

    def _path(self, target: str) -> Path:
        return Path(self.options.root) / target

    def _temporary(self, staged: Staged) -> Path:
        return self._path(staged.target).with_name(str(staged.handle["temporary"]))

    def _mounted(self) -> None:
        """Refuse to believe that what was staged is gone while the whole root is."""
        if not Path(self.options.root).is_dir():
            raise SinkUnreachable(
                f"{self.options.root} is not there, and something is staged below it",
                hint="is its file system mounted?",
            )

    def _contained(self, path: Path) -> None:
        """Refuse a target whose folder leaves the root through a symbolic link."""
        root = Path(self.options.root).resolve()
        if not path.parent.resolve().is_relative_to(root):
            raise SinkRefused(
                f"{path} leads out of {self.options.root} through a symbolic link",
                hint="profexd never writes outside of the sink's root; change the link or the root",
            )

    def _copy(self, file: SpooledFile, target: str, *, journal: bool) -> Staged:
        path = self._path(target)
        staged = Staged(
            target=target,
            size=file.size,
            sha256=file.sha256,
            handle={"temporary": _temporary_name(path.name, self.context.run_id)},
        )
        self._contained_before_creation(path)
        folder_mode = _folder_mode(int(self.options.mode, 8))
        # Once something is journaled, a root that is not there is one that went away.
        _make_folders(Path(self.options.root), folder_mode)
        if journal:
            self.context.journal(staged)
        _make_folders(path.parent, folder_mode)
        self._contained(path)
        temporary = self._temporary(staged)
        try:
            temporary.unlink(missing_ok=True)
            self._write(file, temporary)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        return staged

    def _contained_before_creation(self, path: Path) -> None:
        root = Path(self.options.root)
        nearest = path.parent
        while nearest != root and not nearest.exists():
            nearest = nearest.parent
        self._contained(nearest / path.name)

    def _write(self, file: SpooledFile, temporary: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with file.path.open("rb") as spooled:
            out = os.open(temporary, flags, 0o600)
            try:
                for sent in _transfer(spooled.fileno(), out, file.size):
                    self.context.progress(sent)
                os.fchmod(out, int(self.options.mode, 8))
                os.fsync(out)
                written = os.fstat(out).st_size
            finally:
                os.close(out)
        if written != file.size:
            raise Permanent(
                f"{temporary} holds {written} bytes instead of {file.size}",
                code="sink_refused",
                hint="the file system lost bytes without an error; check it",
            )

    def _publish_new(self, temporary: Path, path: Path) -> None:
        try:
            os.link(temporary, path)
        except FileExistsError:
            if not path.samefile(temporary):
                raise TargetExists(
                    f"{path} exists already",
                    hint='move it away: on_existing = "fail" or "suffix" never replaces',
                ) from None
        except OSError as why:
            if why.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise ConditionalWriteUnsupported(
                    f"cannot create {path} only if absent: its file system has no hard links",
                    hint='set on_existing = "overwrite", or deliver to another file system',
                ) from why
            raise
        temporary.unlink()

    def _published_before(self, staged: Staged, path: Path) -> None:
        """Accept a target that holds what was staged: an earlier publish was cut off after it."""
        if path.is_file() and path.stat().st_size == staged.size and _sha256(path) == staged.sha256:
            return
        raise Permanent(
            f"what was staged for {path} is gone",
            code="sink_refused",
            hint="something removed the hidden file beside the target; run the pipeline again",
        )


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the file sink."""
    assert callable(register)
    register(FileSink)


def _temporary_name(name: str, run_id: str) -> str:
    # A name may be 255 bytes long; the part of the target's name is there for people only.
    return f".{name.encode()[:200].decode(errors='ignore')}.{run_id}.profexd"


def _folder_mode(file_mode: int) -> int:
    """Whoever may read the files may enter their folders."""
    return 0o700 | file_mode & 0o077 | (file_mode & 0o044) >> 2


def _make_folders(folder: Path, mode: int) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent, mode)
    with suppress(FileExistsError):
        folder.mkdir()
        # Not by mkdir: the umask of a service is often 0077.
        folder.chmod(mode)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as why:
        # Some network file systems cannot sync a folder; the rename itself was accepted.
        if why.errno not in (errno.EINVAL, errno.EROFS, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _transfer(source: int, out: int, size: int) -> Iterator[int]:
    """Bring all bytes over without passing through Python: a reflink, or copies by the kernel."""
    try:
        fcntl.ioctl(out, _FICLONE, source)
    except OSError:
        yield from _copy_ranges(source, out, size)
    else:
        yield size


def _copy_ranges(source: int, out: int, size: int) -> Iterator[int]:
    done = 0
    while done < size:
        try:
            sent = os.copy_file_range(source, out, min(_CHUNK, size - done))
        except OSError as why:
            if why.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            sent = os.sendfile(out, source, None, min(_CHUNK, size - done))
        if sent == 0:
            return
        done += sent
        yield sent


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _explained(path: Path | str) -> Iterator[None]:
    """Turn an OSError on ``path`` into an error that says what to do."""
    try:
        yield
    except OSError as why:
        reason = os.strerror(why.errno) if why.errno else str(why)
        if why.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(
                f"no room for {path}: {reason}",
                hint="free space there, or point the sink's root to a larger file system",
            ) from why
        if why.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise SinkDenied(
                f"may not write {path}: {reason}", hint=f"give {_user()} the right to write there"
            ) from why
        if why.errno in _NETWORK:
            raise SinkUnreachable(
                f"cannot reach {path}: {reason}", hint="is the server of the file system up?"
            ) from why
        raise SinkRefused(
            f"cannot write {path}: {reason}", hint="correct the path of the pipeline or the root"
        ) from why


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
