"""The Azure sink, on Azurite, which checks keys, signatures and conditions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
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
    SinkTimeout,
    SinkUnreachable,
    SpoolCorrupt,
    TargetExists,
)
from profexd.testing.sinks import SinkBench, SinkConformance, content, spooled, through_json
from profexd_sinks.azure import AzureSink
from profexd_sinks.azure_options import AzureOptions
from tests.servers.azure import ACCOUNT, KEY, AzureServer
from tests.servers.process import free_ports
from tests.servers.proxy import Proxy, proxy
from tests.servers.receiver import Receiver, Reply

WRONG_KEY = b64encode(b"canary" * 10).decode()


@pytest.fixture
def container(azurite: AzureServer) -> str:
    return azurite.new_container()


@pytest.fixture
def line(azurite: AzureServer) -> Iterator[Proxy]:
    with proxy(azurite.port) as one:
        yield one


def literal(text: str) -> Secret:
    return Secret("literal", text)


def sink(container: str, connection_string: str, **more: Any) -> AzureSink:
    context = SinkContext(
        run_id=more.pop("run_id", "7"),
        reveal=more.pop("reveal", lambda secret: secret.value),
        create_only=more.pop("create_only", False),
        progress=more.pop("progress", lambda sent: None),
    )
    options = AzureOptions(
        container=container,
        connection_string=literal(connection_string),
        **{"timeout": 5.0, "connect_timeout": 5.0, **more},
    )
    return AzureSink(options, context)


class TestConformance(SinkConformance):
    @pytest.fixture
    def bench(self, azurite: AzureServer, container: str) -> SinkBench:
        (nobody,) = free_ports(1)
        return SinkBench(
            sink=AzureSink,
            options=AzureOptions(
                container=container,
                root="in/",
                connection_string=literal(azurite.connection_string()),
            ),
            read=lambda name: azurite.read(container, f"in/{name}"),
            leftovers=lambda: [
                name
                for name in azurite.names(container)
                if not name.startswith("in/") or "probe" in name
            ],
            denied=AzureOptions(
                container=container,
                connection_string=literal(azurite.connection_string(key=WRONG_KEY)),
            ),
            unreachable=AzureOptions(
                container=container,
                connection_string=literal(azurite.connection_string(port=nobody)),
            ),
        )


@pytest.mark.parametrize("size", [0, 10, 20_000_000])
def test_a_blob_says_what_it_is(
    azurite: AzureServer, container: str, tmp_path: Path, size: int
) -> None:
    sent: list[int] = []
    there = sink(container, azurite.connection_string(), progress=sent.append, concurrency=2)
    staged = there.stage(spooled(tmp_path, size), "a/b.csv.gz")
    assert azurite.names(container) == []
    there.publish(staged)
    there.close()
    found = azurite.describe(container, "a/b.csv.gz")
    assert azurite.read(container, "a/b.csv.gz") == content(size)
    assert found.content_settings.content_type == "text/csv; charset=UTF-8"
    assert found.content_settings.content_encoding is None
    assert sum(sent) == size


def test_the_uri_is_the_address_of_the_blob() -> None:
    options = AzureOptions(account="acme", container="out", root="/x/", sas_token=literal("sig=s"))
    assert AzureSink.uri(options, "a b.csv") == (
        "https://acme.blob.core.windows.net/out/x/a%20b.csv"
    )
    hidden = AzureOptions(container="out", connection_string=literal("AccountKey=k"))
    assert AzureSink.uri(hidden, "a.csv") == "azure://out/a.csv"


def test_a_name_that_azure_does_not_take_is_refused(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    there = sink(container, azurite.connection_string())
    for name in ("x" * 1025, "/".join("x" * 255), "a."):
        assert there.target_fault(there.options, name)
        with pytest.raises(SinkRefused, match="must"):
            there.stage(spooled(tmp_path, 1), name)


def test_the_right_to_write_is_enough(azurite: AzureServer, container: str, tmp_path: Path) -> None:
    only_write = azurite.sas_connection_string(container, "cw")
    for run_id in ("1", "2"):
        there = sink(container, only_write, run_id=run_id)
        assert there.probe().ok
        there.publish(there.stage(spooled(tmp_path, 9_000_000), "a"))
    there = sink(container, only_write, create_only=True)
    there.publish(there.stage(spooled(tmp_path, 10), "b"))
    there.discard(there.stage(spooled(tmp_path, 10), "c"))
    assert azurite.names(container) == ["a", "b"]


@pytest.mark.parametrize("right", ["r", "l"])
def test_a_missing_right_is_named(
    azurite: AzureServer, container: str, tmp_path: Path, right: str
) -> None:
    there = sink(container, azurite.sas_connection_string(container, right))
    with pytest.raises(SinkDenied, match="AuthorizationPermissionMismatch"):
        there.stage(spooled(tmp_path, 10), "a")


def test_a_signature_that_expired_is_refused(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    expired = azurite.sas_connection_string(container, "cw", lives=timedelta(hours=-1))
    with pytest.raises(SinkDenied, match="403") as raised:
        sink(container, expired).stage(spooled(tmp_path, 10), "a")
    assert expired.partition("sig=")[2] not in str(raised.value.as_json())


def test_the_hint_says_when_a_signature_ends(tmp_path: Path) -> None:
    options = AzureOptions(
        account="acme", container="out", sas_token=literal("?se=2020-01-01T00%3A00%3A00Z&sig=s")
    )
    assert "it ends at 2020-01-01T00:00:00Z" in AzureSink(options, SinkContext(
        reveal=lambda secret: secret.value))._denied()  # fmt: skip


def test_a_wrong_key_is_refused_without_showing_it(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    revealed: list[str] = []

    def reveal(secret: Secret) -> str:
        revealed.append(secret.value)
        return secret.value

    there = sink(container, azurite.connection_string(key=WRONG_KEY), reveal=reveal)
    with pytest.raises(SinkDenied, match="403") as raised:
        there.stage(spooled(tmp_path, 10), "a")
    assert WRONG_KEY not in str(raised.value.as_json())
    assert WRONG_KEY in revealed


def test_a_key_that_was_replaced_meanwhile_is_read_again_once(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    kept = [azurite.connection_string(key=WRONG_KEY)]
    there = sink(container, "", reveal=lambda secret: secret.value or kept[-1])
    with pytest.raises(SinkDenied):
        there.stage(spooled(tmp_path, 10), "a")
    kept.append(azurite.connection_string())
    staged = there.stage(spooled(tmp_path, 10), "a")
    there.publish(staged)
    assert azurite.names(container) == ["a"]


def test_a_missing_container_is_named(azurite: AzureServer, tmp_path: Path) -> None:
    with pytest.raises(SinkRefused, match="azure://nowhere/a: 404 ContainerNotFound") as raised:
        sink("nowhere", azurite.connection_string()).stage(spooled(tmp_path, 10), "a")
    assert "create the container" in raised.value.hint


def test_a_connection_string_that_is_none_is_a_mistake_of_the_configuration(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationInvalid, match="connection_string is not one") as raised:
        sink("out", "canary").stage(spooled(tmp_path, 10), "a")
    assert "canary" not in str(raised.value.as_json())


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AuthenticationFailed", SinkDenied),
        (400, "InvalidHeaderValue", SinkRefused),
        (409, "BlobImmutableDueToPolicy", SinkRefused),
        (429, "TooManyRequests", Retryable),
        (500, "InternalError", Retryable),
        (503, "ServerBusy", Retryable),
    ],
)
def test_a_refusal_comes_in_azures_own_words(
    azurite: AzureServer,
    receiver: Receiver,
    tmp_path: Path,
    status: int,
    code: str,
    error: type[ProfexdError],
) -> None:
    body = f"<Error><Code>{code}</Code><Message>because of Azure\nRequestId:1</Message></Error>"
    receiver.usual = Reply(
        status,
        {"x-ms-error-code": code, "Retry-After": "9", "Content-Type": "application/xml"},
        body.encode(),
    )
    there = sink("out", azurite.connection_string(port=receiver.port))
    with pytest.raises(error, match=f"{status} {code}: because of Azure$") as raised:
        there.stage(spooled(tmp_path, 10), "a")
    assert raised.value.hint
    assert len(receiver.requests) == 1
    if isinstance(raised.value, Retryable):
        assert raised.value.retry_after == 9


@pytest.mark.parametrize("percent", [0, 1, 50, 99])
def test_a_line_that_breaks_while_staging_leaves_nothing_to_see(
    azurite: AzureServer, container: str, line: Proxy, tmp_path: Path, percent: int
) -> None:
    file = spooled(tmp_path, 5_000_000)
    there = sink(container, azurite.connection_string(port=line.port))
    line.cut_after = 5_000_000 * percent // 100 or 1
    with pytest.raises(SinkUnreachable):
        there.stage(file, "a")
    assert azurite.names(container) == []
    line.heal()
    there.publish(there.stage(file, "a"))
    assert azurite.read(container, "a") == content(5_000_000)


@pytest.mark.parametrize("create_only", [False, True])
@pytest.mark.parametrize("arrives", [False, True])
def test_a_line_that_breaks_while_publishing_leaves_all_or_nothing(
    azurite: AzureServer,
    container: str,
    line: Proxy,
    tmp_path: Path,
    create_only: bool,
    arrives: bool,
) -> None:
    where = azurite.connection_string(port=line.port)
    staged = sink(container, where).stage(spooled(tmp_path, 100_000), "a")
    if arrives:
        line.mute = True
    else:
        line.cut_after = 1
    with pytest.raises(Retryable):
        sink(container, where, timeout=1.0, create_only=create_only).publish(staged)
    assert azurite.names(container) == (["a"] if arrives else [])
    line.heal()
    line.mute = False
    there = sink(container, azurite.connection_string(), create_only=create_only)
    there.publish(through_json(staged))
    assert azurite.read(container, "a") == content(100_000)


def test_a_server_that_never_answers_is_left_after_the_timeout(
    azurite: AzureServer, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.usual = Reply(when="never")
    there = sink("out", azurite.connection_string(port=receiver.port), timeout=0.3)
    with pytest.raises(SinkTimeout, match="nothing moved"):
        there.stage(spooled(tmp_path, 10), "a")


def test_blocks_that_are_gone_are_sent_again_while_the_spool_has_them(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    first = sink(container, azurite.connection_string(), run_id="1")
    staged = first.stage(spooled(tmp_path, 100), "a")
    rival = sink(container, azurite.connection_string(), run_id="2")
    rival.publish(rival.stage(spooled(tmp_path, 200), "a"))
    (tmp_path / "part-100").rename(tmp_path / "elsewhere")
    with pytest.raises(SpoolCorrupt):
        first.publish(staged)
    (tmp_path / "elsewhere").rename(tmp_path / "part-100")
    first.publish(staged)
    assert azurite.read(container, "a") == content(100)


def test_somebody_elses_file_is_not_taken_for_our_own(
    azurite: AzureServer, container: str, tmp_path: Path
) -> None:
    other = sink(container, azurite.connection_string(), run_id="1")
    other.publish(other.stage(spooled(tmp_path, 10), "a"))
    there = sink(container, azurite.connection_string(), run_id="2", create_only=True)
    with pytest.raises(TargetExists, match=f"azure://{container}/a exists already"):
        there.publish(there.stage(spooled(tmp_path, 10), "a"))
    assert azurite.describe(container, "a").metadata["profexd_run"] == "1"


def test_a_failure_of_the_credentials_of_the_machine_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    there = AzureSink(AzureOptions(account=ACCOUNT, container="out"), SinkContext())
    with pytest.raises(SinkDenied) as raised:
        there.stage(spooled(tmp_path, 10), "a")
    assert "set sas_token" in raised.value.hint
    assert KEY not in str(raised.value)
