"""sinks/bucket.toml of an installation: a fresh bucket of a real server."""

from __future__ import annotations

from tests.end_to_end.site import Site
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, S3Server


def s3_sink(site: Site, server: S3Server, **more: str) -> str:
    """Write the sink; ``more`` are keys with TOML values. Return the name of its fresh bucket."""
    bucket = server.new_bucket()
    keys = {
        "type": '"s3"',
        "bucket": f'"{bucket}"',
        "endpoint_url": f'"{server.url}"',
        "access_key_id": f'"{ACCESS_KEY_ID}"',
        "secret_access_key": f'"{SECRET_ACCESS_KEY}"',
        **more,
    }
    path = site.write("sinks/bucket.toml", "\n".join(f"{k} = {v}" for k, v in keys.items()) + "\n")
    path.chmod(0o600)
    return bucket
