"""Somebody is told, from outside: by the daemon and by ``profexd export``."""

from __future__ import annotations

import hashlib
import hmac
import json

from tests.end_to_end.site import Site
from tests.servers.receiver import Receiver

CANARY = "canary-93aa"


def test_a_failed_run_is_told_and_its_recovery_too(site: Site, receiver: Receiver) -> None:
    def pipeline(table: str) -> None:
        site.write(
            "pipelines/all.toml",
            f'source = {{ type = "duckdb", database = "{site.folder}/{table}" , table = "t" }}\n'
            if table
            else 'source = "warehouse"\n',
        )
        path = site.config / "pipelines/all.toml"
        path.write_text(
            path.read_text() + 'sink = "outbox"\npath = "a.csv"\n[format]\ntype = "csv"\n'
            f'[[notify]]\nwebhook = "{receiver.url}/{CANARY}"\nsecret = "{CANARY}"\n'
        )
        path.chmod(0o600)

    pipeline("missing.duckdb")
    assert site.profexd("export", "all", "--json").code == 1
    pipeline("")
    site.start()
    run = site.profexctl("run", "all", "--wait", "--json").json
    site.until(lambda: len(receiver.requests) == 2, "both are told")
    site.stop()
    failed, recovered = receiver.requests
    digest = hmac.new(CANARY.encode(), failed.body, hashlib.sha256).hexdigest()
    assert failed.headers["X-Profexd-Signature"] == f"sha256={digest}"
    body = json.loads(failed.body)
    assert (body["event"], body["pipeline"]) == ("failed", "all")
    assert body["run"]["error"]["code"] == "source_missing"
    body = json.loads(recovered.body)
    assert (body["event"], body["run"]["run_id"]) == ("recovered", run["run_id"])
    for path in [site.folder / "daemon.log", *site.state.rglob("*")]:
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
