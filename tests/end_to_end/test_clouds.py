"""Delivering to GCS and Azure, driven from outside: kills and secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.site import Site
from tests.servers.azure import KEY, AzureServer
from tests.servers.gcs import emulating
from tests.servers.process import free_ports
from tests.servers.proxy import Proxy, proxy
from tests.servers.receiver import Receiver, Reply, receiving

TOKEN = "ya29.canary-token"


@dataclass
class Cloud:
    """A storage over a line, and how to say it to a site."""

    line: Proxy
    sink: str
    names: Callable[[], list[str]]
    environ: dict[str, str]
    secrets: list[str]


@pytest.fixture
def azure(azurite: AzureServer) -> Iterator[Cloud]:
    container = azurite.new_container()
    with proxy(azurite.port) as line:
        connection = azurite.connection_string(port=line.port)
        yield Cloud(
            line,
            f'type = "azure"\ncontainer = "{container}"\nconnection_string = "{connection}"\n',
            lambda: azurite.names(container),
            {},
            [KEY],
        )


@pytest.fixture
def gcs(tmp_path: Path, receiver: Receiver, service_account: dict[str, str]) -> Iterator[Cloud]:
    token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    receiver.usual = Reply(200, {"Content-Type": "application/json"}, json.dumps(token).encode())
    key = tmp_path / "key.json"
    key.write_text(json.dumps({**service_account, "token_uri": f"{receiver.url}/token"}))
    folder = tmp_path / "google"
    folder.mkdir()
    (port,) = free_ports(1)
    with proxy(port) as line, emulating(folder, port, line.port) as google:
        bucket = google.new_bucket()
        yield Cloud(
            line,
            f'type = "gcs"\nbucket = "{bucket}"\nservice_account = {{ file = "{key}" }}\n',
            lambda: google.names(bucket),
            {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{line.port}"},
            [service_account["private_key"].splitlines()[3], TOKEN, "upload_id="],
        )


@pytest.fixture(params=["azure", "gcs"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    found: Cloud = request.getfixturevalue(request.param)
    return found


def far(site: Site, cloud: Cloud) -> None:
    site.write("sinks/far.toml", cloud.sink).chmod(0o600)
    site.pipeline("all", sink='"far"', path='"a/all.csv"')


def test_a_daemon_killed_while_it_stages_leaves_nothing_and_delivers_next_time(
    site: Site, cloud: Cloud
) -> None:
    far(site, cloud)
    cloud.line.frozen = True
    site.start(**cloud.environ)
    run_id = site.profexctl("run", "all", "--json").json["run_id"]
    site.until(lambda: cloud.line.received, "the file is on its way")
    site.kill()
    cloud.line.cut()
    cloud.line.heal()
    site.start(**cloud.environ)
    assert site.finished(run_id)["status"] == "interrupted"
    assert cloud.names() == []
    answer = site.profexctl("run", "all", "--wait", "--json")
    assert answer.code == 0, answer.err
    assert cloud.names() == ["a/all.csv"]
    site.stop()


def test_what_is_staged_when_the_daemon_is_killed_is_published_by_the_next(
    site: Site, cloud: Cloud
) -> None:
    with receiving() as partner:
        # It publishes first, and keeps the run between staged and published.
        partner.replies.append(Reply(when="never"))
        site.write(
            "sinks/partner.toml",
            f'type = "http"\nurl = "{partner.url}"\nallow_http = true\nretry_ambiguous = true\n',
        )
        site.write("sinks/far.toml", cloud.sink).chmod(0o600)
        site.write(
            "pipelines/all.toml",
            'source = "warehouse"\nsinks = ["partner", "far"]\npath = "a/all.csv"\n'
            '[format]\ntype = "csv"\n',
        )
        site.start(**cloud.environ)
        run_id = site.profexctl("run", "all", "--json").json["run_id"]
        site.until(lambda: partner.requests, "it publishes")
        site.kill()
        assert cloud.names() == []
        site.start(**cloud.environ)
        run = site.finished(run_id)
        site.stop()
    assert run["status"] == "done"
    assert cloud.names() == ["a/all.csv"]
    assert [request.body for request in partner.requests[1:]] == [partner.requests[0].body]


def test_secrets_are_nowhere_but_on_the_line(site: Site, cloud: Cloud) -> None:
    far(site, cloud)
    done = site.profexd("export", "all", "--json", **cloud.environ)
    assert done.json["status"] == "done", done.err
    cloud.line.refuse = True
    site.pipeline("all", sink='"far"', path='"a/all.csv"', retry="{ attempts = 1 }")
    failed = site.profexd("export", "all", "--json", **cloud.environ)
    assert failed.json["error"]["code"] == "sink_unreachable", failed.out
    seen = [done.out, done.err, failed.out, failed.err]
    places = [site.state, site.spool]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    for secret in cloud.secrets:
        assert secret not in "".join(seen)
        for path in files:
            assert secret.encode() not in path.read_bytes(), (path, secret)
