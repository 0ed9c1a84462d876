"""Measures the s3 sink beside ``aws s3 cp``: the same file, the same server, one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.sending import Taken, Way, compare
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, S3Server, seaweedfs_server


def section(folder: Path, *, size: int, repeat: int, aws: str) -> str:
    """Send ``size`` bytes ``repeat`` times each way; return what was found.

    ``aws`` is the program of the AWS command line.
    """
    with tempfile.TemporaryDirectory(dir=folder) as data, seaweedfs_server(Path(data)) as url:
        server = S3Server(url, conditional=True)
        bucket = server.new_bucket()
        ways = [
            Way("profexd", lambda path: _by_sink(server, bucket, path)),
            Way("`aws s3 cp`", lambda path: _by_aws(server, bucket, path, aws)),
        ]
        how = (
            "over HTTP to a local SeaweedFS, whole processes from their start to their end, each\n"
            "with its own defaults: profexd sends 4 parts at a time, aws 10"
        )
        return compare(ways, folder, size=size, repeat=repeat, how=how)


def _by_sink(server: S3Server, bucket: str, file: Path) -> Taken:
    job = {"url": server.url, "bucket": bucket, "file": str(file)}
    return _timed([sys.executable, "-m", "benchmarks.s3", json.dumps(job)], server, bucket, file)


def _by_aws(server: S3Server, bucket: str, file: Path, aws: str) -> Taken:
    command = [aws, "s3", "cp", "--quiet", "--endpoint-url", server.url, str(file)]
    return _timed([*command, f"s3://{bucket}/out.bin"], server, bucket, file)


def _timed(command: list[str], server: S3Server, bucket: str, file: Path) -> Taken:
    """Run a program that sends the file, look at the object, and remove it."""
    environ = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    found = server.client.head_object(Bucket=bucket, Key="out.bin")
    assert found["ContentLength"] == file.stat().st_size
    server.client.delete_object(Bucket=bucket, Key="out.bin")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main() -> None:
    """Deliver one file through the sink, as the job in the first argument says."""
    from profexd.api import SinkContext, SpooledFile
    from profexd_sinks.s3 import S3Sink
    from profexd_sinks.s3_options import S3Options

    job = json.loads(sys.argv[1])
    path = Path(job["file"])
    sink = S3Sink(S3Options(bucket=job["bucket"], endpoint_url=job["url"]), SinkContext())
    file = SpooledFile(
        path=path, size=path.stat().st_size, sha256="", rows=0, media_type="text/csv"
    )
    sink.publish(sink.stage(file, "out.bin"))
    sink.close()


if __name__ == "__main__":
    main()
