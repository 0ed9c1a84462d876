"""OpenSSH's sshd with a throw-away user who may only use SFTP, by password or key."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.process import free_ports, listens, program, running

PASSWORD = "s3cret-pw"
KEY_TYPES = ("ed25519", "rsa", "ecdsa")
_BITS = {"rsa": ("-b", "2048")}
"""The default takes seconds to make."""


@dataclass
class Sshd:
    """A running server, and the administrator's own view of it."""

    folder: Path
    user: str
    port: int
    pid: int = 0
    host_keys: dict[str, str] = field(default_factory=dict)
    """The public line of each host key, by type."""

    @property
    def home(self) -> Path:
        """Where the user's session begins."""
        return self.folder / "home"

    @property
    def key(self) -> Path:
        """The user's private key."""
        return self.folder / "id_ed25519"

    def line(self, kind: str = "ed25519") -> str:
        """Return the public host key as ``host_key`` takes it."""
        return " ".join(self.host_keys[kind].split()[:2])

    def known_hosts(self, path: Path, kind: str = "ed25519") -> Path:
        """Write a known_hosts file that knows this server."""
        path.write_text(f"[127.0.0.1]:{self.port} {self.line(kind)}\n")
        return path

    def files(self, folder: str = "") -> list[str]:
        """Return every file below the user's home, hidden ones too."""
        root = self.home / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def new_folder(self, name: str = "") -> str:
        """Make a folder that the user may write into; return its name below the home."""
        name = name or f"in-{secrets.token_hex(4)}"
        folder = self.home / name
        folder.mkdir()
        shutil.chown(folder, self.user, self.user)
        return name

    def sessions(self) -> list[int]:
        """Return the processes of all connections."""
        return descendants(self.pid)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let no session do anything while the block lasts."""
        family = self.sessions()
        _signal(family, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(family, signal.SIGCONT)

    def end_sessions(self) -> None:
        """Kill every connection there is."""
        _signal(self.sessions(), signal.SIGKILL)

    def sftp(self, *commands: str) -> str:
        """Run commands in OpenSSH's own client; return what it printed."""
        batch = "".join(f"{command}\n" for command in commands)
        known = self.known_hosts(self.folder / "known_hosts")
        done = subprocess.run(
            [
                *(program("sftp"), "-q", "-b", "-", "-P", str(self.port), "-i", str(self.key)),
                *("-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes"),
                f"{self.user}@127.0.0.1",
            ],
            input=batch,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def descendants(pid: int) -> list[int]:
    """Return the processes below one, those of every connection below an sshd."""
    listing = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    found = [int(line) for line in listing.stdout.split()]
    return found + [deeper for child in found for deeper in descendants(child)]


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def sshd_home() -> Iterator[Sshd]:
    """Make the user, the keys and the home of servers; nothing runs yet."""
    user = f"profexd-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="profexd-sshd-") as name:
        folder = Path(name)
        # Not below pytest's folder: nobody but its owner may enter that.
        folder.chmod(0o755)
        home = Sshd(folder, user, 0)
        home.home.mkdir()
        for kind in KEY_TYPES:
            home.host_keys[kind] = make_key(folder / f"host_{kind}", kind)
        (folder / "keys").mkdir()
        (folder / "keys" / user).write_text(make_key(home.key, "ed25519"))
        _change_users(
            *("useradd", "--no-create-home", "--no-log-init", "--home-dir", str(home.home)),
            *("--shell", "/usr/sbin/nologin", "--password", _hashed(PASSWORD), user),
        )
        try:
            shutil.chown(home.home, user, user)
            yield home
        finally:
            _change_users("userdel", "--force", user)


@contextmanager
def sshd(
    home: Sshd, *, sftp: str = "", host_keys: Sequence[str] = ("ed25519",), more: str = ""
) -> Iterator[Sshd]:
    """Run a server for that home; ``sftp`` are flags of its SFTP server, as ``-R``."""
    Path("/run/sshd").mkdir(exist_ok=True)
    [port] = free_ports(1)
    config = home.folder / f"sshd_config_{port}"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\n"
        + "".join(f"HostKey {home.folder}/host_{kind}\n" for kind in host_keys)
        + "PidFile none\nUsePAM no\nPasswordAuthentication yes\n"
        "KbdInteractiveAuthentication no\nStrictModes no\nPermitRootLogin no\n"
        f"AuthorizedKeysFile {home.folder}/keys/%u\nAllowUsers {home.user}\n"
        f"Subsystem sftp internal-sftp\nForceCommand internal-sftp {sftp}\n"
        f"UseDNS no\nMaxStartups 50\n{more}"
    )
    command = [program("sshd"), "-D", "-e", "-f", config]
    log = home.folder / f"sshd_{port}.log"
    with running(command, log=log, healthy=lambda: listens(port)) as process:
        server = Sshd(home.folder, home.user, port, process.pid, home.host_keys)
        try:
            yield server
        finally:
            # A session outlives the server that began it.
            server.end_sessions()


def make_key(path: Path, kind: str = "ed25519") -> str:
    """Write a private key; return its public line."""
    subprocess.run(
        [
            *(program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", "test"),
            *(*_BITS.get(kind, ()), "-f", str(path)),
        ],
        check=True,
    )
    return path.with_name(path.name + ".pub").read_text()


def _hashed(password: str) -> str:
    done = subprocess.run(
        [program("openssl"), "passwd", "-6", password], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _change_users(*command: str) -> None:
    # Parallel tests must not meet at the lock of /etc/passwd: useradd does not wait for it.
    with Path("/var/lock/profexd-test-users").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([program(command[0]), *command[1:]], check=True, capture_output=True)
