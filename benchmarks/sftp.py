"""Measures the sftp sink beside OpenSSH's own client: the same file, the same server, one run."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.child import peak
from benchmarks.measure import ROOT
from tests.servers.process import program
from tests.servers.sshd import PASSWORD, Sshd, sshd, sshd_home

_GCM = "aes128-gcm@openssh.com"
_SMALL = 10
"""The small file is this many times smaller: memory must not grow with the size."""


@dataclass
class _Way:
    """One way to bring the file there, and what each time took."""

    name: str
    send: Callable[[Path], tuple[float, float, int]]
    """Returns seconds, seconds of CPU, and the peak of memory; 0: not measured."""
    found: list[tuple[float, float, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(seconds for seconds, _, _ in self.found)


def section(folder: Path, *, size: int, repeat: int) -> str:
    """Send ``size`` bytes ``repeat`` times each way, in alternation; return what was found."""
    file = folder / "large.bin"
    _make(file, size)
    small = folder / "small.bin"
    _make(small, size // _SMALL)
    with sshd_home() as home, sshd(home) as server:
        ways = [
            _Way("profexd", lambda path: _by_sink(server, path)),
            _Way("OpenSSH `sftp`, its default cipher", lambda path: _by_openssh(server, path)),
            _Way(f"OpenSSH `sftp -c {_GCM}`", lambda path: _by_openssh(server, path, _GCM)),
        ]
        for turn in range(repeat):
            for way in ways if turn % 2 == 0 else reversed(ways):
                way.found.append(way.send(file))
                print(way.name, way.found[-1], file=sys.stderr, flush=True)
        least = _by_sink(server, small)[2]
    return _table(ways, size=size, repeat=repeat, least=least)


def _table(ways: list[_Way], *, size: int, repeat: int, least: int) -> str:
    # Imported late: the process that is measured loads none of it.
    from benchmarks.report import measured, verdict

    ours, theirs = ways[0], ways[1]
    lines = [
        f"{size / 1e9:g} GB to the same local sshd, {repeat} times each in alternation, in one"
        " run; from the connection to the final name. profexd alone also compares the size at the"
        " server.",
        "",
        "| way | seconds | MB/s | CPU seconds | peak memory |",
        "|---|---|---|---|---|",
    ]
    for way in ways:
        cpu = statistics.median(cpu for _, cpu, _ in way.found)
        most = max(most for _, _, most in way.found)
        memory = f"{most / 1e6:.0f} MB" if most else ""
        lines.append(
            f"| {way.name} | {way.seconds:.2f} | {size / 1e6 / way.seconds:.0f} | {cpu:.2f}"
            f" | {memory} |"
        )
    ratio = theirs.seconds / ours.seconds
    most = max(most for _, _, most in ours.found)
    lines += [
        "",
        f"profexd is {ratio:.2f} × as fast as `sftp put` (target: 1.0 {verdict(ratio >= 1.0)})."
        f" With a file a {_SMALL}th as large its peak was {least / 1e6:.0f} MB:"
        f" memory does not grow with the file {verdict(most - least < 20e6)}.",
    ]
    return "\n".join(lines) + "\n\n" + measured()


def _make(file: Path, size: int) -> None:
    chunk = os.urandom(1_000_000)
    with file.open("wb") as out:
        for _ in range(size // len(chunk)):
            out.write(chunk)


def _by_sink(server: Sshd, file: Path) -> tuple[float, float, int]:
    job = {"port": server.port, "user": server.user, "key": server.line(), "file": str(file)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sftp", json.dumps(job)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    (server.home / "out.bin").unlink()
    seconds, cpu, most = json.loads(done.stdout)
    return seconds, cpu, most


def _by_openssh(server: Sshd, file: Path, cipher: str = "") -> tuple[float, float, int]:
    known = server.known_hosts(server.folder / "known_hosts")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        [
            *(program("sftp"), "-q", "-b", "-", "-P", str(server.port), "-i", str(server.key)),
            *("-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes"),
            *(("-c", cipher) if cipher else ()),
            f"{server.user}@127.0.0.1",
        ],
        input=f"put {file} out.bin\n".encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (server.home / "out.bin").unlink()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, 0


def main() -> None:
    """Deliver one file through the sink, as the job in the first argument says."""
    import paramiko  # noqa: F401 - loaded before the clock starts, as programs are

    from profexd.api import Secret, SinkContext, SpooledFile
    from profexd_sinks.sftp import SftpOptions, SftpSink

    job = json.loads(sys.argv[1])
    path = Path(job["file"])
    options = SftpOptions(
        host="127.0.0.1",
        port=job["port"],
        username=job["user"],
        password=Secret("literal", PASSWORD),
        host_key=job["key"],
    )
    sink = SftpSink(options, SinkContext(reveal=lambda secret: secret.value))
    file = SpooledFile(
        path=path, size=path.stat().st_size, sha256="", rows=0, media_type="text/csv"
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    sink.publish(sink.stage(file, "out.bin"))
    sink.close()
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([seconds, cpu, peak()]))


if __name__ == "__main__":
    main()
