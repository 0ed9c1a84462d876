"""What storages answer on bad days, as errors with a stable code and what to do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from profexd.api import (
    Permanent,
    ProfexdError,
    Retryable,
    Secret,
    SinkContext,
    SinkDenied,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
    Staged,
)
from profexd.testing.sinks import LARGE, spooled
from profexd_sinks.s3 import S3Sink
from profexd_sinks.s3_options import S3Options
from profexd_sinks.s3_upload import part_size
from tests.s3.scripted import Refusal, Request, Scripted, scripted

EXPIRED = Refusal(400, "ExpiredToken", "The provided token has expired.")


@pytest.fixture
def storage() -> Iterator[Scripted]:
    with scripted() as storage:
        yield storage


def sink_of(storage: Scripted, *, context: SinkContext | None = None, **more: Any) -> S3Sink:
    options = S3Options(
        bucket="bucket",
        endpoint_url=storage.url,
        access_key_id="AKTEST",
        secret_access_key=Secret("literal", "a-secret"),
        concurrency=1,
    )
    context = context or SinkContext(reveal=lambda secret: secret.value)
    return S3Sink(replace(options, **more), context)


@pytest.mark.parametrize(
    ("refusal", "kind", "hint"),
    [
        (Refusal(403, "AccessDenied", "Access Denied"), SinkDenied, "grant s3:PutObject"),
        (Refusal(403, "AccessDenied"), SinkDenied, "s3:AbortMultipartUpload"),
        (Refusal(403, "InvalidAccessKeyId", "no"), SinkDenied, "correct access_key_id"),
        (Refusal(403, "SignatureDoesNotMatch", "no"), SinkDenied, "secret_access_key"),
        (Refusal(403, "RequestTimeTooSkewed", "The difference"), SinkDenied, "clock is wrong"),
        (EXPIRED, SinkDenied, "have expired"),
        (Refusal(404, "NoSuchBucket", "no"), SinkRefused, "create the bucket"),
        (
            Refusal(301, "PermanentRedirect", "no", (("x-amz-bucket-region", "eu-west-1"),)),
            SinkRefused,
            'set region = "eu-west-1"',
        ),
        (Refusal(400, "InvalidStorageClass", "no"), SinkRefused, "storage_class"),
        (Refusal(400, "KMS.NotFoundException", "no"), SinkDenied, "kms:GenerateDataKey"),
        (Refusal(501, "NotImplemented", "no"), SinkRefused, "the storage lacks"),
        (Refusal(507, "XMinioStorageFull", "full"), SinkRefused, "the storage is full"),
        (Refusal(503, "SlowDown", "Reduce your rate"), SinkUnreachable, "tries again"),
        (Refusal(500, "InternalError", "oops"), SinkUnreachable, "tries again"),
        (Refusal(429), SinkUnreachable, "tries again"),
        (Refusal(502), SinkUnreachable, "tries again"),
        (Refusal(400, "RequestTimeout", "idle"), SinkTimeout, "waited for bytes"),
        (Refusal(418, "Teapot", "short and stout"), SinkRefused, "correct the options"),
    ],
    ids=lambda value: (value.code or str(value.status)) if isinstance(value, Refusal) else None,
)
def test_a_refusal_has_a_code_a_hint_and_the_words_of_the_storage(
    storage: Scripted, tmp_path: Path, refusal: Refusal, kind: type[ProfexdError], hint: str
) -> None:
    storage.refuse = lambda request: refusal
    sink = sink_of(storage)
    with pytest.raises(ProfexdError) as raised:
        sink.stage(spooled(tmp_path, LARGE), "file.csv")
    sink.close()
    error = raised.value
    assert type(error) is kind
    assert hint in error.hint
    assert "s3://bucket/file.csv" in error.message
    assert (refusal.code or str(refusal.status)) in error.message
    assert refusal.message in error.message
    assert "None" not in error.message
    assert "a-secret" not in error.message + error.hint


def test_a_busy_storage_is_asked_again_for_the_part_alone(
    storage: Scripted, tmp_path: Path
) -> None:
    seen: list[str] = []

    def refuse(request: Request) -> Refusal | None:
        seen.append(request.operation)
        first = request.operation.startswith("PUT") and seen.count(request.operation) == 1
        return Refusal(503, "SlowDown") if first else None

    storage.refuse = refuse
    sent: list[int] = []
    context = SinkContext(reveal=lambda secret: secret.value, progress=sent.append)
    sink = sink_of(storage, context=context)
    sink.publish(sink.stage(spooled(tmp_path, LARGE), "file.csv"))
    sink.close()
    assert seen.count("POST uploads") == 1
    assert seen.count("PUT partNumber uploadId") == 3
    assert sum(sent) == LARGE


def test_expired_credentials_are_read_again_once(storage: Scripted, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")

    def refuse(request: Request) -> Refusal | None:
        if request.headers.get("x-amz-security-token") == "new":
            return None
        token.write_text("new")
        return EXPIRED

    storage.refuse = refuse
    context = SinkContext(
        reveal=lambda secret: token.read_text() if secret.kind == "file" else secret.value
    )
    sink = sink_of(storage, context=context, session_token=Secret("file", str(token)))
    assert sink.publish(sink.stage(spooled(tmp_path, LARGE), "file.csv")).size == LARGE
    sink.close()
    tokens = [request.headers["x-amz-security-token"] for request in storage.requests]
    assert tokens == ["old", *["new"] * (len(tokens) - 1)]


@pytest.mark.parametrize("checksum", ["auto", "sha256", "none"])
def test_checksums_go_along_where_they_are_asked_for(
    storage: Scripted, tmp_path: Path, checksum: str
) -> None:
    sink = sink_of(storage, checksum=checksum)
    file = spooled(tmp_path, LARGE)
    sink.publish(sink.stage(file, "file.csv"))
    sink.close()
    parts = [request for request in storage.requests if request.operation.startswith("PUT")]
    assert b"".join(part.body for part in parts) == file.path.read_bytes()
    for part in parts:
        digest = base64.b64encode(hashlib.sha256(part.body).digest()).decode()
        sums = {name: value for name, value in part.headers.items() if "checksum" in name}
        assert sums == ({"x-amz-checksum-sha256": digest} if checksum == "sha256" else {})
    assert not any("content-encoding" in request.headers for request in storage.requests)


def test_what_the_options_say_of_objects_is_said_to_the_storage(
    storage: Scripted, tmp_path: Path
) -> None:
    more: dict[str, Any] = {
        "root": "in",
        "storage_class": "STANDARD_IA",
        "sse": "aws:kms",
        "kms_key": "k",
        "acl": "bucket-owner-full-control",
        "tags": {"team": "crm & co"},
    }
    large = sink_of(storage, **more)
    large.publish(large.stage(spooled(tmp_path, LARGE), "file.csv"))
    large.close()
    alone = SinkContext(reveal=lambda secret: secret.value, alone=True)
    small = sink_of(storage, context=alone, **more)
    small.publish(small.stage(spooled(tmp_path, 10), "small.csv"))
    small.close()
    begun = [one for one in storage.requests if one.operation in ("POST uploads", "PUT")]
    assert len(begun) == 2
    for request in begun:
        assert request.headers["content-type"] == "text/csv; charset=UTF-8"
        assert request.headers["x-amz-storage-class"] == "STANDARD_IA"
        assert request.headers["x-amz-server-side-encryption"] == "aws:kms"
        assert request.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "k"
        assert request.headers["x-amz-acl"] == "bucket-owner-full-control"
        assert request.headers["x-amz-tagging"] == "team=crm+%26+co"
        assert "content-encoding" not in request.headers


def test_a_small_file_that_is_alone_is_one_put_and_nothing_before(
    storage: Scripted, tmp_path: Path
) -> None:
    context = SinkContext(reveal=lambda secret: secret.value, alone=True)
    sink = sink_of(storage, context=context)
    staged = sink.stage(spooled(tmp_path, 10), "file.csv")
    assert storage.requests == []
    sink.discard(staged)
    sink.publish(Staged.from_json(staged.as_json()))
    sink.close()
    assert [request.operation for request in storage.requests] == ["PUT"]
    Path(str(staged.handle["spooled"])).write_bytes(b"otherwise!")
    again = sink_of(storage, context=context)
    with pytest.raises(Permanent) as raised:
        again.publish(staged)
    assert raised.value.error_code == "spool_corrupt"
    again.close()


def test_an_abort_that_is_denied_says_what_stays_and_why(storage: Scripted, tmp_path: Path) -> None:
    sink = sink_of(storage)
    staged = sink.stage(spooled(tmp_path, LARGE), "file.csv")
    storage.refuse = lambda request: Refusal(403, "AccessDenied", "no")
    with pytest.raises(SinkDenied) as raised:
        sink.discard(staged)
    assert "stay in the bucket" in raised.value.message
    assert "grant s3:AbortMultipartUpload" in raised.value.hint
    storage.refuse = lambda request: (
        Refusal(403, "AccessDenied") if request.operation.startswith("DELETE") else None
    )
    probe = sink.probe()
    assert probe.ok
    assert "s3:AbortMultipartUpload" in probe.hint
    sink.close()


def test_parts_that_arrive_after_an_abort_are_aborted_too(
    storage: Scripted, tmp_path: Path
) -> None:
    sink = sink_of(storage)
    staged = sink.stage(spooled(tmp_path, LARGE), "file.csv")
    storage.parts = [1, 0]
    sink.discard(staged)
    sink.close()
    asked = [request.operation for request in storage.requests][-4:]
    assert asked == ["DELETE uploadId", "GET uploadId"] * 2


@pytest.mark.parametrize("size", [0, 1, 8 * 2**20, 78 * 2**30, 5 * 2**40, 50 * 2**40])
def test_no_file_has_more_parts_than_s3_takes(size: int) -> None:
    assert part_size(size) >= 8 * 2**20
    assert size <= part_size(size) * 10_000


def test_a_closed_port_may_come_back_and_a_bad_name_too(tmp_path: Path) -> None:
    sink = sink_of(Scripted(url="http://127.0.0.1:9"))
    with pytest.raises(Retryable) as raised:
        sink.stage(spooled(tmp_path, LARGE), "file.csv")
    assert raised.value.error_code == "sink_unreachable"
    sink.close()
