"""Delivering over HTTP, driven from outside: retries, crashes, secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.servers.proxy import Proxy, proxy
from tests.servers.receiver import Receiver, Reply

CANARY = "canary-0b7e5c"


@pytest.fixture
def line(receiver: Receiver) -> Iterator[Proxy]:
    with proxy(receiver.port) as one:
        yield one


def partner(site: Site, port: int, more: str = "") -> None:
    """Write a pipeline ``all`` that delivers to a receiver and to the outbox."""
    site.write(
        "sinks/partner.toml",
        f'type = "http"\nurl = "http://127.0.0.1:{port}/in"\nallow_http = true\n{more}\n',
    ).chmod(0o600)
    site.pipeline(
        "all", sink='"partner"', retry='{ attempts = 3, backoff = "1s", max_backoff = "1s" }'
    )


def both(site: Site) -> None:
    """Write a pipeline ``both`` with two sinks."""
    site.write(
        "pipelines/both.toml",
        'source = "warehouse"\nsinks = ["outbox", "partner"]\npath = "b.csv"\n'
        '[format]\ntype = "csv"\n',
    )


def test_a_file_goes_to_a_receiver_and_to_a_folder(site: Site, receiver: Receiver) -> None:
    partner(site, receiver.port)
    both(site)
    run = site.profexd("export", "both", "--json").json
    assert run["status"] == "done", run
    assert {file["uri"] for file in run["files"]} == {
        f"file://{site.outbox}/b.csv",
        f"{receiver.url}/in/b.csv",
    }
    assert receiver.requests[0].body == (site.outbox / "b.csv").read_bytes()
    assert receiver.requests[0].headers["Content-Type"] == "text/csv; charset=UTF-8"


def test_patience_is_kept_and_all_attempts_have_one_key(site: Site, receiver: Receiver) -> None:
    partner(site, receiver.port)
    receiver.replies.extend([Reply(429, {"Retry-After": "1"}), Reply(503)])
    run = site.profexd("export", "all", "--json").json
    assert (run["status"], run["attempt"]) == ("done", 3)
    bodies = {request.body for request in receiver.requests}
    keys = {request.headers["Idempotency-Key"] for request in receiver.requests}
    assert (len(receiver.requests), len(bodies), len(keys)) == (3, 1, 1)


def test_what_may_have_arrived_is_sent_once_and_the_folder_stays_empty(
    site: Site, receiver: Receiver
) -> None:
    partner(site, receiver.port)
    both(site)
    receiver.replies.append(Reply(500))
    answer = site.profexd("export", "both", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (1, "sink_ambiguous")
    assert "retry_ambiguous" in answer.json["error"]["hint"]
    assert len(receiver.requests) == 1
    assert site.everything() == []


def test_create_only_is_refused_before_anything_is_built(site: Site, receiver: Receiver) -> None:
    partner(site, receiver.port)
    site.pipeline("all", sink='"partner"', on_existing='"fail"')
    answer = site.profexd("export", "all", "--json")
    assert answer.json["error"]["code"] == "conditional_write_unsupported"
    assert receiver.begun == 0


def test_a_daemon_killed_while_it_sends_sends_once_after_its_next_start(
    site: Site, receiver: Receiver, line: Proxy
) -> None:
    partner(site, line.port)
    line.frozen = True
    site.start()
    run_id = site.profexctl("run", "all", "--json").json["run_id"]
    site.until(lambda: line.received, "the file is on its way")
    site.kill()
    line.cut()
    line.heal()
    site.start()
    assert site.finished(run_id)["status"] == "done"
    assert len(receiver.requests) == 1
    site.stop()


@pytest.mark.parametrize("again", [False, True])
def test_a_daemon_killed_after_the_last_byte_does_not_send_again_unless_told(
    site: Site, receiver: Receiver, again: bool
) -> None:
    partner(site, receiver.port, f"retry_ambiguous = {str(again).lower()}")
    receiver.replies.append(Reply(when="never"))
    site.start()
    run_id = site.profexctl("run", "all", "--json").json["run_id"]
    site.until(lambda: receiver.requests, "the file has arrived")
    site.kill()
    site.start()
    run = site.finished(run_id)
    if again:
        assert run["status"] == "done"
        assert len({request.headers["Idempotency-Key"] for request in receiver.requests}) == 1
        assert len(receiver.requests) == 2
    else:
        assert (run["status"], run["error"]["code"]) == ("failed", "sink_ambiguous")
        assert len(receiver.requests) == 1
    site.stop()


def test_secrets_are_nowhere_but_on_the_line(site: Site, receiver: Receiver) -> None:
    partner(
        site,
        receiver.port,
        f'bearer_token = "{CANARY}-1"\n[headers]\nX-Key = "{CANARY}-2"\n'
        'X-Other = { env = "OTHER_KEY" }',
    )
    site.start(OTHER_KEY=f"{CANARY}-3")
    seen: list[str] = []
    for status in (403, 500):
        receiver.replies.append(Reply(status, body=f"no {CANARY}-1 {CANARY}-2".encode()))
        run_id = site.profexctl("run", "all", "--json").json["run_id"]
        site.finished(run_id)
        seen.append(site.profexctl("logs", run_id).out)
    for verb in (["show", "all", "--json"], ["runs", "--json"]):
        seen.append(site.profexctl(*verb).out)
    site.stop()
    assert all(f"{CANARY}-{n}" in str(receiver.requests[0].headers) for n in (1, 2, 3))
    assert CANARY not in "".join(seen)
    for path in _files(site.state, site.spool, site.folder / "daemon.log"):
        assert CANARY.encode() not in path.read_bytes(), path


def test_a_worker_has_no_secret_in_its_arguments_or_environment(
    site: Site, receiver: Receiver
) -> None:
    partner(site, receiver.port, f'bearer_token = "{CANARY}"')
    receiver.replies.append(Reply(when="never"))
    site.start()
    site.profexctl("run", "all")
    site.until(lambda: receiver.requests, "the file has arrived")
    (worker,) = site.workers()
    for name in ("cmdline", "environ"):
        assert CANARY.encode() not in Path(f"/proc/{worker}/{name}").read_bytes()
    site.kill()


def _files(*places: Path) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        for folder, _, names in os.walk(place):
            yield from (Path(folder, name) for name in names)
