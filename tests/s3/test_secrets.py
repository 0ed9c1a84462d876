"""A canary in every secret of the s3 sink is in nothing that a run leaves behind or shows."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.site import Site, children
from tests.s3.bucket import s3_sink
from tests.servers.s3 import S3Server

CANARY = "canary-7Hq2vX9pLm4sTz8wKd3e"


def test_no_secret_is_told_stored_or_passed_on(site: Site, seaweedfs: S3Server) -> None:
    token = site.folder / "token"
    token.write_text(CANARY + "-token\n")
    token.chmod(0o600)
    s3_sink(
        site,
        seaweedfs,
        secret_access_key=f'"{CANARY}-key"',
        session_token=f'{{ file = "{token}" }}',
    )
    site.pipeline("a", sink='"bucket"')
    site.start()
    answers = [site.profexctl("run", "a", "--wait", "--json")]
    assert answers[0].code == 1
    assert site.daemon is not None
    seen = [Path(f"/proc/{pid}/{what}").read_bytes()
            for pid in (site.daemon.pid, *children(site.daemon.pid))
            for what in ("cmdline", "environ")]  # fmt: skip
    for arguments in (
        ("show", "a", "--json"),
        ("runs", "--json"),
        ("logs", "a"),
        ("check", "--online", "a", "--json"),
        ("list", "--json"),
    ):
        answers.append(site.profexctl(*arguments))
    site.stop()
    seen += [(answer.out + answer.err).encode() for answer in answers]
    kept = [site.state, site.spool, site.folder / "daemon.log"]
    files = [path for one in kept for path in (one, *one.rglob("*")) if path.is_file()]
    seen += [path.read_bytes() for path in files]
    assert len(files) >= 3
    assert answers[0].json["error"]["code"] == "sink_auth"
    assert not any(CANARY.encode() in text for text in seen)
