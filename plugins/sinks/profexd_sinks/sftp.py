"""The sftp sink: staged under a temporary name, published by one rename at the server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import FileIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    Permanent,
    Probe,
    ProfexdError,
    Receipt,
    Sink,
    SinkContext,
    SinkRefused,
    SpooledFile,
    Staged,
    hookimpl,
)
from profexd.api.units import parse_size
from profexd_sinks.names import name_fault
from profexd_sinks.sftp_options import SftpOptions, joined
from profexd_sinks.sftp_protocol import NotSftp, Refused, Sftp, Status
from profexd_sinks.sftp_publish import SIZE_ONLY, UNVERIFIED, Publisher, exists
from profexd_sinks.sftp_words import full, refusal, rights, unable

if TYPE_CHECKING:
    from profexd_sinks.sftp_connection import Connection

_REPORT = 1 << 20
"""Bytes between two reports of progress."""
_LEAST_STEP = 4096
_NAME_BYTES = 200
"""What of a target's name goes into a temporary name, which may have 255 bytes."""


class SftpSink(Sink):
    """Delivers to a server over SSH."""

    name = "sftp"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options: ClassVar[type[SftpOptions]] = SftpOptions
    options: SftpOptions

    def __init__(self, options: SftpOptions, context: SinkContext) -> None:
        super().__init__(options, context)
        self._idle: list[Connection] = []
        self._used: dict[str, list[str]] = {}
        """The temporary names of each target that this process has opened."""
        self._asked: set[str] = set()

    @classmethod
    def uri(cls, options: SftpOptions, target: str) -> str:
        return options.uri(target)

    @classmethod
    def target_fault(cls, options: SftpOptions, target: str) -> str:
        return name_fault(target)

    def stage(self, file: SpooledFile, target: str) -> Staged:
        if long := name_fault(target):
            raise SinkRefused(
                f"cannot deliver {target}: {long}", hint="correct the path of the pipeline"
            )
        with self._connected() as there:
            fault = unable(there.sftp, self.options, create_only=self.context.create_only)
            if fault:
                raise fault
            with FileIO(file.path, "rb") as source:
                return self._upload(there, source, file, target)

    def publish(self, staged: Staged) -> Receipt:
        asked = staged.target in self._asked or bool(staged.handle.get("asked"))
        with self._connected() as there:
            # Once no answer comes, nobody can tell whether it happened, unless it is written down.
            self.context.journal(replace(staged, handle={**staged.handle, "asked": True}))
            self._asked.add(staged.target)
            level = Publisher(
                there.sftp,
                self.options,
                staged,
                create_only=self.context.create_only,
                asked=asked,
            ).publish()
            self._sweep(there.sftp, staged)
        return Receipt(target=staged.target, size=staged.size, level=level)

    def discard(self, staged: Staged) -> None:
        with self._connected() as there:
            for path in (str(staged.handle["temporary"]), *_abandoned(staged)):
                self._remove(there.sftp, path)

    def probe(self) -> Probe:
        """Deliver and remove an empty file, and say what could not be done."""
        policy = rights(create_only=self.context.create_only)
        name = f".profexd-probe-{self.context.run_id}-{secrets.token_hex(4)}"
        final = self.options.path(name)
        folder = self.options.temporary_directory
        temporary = joined(folder, f"{name}.profexd") if folder else f"{final}.profexd"
        try:
            with self._connected() as there:
                fault = unable(there.sftp, self.options, create_only=self.context.create_only)
                if fault:
                    raise fault
                left = self._deliver_probe(there, temporary, final)
        except ProfexdError as why:
            return Probe(ok=False, message=why.message, hint=why.hint, policy=policy)
        message = f"{self.options.uri('')} takes files from {self.options.username}"
        if left:
            return Probe(
                ok=True,
                message=f"{message}; the empty {final} stays there: {left}",
                hint="without the right to remove, what a failed run has staged stays there too",
                policy=policy,
            )
        return Probe(ok=True, message=message, policy=policy)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Lend a connection, kept for the next use unless it broke."""
        # Slow to load, and the daemon needs none of it to read a configuration.
        from profexd_sinks.sftp_connection import connect, explained

        while self._idle and not self._idle[-1].alive:
            self._idle.pop().close()
        there = self._idle.pop() if self._idle else connect(self.options, self.context.reveal)
        with explained(self.options, there.guard):
            try:
                yield there
            except Permanent:
                self._idle.append(there)
                raise
            except BaseException:
                there.close()
                raise
            else:
                self._idle.append(there)

    def _upload(self, there: Connection, source: FileIO, file: SpooledFile, target: str) -> Staged:
        staged = Staged(target=target, size=file.size, sha256=file.sha256)
        handle, staged = self._create(there, staged)
        temporary = str(staged.handle["temporary"])
        try:
            self._send(there.sftp, handle, source, temporary)
            level = self._verified(there.sftp, temporary, file.size)
        except BaseException as why:
            if not isinstance(why, (EOFError, OSError, NotSftp)):
                _clean_up(there, handle, temporary)
            raise
        return replace(staged, handle={**staged.handle, "level": level})

    def _create(self, there: Connection, staged: Staged) -> tuple[bytes, Staged]:
        """Journal a temporary name, then open it; makes the folders that are missing."""
        used = self._used.setdefault(staged.target, [])
        path = self._temporary_path(staged.target)
        # Each attempt takes a name of its own: the server may still hold the one before it open.
        staged = replace(staged, handle={"temporary": path, "abandoned": list(used)})
        self.context.journal(staged)
        self._sweep(there.sftp, staged)
        used.append(path)
        if self.options.make_directories and self.options.temporary_directory:
            self._make_folders(there, _parent(self.options.path(staged.target)))
        with self._refusals(f"create {path}"):
            try:
                return there.sftp.open_new(path), staged
            except Refused as why:
                if why.status != Status.NO_SUCH_FILE or not self.options.make_directories:
                    self._out_of_room(there.sftp, f"create {path}", path)
                    raise
            # Whatever was there before has gone.
            there.folders.clear()
            self._make_folders(there, _parent(path))
            return there.sftp.open_new(path), staged

    def _sweep(self, sftp: Sftp, staged: Staged) -> None:
        """Remove what attempts before this one left, as far as the server lets us by now."""
        for path in _abandoned(staged):
            with suppress(Refused):
                sftp.remove(path)

    def _temporary_path(self, target: str) -> str:
        path = PurePosixPath(self.options.path(target))
        start = path.name.encode()[:_NAME_BYTES].decode(errors="ignore")
        name = f".{start}.{self.context.run_id}-{secrets.token_hex(4)}.profexd"
        return joined(self.options.temporary_directory or _parent(str(path)), name)

    def _send(self, sftp: Sftp, handle: bytes, source: FileIO, temporary: str) -> None:
        limit = parse_size(self.options.bandwidth) if self.options.bandwidth else 0
        # Small steps where the progress is what slows us down.
        step = max(_LEAST_STEP, limit // 8) if limit else _REPORT
        unreported = 0

        def progress(sent: int) -> None:
            nonlocal unreported
            unreported += sent
            if limit or unreported >= _REPORT:
                sent, unreported = unreported, 0
                self.context.progress(sent)

        doing = f"write {temporary}"
        with self._refusals(doing):
            try:
                sftp.upload(handle, source, step=step, progress=progress)
                sftp.close(handle)
            except Refused as why:
                if why.status == Status.FAILURE:
                    self._out_of_room(sftp, doing, temporary)
                raise
        if unreported:
            self.context.progress(unreported)

    def _verified(self, sftp: Sftp, temporary: str, size: int) -> str:
        """Compare sizes where the server tells them: some lose bytes without a word."""
        try:
            written = sftp.size(temporary)
        except Refused:
            return UNVERIFIED
        if written is None:
            return UNVERIFIED
        if written != size:
            self._out_of_room(sftp, f"write {temporary}", temporary)
            raise SinkRefused(
                f"{temporary} at {self.options.server} holds {written} bytes instead of {size}",
                hint="the server lost bytes without an error; ask its owner",
            )
        return SIZE_ONLY

    def _out_of_room(self, sftp: Sftp, doing: str, path: str) -> None:
        """Raise DiskFull where that is what a failure without a reason means."""
        with suppress(Refused):
            free = sftp.free(_parent(path) or ".")
            if free is not None and free < _REPORT:
                raise full(doing, self.options, f"{free} bytes are free")

    def _make_folders(self, there: Connection, folder: str) -> None:
        """Make a folder and those above it; whether one is there shows when it is used."""
        if folder in ("", "/", ".") or folder in there.folders:
            return
        try:
            there.sftp.make_folder(folder)
        except Refused as why:
            if why.status == Status.NO_SUCH_FILE and _parent(folder) not in ("", folder):
                self._make_folders(there, _parent(folder))
                with suppress(Refused):
                    there.sftp.make_folder(folder)
        there.folders.add(folder)

    def _remove(self, sftp: Sftp, path: str) -> None:
        try:
            sftp.remove(path)
        except Refused as why:
            if why.status != Status.NO_SUCH_FILE and exists(sftp, path) is not False:
                raise refusal(why, f"remove {path}", self.options) from why

    def _deliver_probe(self, there: Connection, temporary: str, final: str) -> str:
        """Create, publish and remove an empty file; return why it could not be removed, if so."""
        sftp = there.sftp
        if self.options.make_directories:
            for path in (temporary, final):
                self._make_folders(there, _parent(path))
        with self._refusals(f"create {temporary}"):
            sftp.close(sftp.open_new(temporary))
        staged = Staged(target="", size=0, sha256="", handle={"temporary": temporary})
        try:
            Publisher(
                sftp,
                self.options,
                replace(staged, target=PurePosixPath(final).name),
                create_only=self.context.create_only,
                asked=False,
            ).publish()
        except BaseException:
            with suppress(Refused):
                sftp.remove(temporary)
            raise
        try:
            sftp.remove(final)
        except Refused as why:
            return why.words
        return ""

    @contextmanager
    def _refusals(self, doing: str) -> Iterator[None]:
        try:
            yield
        except Refused as why:
            raise refusal(why, doing, self.options) from why


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the sftp sink."""
    assert callable(register)
    register(SftpSink)


def _abandoned(staged: Staged) -> list[str]:
    """Return the temporary names of earlier attempts."""
    paths = staged.handle.get("abandoned", [])
    assert isinstance(paths, list)
    return [str(path) for path in paths]


def _parent(path: str) -> str:
    """Return the folder of a path; nothing where that is where the session begins."""
    folder, slash, _ = path.rpartition("/")
    return folder or slash


def _clean_up(there: Connection, handle: bytes, temporary: str) -> None:
    """Remove what a failed upload leaves; what made it fail is worth more than how this ends."""
    try:
        there.sftp.settle()
        with suppress(Refused):
            there.sftp.close(handle)
        with suppress(Refused):
            there.sftp.remove(temporary)
    except Exception:  # noqa: BLE001 - the connection is good for nothing more
        there.close()
