"""One run's way into one bucket: multipart uploads begun, filled, completed or aborted."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from profexd.api import (
    ConditionalWriteUnsupported,
    Json,
    Probe,
    Receipt,
    Retryable,
    SinkContext,
    SinkDenied,
    SinkRefused,
    SinkUnreachable,
    SpoolCorrupt,
    SpooledFile,
    Staged,
    TargetExists,
)
from profexd_sinks.s3_client import Connection
from profexd_sinks.s3_errors import code_of, explained
from profexd_sinks.s3_options import LONGEST_KEY, S3Options
from profexd_sinks.s3_probe import probe, require_conditions
from profexd_sinks.s3_upload import Parallel, part_size, pieces

_SMALL = 8 * 2**20
"""Up to so many bytes, a file that is all its run delivers is one PUT."""
_ABORTS = 3
_CLOCKS_DIFFER = timedelta(minutes=15)
"""S3 refuses requests from clocks that are further off."""
_GONE = ("NoSuchUpload", "404", "NoSuchKey")
_NOT_NEW = ("PreconditionFailed", "412")
_DENIED = ("AccessDenied", "403", "Forbidden")


@dataclass(slots=True)
class _Upload:
    """A multipart upload on its way; ``parts`` are ETag and SHA-256 by number."""

    id: str
    parts: dict[int, tuple[str, str]] = field(default_factory=dict)


class Delivery:
    """Stages, publishes and discards the files of one run."""

    def __init__(self, options: S3Options, context: SinkContext) -> None:
        self._options = options
        self._context = context
        with explained(f"s3://{options.bucket}"):
            self._connection = Connection(options, context.reveal)
        self._uploads: dict[str, _Upload] = {}
        """Begun and not full, by target: a further attempt goes on with them."""
        self._doubtful: dict[str, datetime] = {}
        """When an upload was begun whose id never came, by target."""
        self._unanswered: set[str] = set()
        """Targets whose completion was sent and never answered."""
        self._receipts: dict[str, tuple[Staged, Receipt]] = {}
        """What was published, by target."""
        self._conditions = options.on_aws
        """Whether the storage is known to heed If-None-Match."""

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def probe(self) -> Probe:
        """Say whether the bucket takes uploads; leaves nothing."""
        key = self._options.key(f".profexd-probe-{self._context.run_id}")
        return probe(self._connection, self._options, key, self._parameters("text/plain", ""))

    # --- stage

    def stage(self, file: SpooledFile, target: str) -> Staged:
        """Upload every part, and complete nothing."""
        if len(self._options.key(target).encode()) > LONGEST_KEY:
            raise SinkRefused(
                f"{self._name(target)}: a key of S3 has at most {LONGEST_KEY} bytes",
                hint="shorten the pipeline's path or the sink's root",
            )
        if self._context.create_only:
            self._require_conditions()
        elif self._context.alone and file.size <= _SMALL:
            return self._staged(file, target)
        upload = self._uploads.get(target)
        if upload is None:
            upload = self._uploads[target] = self._begin(file, target)
        with explained(self._name(target)):
            try:
                self._fill(upload, file, target)
            except ClientError as why:
                if code_of(why) in _GONE:
                    del self._uploads[target]
                raise
        del self._uploads[target]
        parts: list[Json] = [list(upload.parts[number]) for number in sorted(upload.parts)]
        return self._staged(file, target, upload_id=upload.id, parts=parts)

    def _require_conditions(self) -> None:
        if not self._conditions:
            require_conditions(self._connection, self._options, self._options.key(""))
            self._conditions = True

    def _begin(self, file: SpooledFile, target: str) -> _Upload:
        now = datetime.now(UTC)
        # An upload begins before its id is known: its time and key find it after a crash.
        self._context.journal(self._staged(file, target, since=now.isoformat()))
        if target in self._doubtful:
            self._abort_since(target, self._doubtful.pop(target))
        parameters = self._parameters(file.media_type, file.sha256)
        if self._options.with_sha256:
            parameters["ChecksumAlgorithm"] = "SHA256"
        try:
            answer = self._call("create_multipart_upload", target, **parameters)
        except Retryable:
            self._doubtful[target] = now
            raise
        upload = _Upload(str(answer["UploadId"]))
        self._context.journal(self._staged(file, target, upload_id=upload.id))
        return upload

    def _fill(self, upload: _Upload, file: SpooledFile, target: str) -> None:
        parallel = Parallel(self._options.concurrency)

        def progress(sent: int) -> None:
            parallel.check()
            self._context.progress(sent)

        with pieces(file.path, file.size, part_size(file.size), progress) as all_pieces:

            def send(place: int) -> None:
                piece = all_pieces[place]
                digest = piece.sha256() if self._options.with_sha256 else b""
                checksum = {"ChecksumSHA256": _base64(digest)} if digest else {}
                answer = self._connection.call(
                    "upload_part",
                    self._options.key(target),
                    UploadId=upload.id,
                    PartNumber=place + 1,
                    Body=piece,
                    **checksum,
                )
                upload.parts[place + 1] = (str(answer["ETag"]), _base64(digest))

            def send_explained(place: int) -> None:
                with explained(self._name(target)):
                    send(place)

            missing = [n for n in range(len(all_pieces)) if n + 1 not in upload.parts]
            parallel.send(send_explained, missing)

    # --- publish

    def publish(self, staged: Staged) -> Receipt:
        """Complete the upload, or send the small file."""
        done = self._receipts.get(staged.target)
        if done is not None and done[0] == staged:
            return done[1]
        receipt = self._complete(staged) if "upload_id" in staged.handle else self._put(staged)
        self._receipts[staged.target] = (staged, receipt)
        return receipt

    def _put(self, staged: Staged) -> Receipt:
        path = Path(str(staged.handle["spooled"]))
        if not path.is_file() or path.stat().st_size != staged.size:
            raise SpoolCorrupt(
                f"{path}, to be sent to {self._name(staged.target)}, is gone or has changed",
                hint="something tidied up in the spool; run the pipeline again",
            )
        parameters = self._parameters(str(staged.handle["media_type"]), staged.sha256)
        with pieces(path, staged.size, max(staged.size, 1), self._context.progress) as (piece,):
            digest = piece.sha256()
            if digest.hex() != staged.sha256:
                raise SpoolCorrupt(
                    f"{path} no longer has the bytes that were built",
                    hint="check the disk of the spool; run the pipeline again",
                )
            if self._options.with_sha256:
                parameters["ChecksumSHA256"] = _base64(digest)
            answer = self._call("put_object", staged.target, Body=piece, **parameters)
        return self._receipt(staged, answer, _base64(digest))

    def _complete(self, staged: Staged) -> Receipt:
        parts = [(str(part[0]), str(part[1])) for part in _rows(staged.handle["parts"])]
        condition = {"IfNoneMatch": "*"} if self._context.create_only else {}
        with explained(self._name(staged.target)):
            try:
                answer = self._connection.call(
                    "complete_multipart_upload",
                    self._options.key(staged.target),
                    UploadId=staged.handle["upload_id"],
                    MultipartUpload={"Parts": [_part(n, *part) for n, part in enumerate(parts, 1)]},
                    **condition,
                )
            except ClientError as why:
                return self._refused(staged, why)
            except Exception:
                self._unanswered.add(staged.target)
                raise
        digests = b"".join(base64.b64decode(digest) for _, digest in parts)
        return self._receipt(staged, answer, f"{_base64(_sha256(digests))}-{len(parts)}")

    def _refused(self, staged: Staged, why: ClientError) -> Receipt:
        """Return the receipt of an earlier publish of ours; raises what ``why`` means if none."""
        code = code_of(why)
        if code in _GONE:
            return self._published_before(staged)
        if code in _NOT_NEW:
            if self._look(staged) is True:
                return Receipt(target=staged.target, size=staged.size, level="verified")
            raise TargetExists(
                f"{self._name(staged.target)} exists already",
                hint='move it away: on_existing = "fail" or "suffix" never replaces',
            ) from why
        if code == "NotImplemented" and self._context.create_only:
            raise ConditionalWriteUnsupported(
                f"{self._name(staged.target)} cannot be created only if absent: {why}",
                hint='set on_existing = "overwrite", or deliver to another storage',
            ) from why
        self._unanswered.add(staged.target)
        raise why

    def _published_before(self, staged: Staged) -> Receipt:
        """The upload is gone: was it completed by a publish that was cut off after it?"""
        there = self._look(staged)
        if there or (there is None and staged.target in self._unanswered):
            level = "verified" if there else "unverified"
            return Receipt(target=staged.target, size=staged.size, level=level)
        if there is False:
            raise SinkRefused(
                f"what was staged for {self._name(staged.target)} is gone",
                hint="somebody, or a lifecycle rule, aborted the upload; run the pipeline again",
            )
        return self._send_again(staged)

    def _send_again(self, staged: Staged) -> Receipt:
        """Send the same bytes once more: the upload is gone, and we may not look what became of it.

        To replace what a publish of ours left by the same bytes does no harm.
        """
        path = Path(str(staged.handle["spooled"]))
        if self._context.create_only or not path.is_file():
            raise SinkRefused(
                f"nobody can tell whether {self._name(staged.target)} was published: its upload is"
                " gone, and the credentials may not look",
                hint="look at the object; to let profexd look, grant s3:GetObject",
            )
        file = SpooledFile(
            path=path,
            size=staged.size,
            sha256=staged.sha256,
            rows=0,
            media_type=str(staged.handle["media_type"]),
        )
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != staged.sha256:
                raise SpoolCorrupt(f"{path} no longer has the bytes that were built")
        return self._complete(self.stage(file, staged.target))

    def _look(self, staged: Staged) -> bool | None:
        """Return whether the target is what this run staged; None where looking is denied."""
        try:
            found = self._connection.call("head_object", self._options.key(staged.target))
        except ClientError as why:
            if code_of(why) in _GONE:
                return False
            if code_of(why) in _DENIED:
                return None
            raise
        return bool(found.get("Metadata") == self._metadata(staged.sha256))

    def _receipt(self, staged: Staged, answer: dict[str, Any], checksum: str) -> Receipt:
        detail: dict[str, Json] = {
            name: answer[key] for name, key in (("etag", "ETag"), ("version", "VersionId"))
            if key in answer
        }  # fmt: skip
        hashed = self._options.with_sha256 and answer.get("ChecksumSHA256") == checksum
        level = "verified" if hashed else "unverified"
        return Receipt(target=staged.target, size=staged.size, level=level, detail=detail)

    # --- discard

    def discard(self, staged: Staged) -> None:
        """Abort the upload and make sure that no part is left; a completed one is left alone."""
        self._uploads.pop(staged.target, None)
        if "upload_id" in staged.handle:
            self._abort(staged.target, str(staged.handle["upload_id"]))
        elif "since" in staged.handle:
            since = datetime.fromisoformat(str(staged.handle["since"]))
            self._abort_since(staged.target, since)

    def _abort(self, target: str, upload_id: str) -> None:
        """Abort until no part is left: one that was on its way may arrive after the first time."""
        for _ in range(_ABORTS):
            with explained(self._name(target)):
                try:
                    self._connection.call(
                        "abort_multipart_upload", self._options.key(target), UploadId=upload_id
                    )
                except ClientError as why:
                    if code_of(why) in _GONE:
                        return
                    if code_of(why) in _DENIED:
                        raise SinkDenied(
                            f"the parts of {self._name(target)} stay in the bucket, unseen and paid"
                            f" for: the upload {upload_id} may not be aborted ({why})",
                            hint="grant s3:AbortMultipartUpload, or have a lifecycle rule remove"
                            " incomplete uploads",
                        ) from why
                    raise
            if not self._parts_left(target, upload_id):
                return
        raise SinkUnreachable(f"parts of {self._name(target)} are still there after an abort")

    def _parts_left(self, target: str, upload_id: str) -> bool:
        try:
            found = self._connection.call(
                "list_parts", self._options.key(target), UploadId=upload_id
            )
        except ClientError:
            # Gone, as a rule; where listing is denied the abort was still confirmed.
            return False
        return bool(found.get("Parts"))

    def _abort_since(self, target: str, since: datetime) -> None:
        """Abort uploads to the target that began when ours did, whose id we never learnt.

        They hold no bytes. Where listing is denied they stay until a lifecycle rule takes them.
        """
        key = self._options.key(target)
        try:
            found = self._connection.call("list_multipart_uploads", "", Prefix=key)
        except ClientError:
            return
        for upload in found.get("Uploads", []):
            if upload["Key"] == key and upload["Initiated"] >= since - _CLOCKS_DIFFER:
                self._abort(target, upload["UploadId"])

    # --- what is said of every object

    def _call(self, operation: str, target: str, **parameters: Any) -> dict[str, Any]:
        with explained(self._name(target)):
            return self._connection.call(operation, self._options.key(target), **parameters)

    def _name(self, target: str) -> str:
        return f"s3://{self._options.bucket}/{self._options.key(target)}"

    def _metadata(self, sha256: str) -> dict[str, str]:
        """What lets a later look tell our own object from anybody's."""
        return {"profexd-run": self._context.run_id, "profexd-sha256": sha256}

    def _parameters(self, media_type: str, sha256: str) -> dict[str, Any]:
        options = self._options
        given = {
            "ContentType": media_type,
            "Metadata": self._metadata(sha256),
            "StorageClass": options.storage_class,
            "ServerSideEncryption": options.sse,
            "SSEKMSKeyId": options.kms_key,
            "ACL": options.acl,
            "Tagging": options.tagging,
        }
        return {name: value for name, value in given.items() if value}

    def _staged(self, file: SpooledFile, target: str, **handle: Json) -> Staged:
        where: dict[str, Json] = {"spooled": str(file.path), "media_type": file.media_type}
        return Staged(target=target, size=file.size, sha256=file.sha256, handle=where | handle)


def _part(number: int, etag: str, digest: str) -> dict[str, Any]:
    checksum = {"ChecksumSHA256": digest} if digest else {}
    return {"PartNumber": number, "ETag": etag, **checksum}


def _rows(value: Json) -> list[list[Json]]:
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, list)]


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
