"""The servers themselves: what the other tests rely on is so."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.servers.s3 import S3Server


@pytest.mark.parametrize("server", ["seaweedfs", "juicefs"])
def test_both_servers_store_and_differ_in_conditions(
    server: str, request: pytest.FixtureRequest
) -> None:
    storage: S3Server = request.getfixturevalue(server)
    bucket = storage.new_bucket()
    storage.client.put_object(Bucket=bucket, Key="a/b", Body=b"x")
    assert storage.keys(bucket) == ["a/b"]
    try:
        storage.client.put_object(Bucket=bucket, Key="a/b", Body=b"y", IfNoneMatch="*")
    except ClientError:
        enforced = True
    else:
        enforced = False
    assert enforced == storage.conditional
    assert storage.read(bucket, "a/b") == (b"x" if enforced else b"y")
