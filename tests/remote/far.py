"""A host called ``far``: this machine behind an sshd of its own, and a daemon on it."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.end_to_end.site import BIN, Site
from tests.servers.process import free_ports, listens, program, running
from tests.servers.sshd import descendants, make_key


@dataclass
class Far:
    """A host called ``far``, which is this machine behind sshd, and a daemon on it."""

    site: Site
    folder: Path
    """What ssh and sshd read, and ``bin/profexctl``, which the commands of ssh find."""
    ssh: str
    """The command that knows the host."""
    runtime: str
    """A short path: that of a socket has about a hundred characters."""
    sshd: int

    def control(self, command: str) -> subprocess.CompletedProcess[bytes]:
        """Ask the shared login, which stays open for a while."""
        path = f"-oControlPath={self.runtime}/profexd-%C"
        return subprocess.run([*self.ssh.split(), path, "-O", command, "far"], capture_output=True)

    def end_sessions(self) -> None:
        """Break every connection of ssh."""
        for pid in descendants(self.sshd):
            os.kill(pid, signal.SIGKILL)

    def profexctl(self, *arguments: str, host: str = "far") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "profexctl"), f"--host={host}", *arguments],
            capture_output=True,
            text=True,
            timeout=50,
            env=self.environ,
        )

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "PROFEXD_SSH": self.ssh, "XDG_RUNTIME_DIR": self.runtime}


@contextmanager
def behind_sshd(site: Site) -> Iterator[Far]:
    """Return the host while its sshd runs; the daemon is not started."""
    folder = site.folder / "ssh"
    folder.mkdir()
    (folder / "bin").mkdir()
    (folder / "bin/profexctl").symlink_to(BIN / "profexctl")
    host_key = make_key(folder / "host")
    (folder / "authorized").write_text(make_key(folder / "user"))
    [port] = free_ports(1)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    user_key = (folder / "user.pub").read_text()
    (folder / "changed").write_text(f"[127.0.0.1]:{port} {user_key}")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"StrictModes no\nPermitRootLogin yes\nAuthorizedKeysFile {folder}/authorized\n"
        f"UseDNS no\nSetEnv PATH={folder}/bin:/usr/bin:/bin PROFEXD_SOCKET={site.socket}\n"
    )
    user = pwd.getpwuid(os.getuid()).pw_name
    (folder / "config").write_text(
        f"Host far\n HostName 127.0.0.1\n Port {port}\n User {user}\n"
        f" IdentityFile {folder}/user\n IdentitiesOnly yes\n BatchMode yes\n"
        f" UserKnownHostsFile {folder}/known_hosts\n GlobalKnownHostsFile none\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    ssh = f"{program('ssh')} -F {folder}/config"
    command = [program("sshd"), "-D", "-e", "-f", folder / "sshd_config"]
    with (
        TemporaryDirectory() as runtime,
        running(command, log=folder / "log", healthy=lambda: listens(port)) as sshd,
    ):
        host = Far(site, folder, ssh, runtime, sshd.pid)
        yield host
        host.control("exit")
    if site.daemon is not None:
        site.kill()
