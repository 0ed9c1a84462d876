"""The GCS sink, on an emulator, and over a scripted one where Google would refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from profexd.api import (
    ConfigurationInvalid,
    ProfexdError,
    Retryable,
    Secret,
    SinkContext,
    SinkDenied,
    SinkRefused,
    SinkUnreachable,
    SpoolCorrupt,
    Staged,
    TargetExists,
)
from profexd.testing.sinks import SinkBench, SinkConformance, content, spooled, through_json
from profexd_sinks.gcs import GcsSink
from profexd_sinks.gcs_options import GcsOptions
from tests.servers.gcs import GcsServer, emulating
from tests.servers.process import free_ports
from tests.servers.proxy import proxy
from tests.servers.receiver import Receiver, Reply

TOKEN = "ya29.canary-token"


@pytest.fixture(autouse=True)
def _emulator(fake_gcs: GcsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake_gcs.url)


@pytest.fixture
def bucket(fake_gcs: GcsServer) -> str:
    return fake_gcs.new_bucket()


@pytest.fixture
def tokens(receiver: Receiver) -> Receiver:
    """A server for tokens that gives one to whoever asks."""
    answer = json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
    receiver.usual = Reply(200, {"Content-Type": "application/json"}, answer.encode())
    return receiver


def key_for(url: str, account: dict[str, str]) -> Secret:
    return Secret("literal", json.dumps({**account, "token_uri": f"{url}/token"}))


def sink(bucket: str, *, revealed: list[str] | None = None, **more: Any) -> GcsSink:
    """Return a sink; ``revealed`` gets whatever it says is a secret."""

    def reveal(secret: Secret) -> str:
        if revealed is not None:
            revealed.append(secret.value)
        return secret.value

    context = SinkContext(
        run_id=more.pop("run_id", "7"),
        reveal=reveal,
        create_only=more.pop("create_only", False),
        alone=more.pop("alone", False),
        journal=more.pop("journal", lambda staged: None),
        progress=more.pop("progress", lambda sent: None),
    )
    return GcsSink(GcsOptions(bucket=bucket, **{"timeout": 5.0, **more}), context)


class TestConformance(SinkConformance):
    @pytest.fixture
    def bench(
        self,
        fake_gcs: GcsServer,
        bucket: str,
        receiver: Receiver,
        service_account: dict[str, str],
    ) -> SinkBench:
        receiver.usual = Reply(
            400,
            {"Content-Type": "application/json"},
            b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}',
        )
        (nobody,) = free_ports(1)
        return SinkBench(
            sink=GcsSink,
            options=GcsOptions(bucket=bucket, root="in/"),
            read=lambda name: fake_gcs.read(bucket, f"in/{name}"),
            leftovers=lambda: [
                name for name in fake_gcs.names(bucket) if "probe" in name or "tmp" in name
            ],
            denied=GcsOptions(
                bucket=bucket, service_account=key_for(receiver.url, service_account)
            ),
            unreachable=GcsOptions(
                bucket=bucket,
                service_account=key_for(f"http://127.0.0.1:{nobody}", service_account),
            ),
        )


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("size", [0, 10, 2**18 - 1, 2**18, 2**18 + 1, 5_000_000])
def test_an_object_says_what_it_is_and_is_never_unpacked(
    fake_gcs: GcsServer, bucket: str, tmp_path: Path, size: int, alone: bool
) -> None:
    sent: list[int] = []
    there = sink(bucket, alone=alone, progress=sent.append)
    staged = there.stage(spooled(tmp_path, size), "a/b.csv.gz")
    assert fake_gcs.names(bucket) == []
    there.publish(staged)
    found = fake_gcs.describe(bucket, "a/b.csv.gz")
    assert fake_gcs.read(bucket, "a/b.csv.gz") == content(size)
    assert found["contentType"] == "text/csv; charset=UTF-8"
    assert found["cacheControl"] == "no-transform"
    assert found["metadata"]["profexd-run"] == "7"
    assert "contentEncoding" not in found
    assert sum(sent) == size


def test_the_uri_is_the_one_that_googles_tools_take() -> None:
    assert GcsSink.uri(GcsOptions(bucket="b-1", root="/x/"), "a b.csv") == "gs://b-1/x/a%20b.csv"


def test_a_name_that_google_does_not_take_is_refused(bucket: str, tmp_path: Path) -> None:
    there = sink(bucket)
    for name in ("é" * 513, "a\nb", ".well-known/acme-challenge/x"):
        assert there.target_fault(there.options, name)
        with pytest.raises(SinkRefused, match="must"):
            there.stage(spooled(tmp_path, 1), name)


def test_a_key_of_a_service_account_becomes_a_token(
    fake_gcs: GcsServer,
    bucket: str,
    tmp_path: Path,
    tokens: Receiver,
    service_account: dict[str, str],
) -> None:
    revealed: list[str] = []
    key = key_for(tokens.url, service_account)
    there = sink(bucket, revealed=revealed, service_account=key)
    for name in ("a", "b"):
        there.publish(there.stage(spooled(tmp_path, 300_000), name))
    assert fake_gcs.names(bucket) == ["a", "b"]
    assert len(tokens.requests) == 1
    assert {TOKEN, service_account["private_key"], key.value} <= set(revealed)


@pytest.mark.parametrize(
    "key", ["no json", "[]", '{"type": "authorized_user"}', '{"type": "service_account"}']
)
def test_a_key_that_is_none_is_a_mistake_of_the_configuration(
    bucket: str, tmp_path: Path, key: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match="service_account is not") as raised:
        sink(bucket, service_account=Secret("literal", key)).stage(spooled(tmp_path, 1), "a")
    assert key not in str(raised.value)


def test_a_machine_without_credentials_is_told_what_to_set(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    with pytest.raises(SinkDenied, match="no credentials") as raised:
        sink(bucket).stage(spooled(tmp_path, 1), "a")
    assert "service_account" in raised.value.hint


def test_a_key_that_was_replaced_meanwhile_is_read_again_once(
    bucket: str, receiver: Receiver, service_account: dict[str, str], tmp_path: Path
) -> None:
    token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    as_json = {"Content-Type": "application/json"}
    receiver.replies.append(Reply(400, as_json, b'{"error": "invalid_grant"}'))
    receiver.usual = Reply(200, as_json, json.dumps(token).encode())
    keys = [key_for(receiver.url, {**service_account, "client_id": n}).value for n in ("1", "2")]
    kept = iter([keys[0], *keys[1:] * 9])
    context = SinkContext(
        reveal=lambda secret: next(kept) if secret.kind == "file" else secret.value
    )
    options = GcsOptions(bucket=bucket, service_account=Secret("file", "/run/secrets/gcs"))
    there = GcsSink(options, context)
    there.publish(there.stage(spooled(tmp_path, 10), "a"))
    assert len(receiver.requests) == 2


def test_a_missing_bucket_is_named(tmp_path: Path) -> None:
    with pytest.raises(SinkRefused, match="gs://nowhere/a: 404") as raised:
        sink("nowhere").stage(spooled(tmp_path, 300_000), "a")
    assert "bucket nowhere" in raised.value.hint


def google_says(status: int, message: str, **headers: str) -> Reply:
    body = json.dumps({"error": {"code": status, "message": message}})
    return Reply(status, headers, body.encode())


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (401, SinkDenied, "expired"),
        (403, SinkDenied, "storage.objects.create"),
        (400, SinkRefused, "words"),
        (412, TargetExists, "on_existing"),
        (429, Retryable, "busy"),
        (500, Retryable, "busy"),
        (503, Retryable, "busy"),
    ],
)
@pytest.mark.parametrize("size", [10, 300_000])
def test_a_refusal_comes_in_googles_own_words(
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    status: int,
    error: type[ProfexdError],
    hint: str,
    size: int,
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"127.0.0.1:{receiver.port}")
    receiver.usual = google_says(status, "because of Google", **{"Retry-After": "9"})
    there = sink("bucket", alone=True)
    with pytest.raises(error) as raised:
        there.publish(there.stage(spooled(tmp_path, size), "a"))
    assert hint in raised.value.hint
    if error is not TargetExists:
        assert "because of Google" in raised.value.message
    if isinstance(raised.value, Retryable):
        assert raised.value.retry_after == 9


def test_what_google_did_not_keep_is_sent_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", receiver.url)
    receiver.replies.extend(
        [
            Reply(200, {"Location": f"{receiver.url}/up?upload_id=canary-upload"}),
            Reply(308),
            Reply(308, {"Range": "bytes=0-262143"}),
            Reply(308, {"Range": "bytes=0-524287"}),
            Reply(200),
        ]
    )
    revealed: list[str] = []
    there = sink("bucket", revealed=revealed)
    with pytest.raises(Retryable, match="keeps nothing"):
        there.stage(spooled(tmp_path, 524_298), "a")
    receiver.requests.clear()
    receiver.replies.clear()
    receiver.replies.extend(
        [
            Reply(200, {"Location": f"{receiver.url}/up?upload_id=canary-upload"}),
            Reply(308, {"Range": "bytes=0-262143"}),
            Reply(308, {"Range": "bytes=0-524287"}),
            Reply(200),
        ]
    )
    there.publish(there.stage(spooled(tmp_path, 524_298), "a"))
    assert [request.headers.get("Content-Range") for request in receiver.requests] == [
        None,
        "bytes 0-524287/*",
        "bytes 262144-524287/*",
        "bytes 524288-524297/524298",
    ]
    assert b"".join(request.body for request in receiver.requests[2:]) == content(524_298)[262_144:]
    assert "canary-upload" in revealed
    assert all("Authorization" not in request.headers for request in receiver.requests[1:])


@pytest.mark.parametrize("percent", [0, 1, 50, 99, 100])
def test_a_line_that_breaks_while_staging_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, percent: int
) -> None:
    file = spooled(tmp_path, 3_000_000)
    (port,) = free_ports(1)
    with proxy(port) as line, emulating(tmp_path, port, line.port) as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{line.port}")
        bucket = google.new_bucket()
        line.cut_after = 3_000_000 // 2**18 * 2**18 * percent // 100 or 1
        with pytest.raises(SinkUnreachable):
            sink(bucket).stage(file, "a")
        assert google.names(bucket) == []
        line.heal()
        there = sink(bucket)
        there.publish(there.stage(file, "a"))
        assert google.read(bucket, "a") == content(3_000_000)
        assert google.names(bucket) == ["a"]


@pytest.mark.parametrize("percent", [0, 1, 50, 99, 100])
@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_a_line_that_breaks_while_publishing_leaves_all_or_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, percent: int, size: int
) -> None:
    file = spooled(tmp_path, size)
    (port,) = free_ports(1)
    with proxy(port) as line, emulating(tmp_path, port, line.port) as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{line.port}")
        bucket = google.new_bucket()
        there = sink(bucket, timeout=0.5, create_only=True, alone=True)
        staged = there.stage(file, "a")
        if percent == 100:
            # It arrives, and the answer does not.
            line.mute = True
        else:
            line.cut_after = size % 2**18 * percent // 100 or 1
        with pytest.raises(Retryable):
            there.publish(staged)
        assert google.names(bucket) == (["a"] if percent == 100 else [])
        line.heal()
        sink(bucket, create_only=True, alone=True).publish(through_json(staged))
        assert google.read(bucket, "a") == content(size)
        assert google.names(bucket) == ["a"]


def test_an_upload_that_expired_is_said_to_have(bucket: str, tmp_path: Path) -> None:
    there = sink(bucket)
    staged = there.stage(spooled(tmp_path, 300_000), "a")
    upload = str(staged.handle["upload"]).replace("upload_id=", "upload_id=0")
    with pytest.raises(SinkRefused, match="has expired"):
        there.publish(Staged("a", 300_000, staged.sha256, {**staged.handle, "upload": upload}))


@pytest.mark.parametrize("alone", [False, True])
def test_somebody_elses_file_is_not_taken_for_our_own(
    fake_gcs: GcsServer, bucket: str, tmp_path: Path, alone: bool
) -> None:
    other = sink(bucket, run_id="6")
    other.publish(other.stage(spooled(tmp_path, 10), "a"))
    there = sink(bucket, create_only=True, alone=alone)
    staged = there.stage(spooled(tmp_path, 10), "a")
    with pytest.raises(TargetExists, match=f"gs://{bucket}/a exists already"):
        there.publish(through_json(staged))
    assert fake_gcs.describe(bucket, "a")["metadata"]["profexd-run"] == "6"


def test_a_file_that_went_from_the_spool_is_not_published(bucket: str, tmp_path: Path) -> None:
    there = sink(bucket, alone=True)
    file = spooled(tmp_path, 10)
    staged = there.stage(file, "a")
    file.path.write_bytes(b"short")
    with pytest.raises(SpoolCorrupt, match="shorter"):
        there.publish(staged)
    file.path.unlink()
    with pytest.raises(SpoolCorrupt, match="cannot be read"):
        there.publish(staged)
