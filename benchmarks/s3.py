"""Measures the s3 sink beside ``aws s3 cp``: the same file, the same server, one run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import ROOT
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, S3Server, seaweedfs_server

_SMALL = 10
"""The small file is this many times smaller: memory must not grow with the size."""


@dataclass
class _Way:
    """One way to bring the file there; seconds, seconds of CPU and peak of each time."""

    name: str
    send: Callable[[Path], tuple[float, float, int]]
    found: list[tuple[float, float, int]] = field(default_factory=list)

    def median(self, place: int) -> float:
        return statistics.median(one[place] for one in self.found)


def section(folder: Path, *, size: int, repeat: int, aws: str) -> str:
    """Send ``size`` bytes ``repeat`` times each way, in alternation; return what was found.

    ``aws`` is the program of the AWS command line.
    """
    file, small = folder / "large.bin", folder / "small.bin"
    _make(file, size)
    _make(small, size // _SMALL)
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        seaweedfs_server(Path(data)) as url,
    ):
        server = S3Server(url, conditional=True)
        bucket = server.new_bucket()
        ways = [
            _Way("profexd", lambda path: _by_sink(server, bucket, path)),
            _Way("`aws s3 cp`", lambda path: _by_aws(server, bucket, path, aws)),
        ]
        for turn in range(repeat):
            for way in ways if turn % 2 == 0 else reversed(ways):
                way.found.append(way.send(file))
                print(way.name, way.found[-1], file=sys.stderr, flush=True)
        least = _by_sink(server, bucket, small)[2]
    return _table(ways, size=size, repeat=repeat, least=least)


def _table(ways: list[_Way], *, size: int, repeat: int, least: int) -> str:
    # Imported late: the process that is measured loads none of it.
    from benchmarks.report import measured, verdict

    ours, theirs = ways
    lines = [
        f"{size / 1e9:g} GB to the same local SeaweedFS over HTTP, {repeat} times each in"
        " alternation, in one run; whole processes, from their start to the object's visibility."
        " profexd sends 4 parts of 15 MiB at a time, aws 10 of 8 MiB, as each does by itself.",
        "",
        "| way | seconds | MB/s | CPU seconds | peak memory |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {way.name} | {way.median(0):.2f} | {size / 1e6 / way.median(0):.0f}"
        f" | {way.median(1):.2f} | {max(one[2] for one in way.found) / 1e6:.0f} MB |"
        for way in ways
    ]
    ratio = theirs.median(0) / ours.median(0)
    most = max(one[2] for one in ours.found)
    lines += [
        "",
        f"profexd is {ratio:.2f} × as fast as `aws s3 cp` (target: 1.0 {verdict(ratio >= 1.0)})."
        f" With a file a {_SMALL}th as large its peak was {least / 1e6:.0f} MB:"
        f" memory does not grow with the file {verdict(most - least < 20e6)}.",
    ]
    return "\n".join(lines) + "\n\n" + measured()


def _make(file: Path, size: int) -> None:
    chunk = os.urandom(1_000_000)
    with file.open("wb") as out:
        for _ in range(size // len(chunk)):
            out.write(chunk)


def _by_sink(server: S3Server, bucket: str, file: Path) -> tuple[float, float, int]:
    job = {"url": server.url, "bucket": bucket, "file": str(file)}
    return _timed([sys.executable, "-m", "benchmarks.s3", json.dumps(job)], server, bucket, file)


def _by_aws(server: S3Server, bucket: str, file: Path, aws: str) -> tuple[float, float, int]:
    command = [aws, "s3", "cp", "--quiet", "--endpoint-url", server.url, str(file)]
    return _timed([*command, f"s3://{bucket}/out.bin"], server, bucket, file)


def _timed(
    command: list[str], server: S3Server, bucket: str, file: Path
) -> tuple[float, float, int]:
    """Run a program that sends the file, look at the object, and remove it."""
    credentials = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, **credentials}
    )
    assert process.stdout is not None
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
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
    options = S3Options(bucket=job["bucket"], endpoint_url=job["url"])
    sink = S3Sink(options, SinkContext())
    file = SpooledFile(
        path=path, size=path.stat().st_size, sha256="", rows=0, media_type="text/csv"
    )
    sink.publish(sink.stage(file, "out.bin"))
    sink.close()


if __name__ == "__main__":
    main()
