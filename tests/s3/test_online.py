"""``check --online``: what a bucket says, from the client and from the daemon; nothing stays."""

from __future__ import annotations

import json

from tests.end_to_end.site import Site
from tests.s3.bucket import s3_sink
from tests.servers.s3 import READ_ONLY, WRITE_ONLY, S3Server


def test_a_good_bucket_is_told_with_the_least_policy(site: Site, seaweedfs: S3Server) -> None:
    key, secret = WRITE_ONLY
    bucket = s3_sink(
        site,
        seaweedfs,
        access_key_id=f'"{key}"',
        secret_access_key=f'"{secret}"',
        root='"in"',
        tags='{ team = "crm" }',
    )
    site.pipeline("a", sink='"bucket"')
    answer = site.profexd("check", "--online", "--json")
    assert answer.code == 0, answer.out + answer.err
    (said,) = answer.json["online"]
    assert (said["sink"], said["type"], said["ok"]) == ("bucket", "s3", True)
    (statement,) = json.loads(said["policy"])["Statement"]
    assert statement["Action"] == [
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "s3:PutObjectTagging",
    ]
    assert statement["Resource"] == f"arn:aws:s3:::{bucket}/in/*"
    assert seaweedfs.keys(bucket) == []
    assert seaweedfs.uploads(bucket) == []


def test_what_is_missing_is_an_error_with_a_hint(site: Site, seaweedfs: S3Server) -> None:
    key, secret = READ_ONLY
    s3_sink(site, seaweedfs, access_key_id=f'"{key}"', secret_access_key=f'"{secret}"')
    draft = site.pipeline("a", sink='"bucket"')
    answer = site.profexd("check", "--online", str(draft))
    assert answer.code == 2
    assert "sinks/bucket.toml:1:1: " in answer.err
    assert "AccessDenied" in answer.err
    assert "grant s3:PutObject and s3:AbortMultipartUpload" in answer.err
    assert '"s3:PutObject"' in answer.err


def test_the_daemon_asks_with_its_own_rights(site: Site, seaweedfs: S3Server) -> None:
    s3_sink(site, seaweedfs)
    site.pipeline("good", sinks='["bucket", "outbox"]', sink='"bucket"')
    text = (site.config / "pipelines/good.toml").read_text().replace('sink = "bucket"\n', "")
    site.write("pipelines/good.toml", text)
    site.start()
    answer = site.profexctl("check", "--online", "good", "--json")
    assert answer.code == 0, answer.out + answer.err
    assert [(one["sink"], one["ok"]) for one in answer.json["online"]] == [
        ("bucket", True),
        ("outbox", True),
    ]
    s3_sink(site, seaweedfs, bucket='"no-such-bucket"')
    site.until(
        lambda: site.profexctl("check", "--online", "good").code == 2, "the new file is in force"
    )
    answer = site.profexctl("check", "--online", "good")
    assert "NoSuchBucket" in answer.err
    assert "create the bucket" in answer.err
    assert site.profexctl("check", "--online").code == 2
    assert site.profexctl("check", "--online", "nobody").code == 2
