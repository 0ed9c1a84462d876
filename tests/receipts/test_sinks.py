"""Receipts at storages of every kind: in order, the empty marker too, and sent again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.receipts.office import Office
from tests.s3.bucket import s3_sink
from tests.servers.receiver import Receiver
from tests.servers.s3 import S3Server
from tests.servers.sshd import PASSWORD, Sshd, sshd, sshd_home


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    with sshd_home() as home, sshd(home) as running:
        yield running


def names(run_id: str) -> list[str]:
    """What there is of a run, in the order in which it becomes visible."""
    manifest = f"news-{run_id}.manifest.json"
    return [f"news-{run_id}.csv", f"{manifest}.sig", manifest, f"{run_id}.done"]


def test_a_receiver_gets_the_manifest_last_and_then_the_marker(
    office: Office, receiver: Receiver
) -> None:
    office.write(
        "sinks/http.toml", f'type = "http"\nurl = "{receiver.url}/in"\nallow_http = true\n'
    )
    office.receipts(sink='"http"')
    run = office.exported()
    wanted = names(run["run_id"])
    assert [request.path for request in receiver.requests] == [f"/in/{name}" for name in wanted]
    assert receiver.requests[-1].body == b""
    first = [request.body for request in receiver.requests]
    receiver.requests.clear()
    office.start()
    again = office.profexctl("resend", run["run_id"], "--json").json["run_id"]
    assert office.finished(again)["status"] == "done"
    assert [request.body for request in receiver.requests] == first


def test_a_bucket_gets_receipts_and_has_them_sent_again(
    office: Office, seaweedfs: S3Server
) -> None:
    bucket = s3_sink(office, seaweedfs)
    office.receipts(sink='"bucket"')
    run = office.exported()["run_id"]
    assert seaweedfs.keys(bucket) == sorted(names(run))
    assert seaweedfs.read(bucket, f"{run}.done") == b""
    assert seaweedfs.uploads(bucket) == []
    office.start()
    again = office.profexctl("resend", run, "--sink", "outbox", "--json").json["run_id"]
    assert office.finished(again)["status"] == "done"
    assert office.contents() == {name: seaweedfs.read(bucket, name) for name in names(run)}


def test_a_server_of_sftp_gets_receipts(office: Office, server: Sshd) -> None:
    folder = server.new_folder()
    path = office.write(
        "sinks/partner.toml",
        f'type = "sftp"\nhost = "127.0.0.1"\nport = {server.port}\nusername = "{server.user}"\n'
        f'password = "{PASSWORD}"\nhost_key = "{server.line()}"\nroot = "{folder}"\n',
    )
    path.chmod(0o600)
    office.receipts(sink='"partner"', on_existing='"fail"')
    run = office.exported()["run_id"]
    assert server.files(folder) == sorted(names(run))
    office.start()
    shutil.rmtree(server.home / folder)
    again = office.profexctl("resend", run, "--json").json["run_id"]
    assert office.finished(again)["status"] == "done"
    assert server.files(folder) == sorted(names(run))
