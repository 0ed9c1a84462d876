"""No server is believed that cannot be recognised."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from profexd.api import SinkDenied
from tests.servers.process import program
from tests.servers.sshd import Sshd, make_key, sshd
from tests.sftp.sending import options, sink


def fingerprint(public: Path) -> str:
    """Return what OpenSSH calls the key."""
    listed = subprocess.run(
        [program("ssh-keygen"), "-l", "-f", str(public)], capture_output=True, text=True, check=True
    )
    return listed.stdout.split()[1]


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """The public key of nobody."""
    make_key(tmp_path / "stranger")
    return (tmp_path / "stranger.pub").read_text().rsplit(" ", 1)[0]


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_pinned_key_of_any_type_is_enough(server: Sshd, folder: str, kind: str) -> None:
    assert sink(server, folder, host_key=server.line(kind)).probe().ok


def test_a_fingerprint_can_be_pinned(server: Sshd, folder: str) -> None:
    pin = fingerprint(server.folder / "host_ed25519.pub")
    assert sink(server, folder, host_key=pin).probe().ok


def test_several_keys_can_be_pinned_while_they_change(
    server: Sshd, folder: str, stranger: str
) -> None:
    assert sink(server, folder, host_key=[stranger, server.line()]).probe().ok


def test_an_rsa_key_is_verified_with_sha_2(home: Sshd, folder: str) -> None:
    only = "HostKeyAlgorithms rsa-sha2-256,rsa-sha2-512\n"
    with sshd(home, host_keys=["rsa"], more=only) as server:
        assert sink(server, folder, host_key=server.line("rsa")).probe().ok


def test_a_changed_key_shows_both_fingerprints_and_the_line_to_write(
    server: Sshd, folder: str, tmp_path: Path, stranger: str
) -> None:
    with pytest.raises(SinkDenied) as raised:
        sink(server, folder, host_key=stranger)._connected().__enter__()
    assert fingerprint(tmp_path / "stranger.pub") in raised.value.message
    assert fingerprint(server.folder / "host_ed25519.pub") in raised.value.message
    assert f'host_key = "{server.line()}"' in raised.value.hint
    assert raised.value.error_code == "sink_auth"


def test_a_key_of_another_type_than_the_known_one_is_a_changed_key(home: Sshd, folder: str) -> None:
    with sshd(home, host_keys=["ed25519"]) as server:
        probe = sink(server, folder, host_key=server.line("rsa")).probe()
    assert "has changed" in probe.message
    assert fingerprint(home.folder / "host_rsa.pub") in probe.message
    assert fingerprint(home.folder / "host_ed25519.pub") in probe.message


def test_known_hosts_knows_the_server_plain_or_hashed(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    known = server.known_hosts(tmp_path / "known_hosts")
    assert sink(server, folder, host_key="", known_hosts=str(known)).probe().ok
    subprocess.run([program("ssh-keygen"), "-q", "-H", "-f", str(known)], check=True)
    assert "127.0.0.1" not in known.read_text()
    assert sink(server, folder, host_key="", known_hosts=str(known)).probe().ok


@pytest.mark.parametrize(
    ("pattern", "known"),
    [
        ("[127.0.0.1]:{port}", True),
        ("[127.0.0.*]:{port},other.example", True),
        ("[127.0.0.?]:*", True),
        ("*,![127.0.0.1]:{port}", False),
        ("127.0.0.1", False),
        ("[127.0.0.1]:22", False),
    ],
)
def test_names_in_known_hosts_mean_what_they_mean_to_openssh(
    server: Sshd, folder: str, tmp_path: Path, *, pattern: str, known: bool
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"# ours\n\n{pattern.format(port=server.port)} {server.line()} comment\n")
    assert sink(server, folder, host_key="", known_hosts=str(file)).probe().ok is known


def test_an_unknown_key_shows_its_fingerprint_and_the_line_to_add(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    probe = sink(server, folder, host_key="", known_hosts=str(file)).probe()
    shown = fingerprint(server.folder / "host_ed25519.pub")
    assert not probe.ok
    assert shown in probe.message
    line = f"[127.0.0.1]:{server.port} {server.line()}"
    assert f"add this line to {file}: {line}" in probe.hint
    file.write_text(line + "\n")
    assert sink(server, folder, host_key="", known_hosts=str(file)).probe().ok


def test_a_revoked_key_is_refused_even_where_another_line_knows_it(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    file = server.known_hosts(tmp_path / "known_hosts")
    file.write_text(f"{file.read_text()}@revoked * {server.line()}\n")
    probe = sink(server, folder, host_key="", known_hosts=str(file)).probe()
    assert "revoked" in probe.message


def test_nothing_is_sent_to_a_server_that_is_not_recognised(
    server: Sshd, folder: str, stranger: str
) -> None:
    assert not sink(server, folder, host_key=stranger).probe().ok
    assert server.files(folder) == []


def test_a_sink_without_host_key_or_login_is_a_mistake_in_the_configuration(
    server: Sshd,
) -> None:
    problems = dict(options(server, "", host_key="").problems())
    assert f"ssh-keyscan -p {server.port} 127.0.0.1" in problems["host_key"]
    problems = dict(options(server, "", password=None).problems())
    assert "password, private_key or agent" in problems["username"]
