"""``make torture``: tortures the file sink, SeaweedFS and OpenSSH, and prints one table."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from profexd.cli.profexd import main
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, S3Server, seaweedfs_server
from tests.servers.sshd import PASSWORD, sshd, sshd_home


def torture(arguments: list[str]) -> int:
    """Run ``profexd torture`` with ``arguments`` against all three; return its exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="profexd-torture-servers-") as name,
        seaweedfs_server(Path(name)) as url,
        sshd_home() as home,
        sshd(home) as server,
    ):
        sinks = Path(name) / "config" / "sinks"
        sinks.mkdir(parents=True)
        written = {
            "s3": {
                "bucket": S3Server(url, conditional=True).new_bucket(),
                "endpoint_url": url,
                "access_key_id": ACCESS_KEY_ID,
                "secret_access_key": SECRET_ACCESS_KEY,
            },
            "sftp": {
                "host": "127.0.0.1",
                "port": server.port,
                "username": server.user,
                "password": PASSWORD,
                "host_key": server.line(),
                "root": server.new_folder(),
            },
        }
        for kind, options in written.items():
            lines = [f"{key} = {value!r}" for key, value in {"type": kind, **options}.items()]
            (sinks / f"own-{kind}.toml").write_text("\n".join(lines) + "\n")
        chosen = [f"--sink={name}" for name in ("file", "own-s3", "own-sftp")]
        return main(["torture", f"--config={sinks.parent}", *chosen, *arguments])


if __name__ == "__main__":
    sys.exit(torture(sys.argv[1:]))
