"""The HTTP sink, before a real receiver and a real nginx with TLS."""

from __future__ import annotations

import hashlib
import socket
import tracemalloc
from base64 import b64encode
from pathlib import Path

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
    Staged,
)
from profexd_sinks.http import HttpSink
from profexd_sinks.http_options import HttpOptions
from tests.http.sending import CONTENT, literal, send, sink, spooled
from tests.servers.process import free_ports
from tests.servers.receiver import Receiver, Reply
from tests.servers.web import Web


def test_a_file_arrives_whole_with_what_a_receiver_needs_to_know(
    receiver: Receiver, tmp_path: Path
) -> None:
    send(sink(url=f"{receiver.url}/in"), spooled(tmp_path), "a/b.csv")
    (request,) = receiver.requests
    digest = b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert (request.method, request.path, request.body) == ("POST", "/in/a/b.csv", CONTENT)
    assert request.headers["Content-Length"] == str(len(CONTENT))
    assert request.headers["Content-Type"] == "text/csv"
    assert request.headers["Digest"] == f"sha-256={digest}"
    assert request.headers["Content-Digest"] == f"sha-256=:{digest}:"
    assert request.headers["Idempotency-Key"].startswith("77-")
    assert "Transfer-Encoding" not in request.headers
    assert "Content-Encoding" not in request.headers


def test_staging_sends_nothing(receiver: Receiver, tmp_path: Path) -> None:
    there = sink(url=receiver.url)
    there.discard(there.stage(spooled(tmp_path), "out.csv"))
    assert receiver.begun == 0


def test_an_empty_file_is_a_request_too(receiver: Receiver, tmp_path: Path) -> None:
    send(sink(url=receiver.url), spooled(tmp_path, b""))
    assert [request.body for request in receiver.requests] == [b""]


def test_put_headers_and_a_token_are_as_configured(receiver: Receiver, tmp_path: Path) -> None:
    there = sink(
        url=receiver.url,
        method="PUT",
        bearer_token=literal("the-token"),
        headers={"X-Partner": literal("acmé"), "Content-Type": literal("text/plain")},
    )
    send(there, spooled(tmp_path))
    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.headers["Authorization"] == "Bearer the-token"
    assert request.headers["X-Partner"].encode("latin-1").decode() == "acmé"
    assert request.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226])
def test_any_2xx_is_success(receiver: Receiver, tmp_path: Path, status: int) -> None:
    receiver.replies.append(Reply(status))
    assert send(sink(url=receiver.url), spooled(tmp_path)).detail == {"status": status}


@pytest.mark.parametrize(
    ("root", "target", "path"),
    [
        ("", "a b.csv", "/in/a%20b.csv"),
        ("/x/", "é/100%.csv", "/in/x/%C3%A9/100%25.csv"),
        ("x", "in?name=a b&kind=1%2F2", "/in/x/in?name=a%20b&kind=1%2F2"),
        ("", "a+b;c=d?", "/in/a+b;c=d?"),
    ],
)
def test_a_path_is_percent_encoded_and_a_question_mark_starts_the_query(
    receiver: Receiver, tmp_path: Path, root: str, target: str, path: str
) -> None:
    there = sink(url=f"{receiver.url}/in/", root=root)
    send(there, spooled(tmp_path), target)
    assert HttpSink.uri(there.options, target) == f"{receiver.url}{path}"
    assert receiver.requests[0].path == path.removesuffix("?")


def test_a_host_means_https_on_443() -> None:
    assert HttpSink.uri(HttpOptions(host="h.example"), "a.csv") == "https://h.example/a.csv"
    assert HttpSink.uri(HttpOptions(host="::1", port=8443), "a") == "https://[::1]:8443/a"


@pytest.mark.parametrize("target", ["a#b.csv", "a\x01b.csv", "a\x7f.csv"])
def test_a_path_that_no_url_can_hold_is_refused_before_anything_is_sent(
    receiver: Receiver, tmp_path: Path, target: str
) -> None:
    there = sink(url=receiver.url)
    assert HttpSink.target_fault(there.options, target)
    with pytest.raises(SinkRefused, match="must not hold"):
        there.stage(spooled(tmp_path), target)
    assert receiver.begun == 0


def test_all_attempts_of_a_file_have_one_key_and_no_two_files_or_runs(
    receiver: Receiver, tmp_path: Path
) -> None:
    file = spooled(tmp_path)
    for run_id, target in (("1", "a"), ("1", "a"), ("1", "b"), ("2", "a")):
        # Each time another process, as after a crash.
        staged = sink(url=receiver.url, run_id=run_id).stage(file, target)
        sink(url=receiver.url, run_id=run_id).publish(Staged.from_json(staged.as_json()))
    keys = [request.headers["Idempotency-Key"] for request in receiver.requests]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_error_says_where_it_leads(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    place = {"Location": f"http://user:pw@127.0.0.1:{receiver.port}/else?key=k"}
    receiver.replies.append(Reply(status, place))
    with pytest.raises(SinkRefused, match="redirects are not followed") as raised:
        send(sink(url=receiver.url), spooled(tmp_path))
    assert len(receiver.requests) == 1
    assert f"to http://127.0.0.1:{receiver.port}/else," in str(raised.value)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_not_now_is_tried_again_when_the_receiver_asks(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    receiver.replies.append(Reply(status, {"Retry-After": "7"}))
    with pytest.raises(Retryable) as raised:
        send(sink(url=receiver.url), spooled(tmp_path))
    assert raised.value.retry_after == 7


def test_retry_after_may_be_a_date(receiver: Receiver, tmp_path: Path) -> None:
    receiver.replies.append(Reply(503, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}))
    receiver.replies.append(Reply(503, {"Retry-After": "soon"}))
    for least, most in ((80_000, 86_400), (0, 0)):
        with pytest.raises(Retryable) as raised:
            send(sink(url=receiver.url), spooled(tmp_path))
        assert least <= raised.value.retry_after <= most


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_not_tried_again(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    receiver.replies.append(Reply(status, body=b'{"error": "token\n expired"}'))
    with pytest.raises(SinkDenied, match="token expired") as raised:
        send(sink(url=receiver.url), spooled(tmp_path))
    assert "bearer_token" in raised.value.hint


def test_a_token_that_was_replaced_meanwhile_is_read_again_once(
    receiver: Receiver, tmp_path: Path
) -> None:
    tokens = iter(["old", "new", "newer", "newest"])
    context = SinkContext(reveal=lambda secret: next(tokens))
    token = Secret("file", "/run/secrets/partner")
    there = HttpSink(HttpOptions(url=receiver.url, allow_http=True, bearer_token=token), context)
    receiver.replies.append(Reply(401))
    send(there, spooled(tmp_path))
    assert [one.headers["Authorization"] for one in receiver.requests] == [
        "Bearer old",
        "Bearer new",
    ]
    receiver.usual = Reply(401)
    tokens = iter(["old", "new", "newer"])
    with pytest.raises(SinkDenied):
        send(there, spooled(tmp_path))
    assert len(receiver.requests) == 4


def test_a_probe_says_that_a_secret_is_missing(receiver: Receiver) -> None:
    def reveal(secret: Secret) -> str:
        raise ConfigurationInvalid("the secret is not set", code="secret_missing")

    options = HttpOptions(
        url=receiver.url, allow_http=True, headers={"X-Key": Secret("env", "KEY")}
    )
    with pytest.raises(ConfigurationInvalid, match="not set"):
        HttpSink(options, SinkContext(reveal=reveal)).probe()


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 418, 501, 505, 507])
def test_a_refusal_is_final(receiver: Receiver, tmp_path: Path, status: int) -> None:
    receiver.replies.append(Reply(status, body=b"because"))
    with pytest.raises(SinkRefused, match=f"answered {status} .*: because"):
        send(sink(url=receiver.url), spooled(tmp_path))


@pytest.mark.parametrize("reply", [Reply(500), Reply(502), Reply(504), Reply(when="hang up")])
def test_what_may_have_arrived_is_repeated_only_when_asked(
    receiver: Receiver, tmp_path: Path, reply: Reply
) -> None:
    receiver.replies.extend([reply, reply])
    with pytest.raises(SinkRefused, match="may have taken") as refused:
        send(sink(url=receiver.url), spooled(tmp_path))
    with pytest.raises(Retryable) as again:
        send(sink(url=receiver.url, retry_ambiguous=True), spooled(tmp_path))
    assert refused.value.error_code == again.value.error_code == "sink_ambiguous"
    assert "retry_ambiguous" in refused.value.hint


def test_a_receiver_that_never_answers_is_left_after_the_timeout(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.replies.append(Reply(when="never"))
    with pytest.raises(SinkRefused, match=r"no progress for 0\.2 s") as raised:
        send(sink(url=receiver.url, timeout=0.2), spooled(tmp_path))
    assert raised.value.error_code == "sink_ambiguous"


@pytest.mark.parametrize(
    ("status", "error"), [(413, SinkRefused), (401, SinkDenied), (307, SinkRefused)]
)
def test_an_answer_that_comes_early_is_heard_and_ends_the_sending(
    receiver: Receiver, tmp_path: Path, status: int, error: type[ProfexdError]
) -> None:
    sent: list[int] = []
    receiver.replies.append(Reply(status, when="early"))
    with pytest.raises(error, match=str(status)):
        send(sink(url=receiver.url, progress=sent.append), spooled(tmp_path, bytes(80_000_000)))
    assert sum(sent) < 80_000_000


def test_a_broken_receiver_that_answers_early_cannot_have_the_file(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.replies.append(Reply(500, when="early"))
    with pytest.raises(Retryable) as raised:
        send(sink(url=receiver.url), spooled(tmp_path, bytes(80_000_000)))
    assert raised.value.error_code == "sink_unreachable"


def test_a_receiver_that_is_down_is_unreachable(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    there = sink(url=f"http://127.0.0.1:{port}")
    for attempt in (lambda: send(there, spooled(tmp_path)), there.probe):
        with pytest.raises(SinkUnreachable, match=f"127.0.0.1:{port}: Connection refused"):
            attempt()


def test_a_name_that_nobody_knows_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(SinkUnreachable, match=r"name of https://nowhere\.invalid is not known"):
        send(sink(url="https://nowhere.invalid"), spooled(tmp_path))


def test_a_server_that_does_not_speak_tls_is_refused(receiver: Receiver, tmp_path: Path) -> None:
    with pytest.raises(SinkRefused, match="no TLS with"):
        send(sink(url=receiver.url.replace("http:", "https:")), spooled(tmp_path))


# --- TLS


def test_a_private_authority_is_trusted_when_named(web: Web, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    there = sink(url=web.url, ca_file=str(web.ca))
    send(there, spooled(tmp_path, content), "big.bin")
    assert [request.body for request in web.receiver.requests] == [content]
    assert "certificate is trusted" in there.probe().message


def test_a_host_and_a_port_are_reached_over_tls(web: Web, tmp_path: Path) -> None:
    port = int(web.url.rpartition(":")[2])
    there = sink(host="localhost", port=port, root="in", ca_file=str(web.ca), allow_http=False)
    send(there, spooled(tmp_path), "a.csv")
    assert [request.path for request in web.receiver.requests] == ["/in/a.csv"]


def test_an_unknown_authority_is_refused_before_anything_is_sent(web: Web, tmp_path: Path) -> None:
    with pytest.raises(SinkDenied, match="is not trusted") as raised:
        send(sink(url=web.url, bearer_token=literal("t0ken")), spooled(tmp_path))
    assert "ca_file" in raised.value.hint
    assert web.receiver.requests == []


def test_an_expired_certificate_is_named_as_such(web: Web, tmp_path: Path) -> None:
    with pytest.raises(SinkDenied, match="certificate has expired") as raised:
        send(sink(url=web.expired_url, ca_file=str(web.ca)), spooled(tmp_path))
    assert "renew" in raised.value.hint


def test_a_certificate_for_another_name_is_refused(web: Web, tmp_path: Path) -> None:
    url = web.url.replace("localhost", "127.0.0.2")
    with pytest.raises((SinkDenied, SinkUnreachable)):
        send(sink(url=url, ca_file=str(web.ca)), spooled(tmp_path))
    assert web.receiver.requests == []


def test_a_door_that_wants_a_client_certificate_says_so(web: Web, tmp_path: Path) -> None:
    with pytest.raises(SinkRefused, match="No required SSL certificate was sent") as raised:
        send(sink(url=web.mutual_url, ca_file=str(web.ca)), spooled(tmp_path))
    assert "client certificate" in raised.value.hint


def test_a_limit_of_the_front_door_is_named(web: Web, tmp_path: Path) -> None:
    there = sink(url=f"{web.url}/small", ca_file=str(web.ca))
    with pytest.raises(SinkRefused, match="413") as raised:
        send(there, spooled(tmp_path, bytes(30_000_000)))
    assert "[split]" in raised.value.hint


def test_a_front_door_without_a_house_is_ambiguous(web: Web, tmp_path: Path) -> None:
    with pytest.raises(ProfexdError, match="502") as raised:
        send(sink(url=f"{web.url}/dead", ca_file=str(web.ca)), spooled(tmp_path))
    assert raised.value.error_code == "sink_ambiguous"


def test_a_ca_file_that_is_none_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    for prepare in (lambda: None, lambda: wrong.write_text("no certificate")):
        prepare()
        with pytest.raises(ConfigurationInvalid, match="ca_file"):
            send(sink(url="https://localhost:1", ca_file=str(wrong)), spooled(tmp_path))


# --- crashes


def test_a_process_that_died_before_the_last_byte_is_followed_by_another(
    receiver: Receiver, tmp_path: Path
) -> None:
    def die(staged: Staged) -> None:
        raise KeyboardInterrupt

    staged = sink(url=receiver.url).stage(spooled(tmp_path), "out.csv")
    with pytest.raises(KeyboardInterrupt):
        sink(url=receiver.url, journal=die).publish(staged)
    assert receiver.requests == []
    sink(url=receiver.url).publish(staged)
    assert len(receiver.requests) == 1


def test_a_process_that_died_after_the_last_byte_leaves_a_question(
    receiver: Receiver, tmp_path: Path
) -> None:
    journal: list[Staged] = []
    staged = sink(url=receiver.url).stage(spooled(tmp_path), "out.csv")
    sink(url=receiver.url, journal=journal.append).publish(staged)
    (left,) = journal
    with pytest.raises(SinkRefused, match="may have taken"):
        sink(url=receiver.url).publish(left)
    assert len(receiver.requests) == 1
    sink(url=receiver.url, retry_ambiguous=True).publish(left)
    first, second = (request.headers["Idempotency-Key"] for request in receiver.requests)
    assert first == second


def test_an_answer_that_denies_ends_the_question(receiver: Receiver, tmp_path: Path) -> None:
    journal: list[Staged] = []
    receiver.replies.append(Reply(503))
    staged = sink(url=receiver.url).stage(spooled(tmp_path), "out.csv")
    with pytest.raises(Retryable):
        sink(url=receiver.url, journal=journal.append).publish(staged)
    sink(url=receiver.url).publish(journal[-1])
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x", b"X" * len(CONTENT)])
def test_a_file_that_changed_in_the_spool_never_arrives_whole(
    receiver: Receiver, tmp_path: Path, content: bytes
) -> None:
    there = sink(url=receiver.url)
    file = spooled(tmp_path)
    staged = there.stage(file, "out.csv")
    file.path.write_bytes(content)
    with pytest.raises(SpoolCorrupt):
        there.publish(staged)
    assert receiver.requests == []


# --- secrets and memory


def test_secrets_are_in_no_error_uri_or_handle(receiver: Receiver, tmp_path: Path) -> None:
    canary = "canary-5b1d"
    there = sink(url=receiver.url, bearer_token=literal(canary), headers={"X-Key": literal(canary)})
    receiver.replies.extend([Reply(status) for status in (401, 404, 500, 503, 307)])
    staged = there.stage(spooled(tmp_path), "out.csv")
    for _ in range(5):
        with pytest.raises(ProfexdError) as raised:
            there.publish(staged)
        assert canary not in str(raised.value.as_json())
    assert canary not in str(staged.as_json()) + there.uri(there.options, "out.csv")
    assert canary not in repr(there.options)


def test_a_secret_that_no_header_can_hold_is_not_shown(receiver: Receiver, tmp_path: Path) -> None:
    context = SinkContext(reveal=lambda secret: "bad\r\ncanary")
    options = HttpOptions(
        url=receiver.url, allow_http=True, headers={"X-Key": Secret("env", "KEY")}
    )
    there = HttpSink(options, context)
    with pytest.raises(ConfigurationInvalid, match="X-Key holds a control") as raised:
        send(there, spooled(tmp_path))
    assert "canary" not in str(raised.value.as_json())
    assert receiver.begun == 0


def test_memory_stays_flat(web: Web, tmp_path: Path) -> None:
    file = spooled(tmp_path, bytes(1))
    with file.path.open("wb") as out:
        out.truncate(60_000_000)
    digest = hashlib.sha256(bytes(60_000_000)).hexdigest()
    staged = Staged("out.bin", 60_000_000, digest, {"spooled": str(file.path), "media_type": "x/y"})
    web.receiver.replies.append(Reply(keep=False))
    tracemalloc.start()
    try:
        sink(url=web.url, ca_file=str(web.ca)).publish(staged)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_stalled_receiver_is_cut_off(receiver: Receiver, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        there = sink(url=f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=0.3)
        with pytest.raises(SinkTimeout, match="no progress"):
            send(there, spooled(tmp_path, bytes(30_000_000)))
