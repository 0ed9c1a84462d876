"""profexctl --host: every verb over a real ssh, and what is said where there is no way through."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.end_to_end.site import BIN, Site
from tests.servers.process import free_ports, listens, program, running
from tests.servers.sshd import make_key


@dataclass
class Far:
    """A host called ``far``, which is this machine behind sshd, and a daemon on it."""

    site: Site
    ssh: str
    """The command that knows the host."""
    runtime: str
    """A short path: that of a socket has about a hundred characters."""

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


@pytest.fixture
def far(tmp_path: Path, warehouse: Path) -> Iterator[Far]:
    site = Site(tmp_path, warehouse)
    site.pipeline("daily")
    folder = tmp_path / "ssh"
    folder.mkdir()
    host_key = make_key(folder / "host")
    (folder / "authorized").write_text(make_key(folder / "user"))
    [port] = free_ports(1)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"StrictModes no\nPermitRootLogin yes\nAuthorizedKeysFile {folder}/authorized\n"
        f"UseDNS no\nSetEnv PATH={BIN}:/usr/bin:/bin PROFEXD_SOCKET={site.socket}\n"
    )
    user = pwd.getpwuid(os.getuid()).pw_name
    (folder / "config").write_text(
        f"Host far\n HostName 127.0.0.1\n Port {port}\n User {user}\n IdentityFile {folder}/user\n"
        f" IdentitiesOnly yes\n UserKnownHostsFile {folder}/known_hosts\n BatchMode yes\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    ssh = f"{program('ssh')} -F {folder}/config"
    command = [program("sshd"), "-D", "-e", "-f", folder / "sshd_config"]
    with (
        TemporaryDirectory() as runtime,
        running(command, log=folder / "log", healthy=lambda: listens(port)),
    ):
        yield Far(site, ssh, runtime)
        # The shared login stays open for a while.
        control = [*ssh.split(), f"-oControlPath={runtime}/profexd-%C", "-O", "exit", "far"]
        subprocess.run(control, capture_output=True)
    if site.daemon is not None:
        site.kill()


def test_a_verb_means_the_daemon_of_the_other_host(far: Far) -> None:
    far.site.start()
    listed = far.profexctl("list", "--json")
    assert [one["name"] for one in json.loads(listed.stdout)] == ["daily"], listed.stderr
    ran = far.profexctl("run", "daily", "--wait", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (0, "done")
    assert far.site.delivered() == ["daily.csv"]
    assert "done: 1000 rows" in far.profexctl("logs", "daily").stdout


def test_events_are_followed_and_end_with_their_reader(far: Far) -> None:
    far.site.start()
    with subprocess.Popen(
        [str(BIN / "profexctl"), "--host=far", "events", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=far.environ,
    ) as events:
        assert events.stdout is not None
        assert json.loads(events.stdout.readline())["type"] == "hello"
        far.site.profexctl("pause", "daily")
        told = json.loads(events.stdout.readline())
        assert told["pipeline"]["paused"]["by"]
        events.terminate()
    assert far.site.daemon is not None
    dialled = f"pgrep -f 'dial-stdio' -P {far.site.daemon.pid} || true"
    deadline = time.monotonic() + 20
    while subprocess.run(dialled, shell=True, capture_output=True).stdout:
        assert time.monotonic() < deadline


def test_what_ssh_says_is_told(far: Far) -> None:
    nowhere = far.profexctl("ping", host="nowhere.invalid")
    assert nowhere.returncode == 3
    assert "cannot reach the daemon on nowhere.invalid: " in nowhere.stderr
    assert "resolve hostname" in nowhere.stderr
    assert "ssh nowhere.invalid profexctl ping" in nowhere.stderr


def test_no_daemon_on_the_other_host_is_said_in_its_words(far: Far) -> None:
    silent = far.profexctl("list")
    assert silent.returncode == 3
    assert f"no daemon at {far.site.socket}" in silent.stderr


def test_files_of_another_host_are_not_deleted_from_here(far: Far) -> None:
    far.site.start()
    refused = far.profexctl("delete", "daily", "--yes")
    assert refused.returncode == 2
    assert (far.site.config / "pipelines/daily.toml").exists()


def test_a_host_that_would_be_an_option_is_refused(far: Far) -> None:
    assert far.profexctl("list", host="-oProxyCommand=touch").returncode == 2
