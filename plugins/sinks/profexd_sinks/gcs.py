"""The GCS sink: a resumable upload that lacks its end is staged, and its end publishes it."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    Probe,
    ProfexdError,
    Receipt,
    Retryable,
    Secret,
    Sink,
    SinkRefused,
    SpoolCorrupt,
    SpooledFile,
    Staged,
    TargetExists,
    hookimpl,
)
from profexd_sinks.extras import require
from profexd_sinks.gcs_auth import Identity
from profexd_sinks.gcs_options import GcsOptions, name_fault, object_name
from profexd_sinks.gcs_storage import Storage
from profexd_sinks.http_exchange import CHUNK

require("gcs", "google.auth", "google.oauth2", "requests")

_UNIT = 2**18
"""All that Google keeps of an upload that is not over is a multiple of this."""
_POLICY = """\
roles/storage.objectCreator on the bucket (storage.objects.create);
to replace files, storage.objects.delete as well (roles/storage.objectUser)"""


class GcsSink(Sink):
    """Delivers to a bucket of Google Cloud Storage."""

    name = "gcs"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options: ClassVar[type[GcsOptions]] = GcsOptions
    options: GcsOptions

    def __init__(self, options: Any, context: Any) -> None:
        super().__init__(options, context)
        identity = Identity(self.options.service_account, context.reveal, self.options.timeout)
        self._storage = Storage(self.options, identity)

    @classmethod
    def uri(cls, options: GcsOptions, target: str) -> str:
        return f"gs://{options.bucket}/{quote(object_name(options, target), safe='/$={}:@+,;!*')}"

    @classmethod
    def target_fault(cls, options: GcsOptions, target: str) -> str:
        return name_fault(object_name(options, target))

    def probe(self) -> Probe:
        """Begin an upload and give it up: that needs the right to create, and creates nothing."""
        name = object_name(self.options, f".profexd-probe-{self.context.run_id}")
        metadata = {"name": name, "contentType": "text/plain"}
        self._storage.cancel(self._storage.begin(metadata, 0, create_only=False))
        return Probe(ok=True, message=f"gs://{self.options.bucket} takes uploads", policy=_POLICY)

    def stage(self, file: SpooledFile, target: str) -> Staged:
        if fault := self.target_fault(self.options, target):
            raise SinkRefused(
                f"cannot deliver {target}: the path {fault}",
                hint="correct the path of the pipeline",
            )
        metadata = self._metadata(file, target)
        staged = Staged(
            target=target,
            size=file.size,
            sha256=file.sha256,
            handle={"spooled": str(file.path), "metadata": metadata},
        )
        if self.context.alone and file.size < _UNIT:
            # One request makes it, and nothing waits for it; but who we are is asked now.
            self._storage.check()
            self.context.journal(staged)
            return staged
        address = self._storage.begin(metadata, file.size, create_only=self.context.create_only)
        self._mask(address)
        staged = replace(staged, handle={**staged.handle, "upload": address})
        try:
            self.context.journal(staged)
            self._send(staged, address, file.size // _UNIT * _UNIT)
        except BaseException:
            with suppress(ProfexdError):
                self._storage.cancel(address)
            raise
        return staged

    def publish(self, staged: Staged) -> Receipt:
        try:
            self._finish(staged)
        except (TargetExists, SinkRefused):
            if not self._is_ours(staged):
                raise
        return Receipt(target=staged.target, size=staged.size, level="verified")

    def discard(self, staged: Staged) -> None:
        if address := staged.handle.get("upload"):
            self._mask(str(address))
            self._storage.cancel(str(address))

    def _metadata(self, file: SpooledFile, target: str) -> dict[str, Any]:
        with file.path.open("rb") as spooled:
            md5 = hashlib.file_digest(spooled, lambda: hashlib.md5(usedforsecurity=False))
        return {
            "name": object_name(self.options, target),
            "contentType": file.media_type,
            # Or the bytes of a .gz would be unpacked on their way to the reader.
            "cacheControl": "no-transform",
            "md5Hash": b64encode(md5.digest()).decode(),
            "metadata": {"profexd-run": self.context.run_id, "sha256": file.sha256},
        }

    def _send(self, staged: Staged, address: str, end: int) -> None:
        """Send the bytes up to ``end``, of which Google may keep fewer than it was sent."""
        start = 0
        while start < end:
            answer = self._storage.put(
                address,
                f"bytes {start}-{end - 1}/*",
                _content(staged, start, end),
                end - start,
                self.context.progress,
            )
            if answer.status != 308:
                raise self._storage.refusal(answer, self._name(staged))
            kept = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
            before, start = start, int(kept[1]) + 1 if kept else 0
            if start <= before:
                raise Retryable(
                    f"Google keeps nothing of what it is sent for {self._name(staged)}",
                    hint="Google is busy",
                )

    def _finish(self, staged: Staged) -> None:
        """Send what is left of the file: then it is there, all at once."""
        if address := staged.handle.get("upload"):
            self._mask(str(address))
            start, size = staged.size // _UNIT * _UNIT, staged.size
            left = f"{start}-{size - 1}" if start < size else "*"
            answer = self._storage.put(
                str(address),
                f"bytes {left}/{size}",
                _content(staged, start, size),
                size - start,
                self.context.progress,
            )
        else:
            content = b"".join(_content(staged, 0, staged.size))
            answer = self._storage.insert(
                self._described(staged), content, create_only=self.context.create_only
            )
            if answer.status == 200:
                self.context.progress(staged.size)
        if answer.status in (404, 410) and address:
            raise SinkRefused(
                f"the upload of {self._name(staged)} is over or has expired",
                hint="run the pipeline again; Google keeps unfinished uploads for a week",
            )
        if answer.status not in (200, 201):
            raise self._storage.refusal(answer, self._name(staged))

    def _is_ours(self, staged: Staged) -> bool:
        """Whether an earlier attempt of this run came through, and only its answer did not."""
        found = self._storage.look(self._name(staged)) or {}
        mine = self._described(staged)
        return (found.get("metadata"), found.get("md5Hash")) == (mine["metadata"], mine["md5Hash"])

    def _described(self, staged: Staged) -> dict[str, Any]:
        metadata = staged.handle["metadata"]
        assert isinstance(metadata, dict)
        return metadata

    def _name(self, staged: Staged) -> str:
        return object_name(self.options, staged.target)

    def _mask(self, address: str) -> None:
        """Whoever knows the number of an upload may write to it: keep it out of every word."""
        for number in parse_qs(urlsplit(address).query).get("upload_id", ()):
            self.context.reveal(Secret("literal", number))


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the GCS sink."""
    assert callable(register)
    register(GcsSink)


def _content(staged: Staged, start: int, end: int) -> Iterator[bytes]:
    path = Path(str(staged.handle["spooled"]))
    try:
        with path.open("rb") as spooled:
            spooled.seek(start)
            left = end - start
            while left and (chunk := spooled.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
    except OSError as why:
        raise SpoolCorrupt(
            f"{path} cannot be read: {why.strerror}",
            hint="something removed it from the spool; run the pipeline again",
        ) from why
    if left:
        raise SpoolCorrupt(
            f"{path} is shorter than it was built",
            hint="something changed it in the spool; run the pipeline again",
        )
