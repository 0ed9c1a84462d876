"""Measures the sftp sink beside OpenSSH's own client: the same file, the same server, one run."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.child import peak
from benchmarks.measure import ROOT
from benchmarks.sending import Taken, Way, compare
from tests.servers.process import program
from tests.servers.sshd import PASSWORD, Sshd, sshd, sshd_home

_GCM = "aes128-gcm@openssh.com"


def section(folder: Path, *, size: int, repeat: int) -> str:
    """Send ``size`` bytes ``repeat`` times each way; return what was found."""
    with sshd_home() as home, sshd(home) as server:
        ways = [
            Way("profexd", lambda path: _by_sink(server, path)),
            Way("OpenSSH's `sftp put`", lambda path: _by_openssh(server, path)),
            Way(f"`sftp -c {_GCM}`", lambda path: _by_openssh(server, path, _GCM)),
        ]
        how = (
            "from the connection to a local sshd to the final name. profexd alone also compares"
            "\nthe size at the server; OpenSSH's default cipher is chacha20-poly1305"
        )
        return compare(ways, folder, size=size, repeat=repeat, how=how)


def _by_sink(server: Sshd, file: Path) -> Taken:
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


def _by_openssh(server: Sshd, file: Path, cipher: str = "") -> Taken:
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
