"""Every way to log in, and what is said when none works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.api import ConfigurationInvalid, Secret, SinkDenied
from profexd_sinks.sftp import SftpSink
from tests.servers.process import program
from tests.servers.sshd import Sshd, sshd
from tests.sftp.sending import options, sink

PHRASE = "open sesame"


def literal(text: str) -> Secret:
    return Secret("literal", text)


@pytest.fixture
def authorized(server: Sshd) -> Iterator[Path]:
    """The keys that the server takes from the user."""
    path = server.folder / "keys" / server.user
    before = path.read_text()
    yield path
    path.write_text(before)


def rewritten(server: Sshd, kind: str, path: Path, form: str, phrase: str) -> None:
    """Write a private key that there is already in another form."""
    shutil.copy(server.folder / f"host_{kind}", path)
    flags = ("-m", form) if form != "RFC4716" else ()
    command = [program("ssh-keygen"), "-q", "-p", "-P", "", "-N", phrase, *flags, "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)


def refused(there: SftpSink) -> SinkDenied:
    with pytest.raises(SinkDenied) as raised, there._connected():
        pass
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_key_of_any_type_in_any_form_logs_in(
    server: Sshd,
    folder: str,
    tmp_path: Path,
    authorized: Path,
    *,
    kind: str,
    form: str,
    encrypted: bool,
) -> None:
    phrase = PHRASE if encrypted else ""
    authorized.write_text(server.host_keys[kind])
    rewritten(server, kind, tmp_path / "id", form, phrase)
    there = sink(
        server,
        folder,
        password=None,
        private_key=literal((tmp_path / "id").read_text().strip()),
        passphrase=literal(phrase) if encrypted else None,
    )
    probe = there.probe()
    assert probe.ok, probe.message


def test_the_agent_logs_in(
    server: Sshd, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "agent"
    agent = subprocess.Popen([program("ssh-agent"), "-D", "-a", str(socket)], stdout=-3)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        empty = 1
        while subprocess.run([program("ssh-add"), "-l"], capture_output=True).returncode != empty:
            assert agent.poll() is None
        alone = sink(server, folder, password=None, agent=True)
        with pytest.raises(ConfigurationInvalid, match="no SSH agent with a key"):
            alone._connected().__enter__()
        server.key.chmod(0o600)
        subprocess.run([program("ssh-add"), "-q", str(server.key)], check=True, env=os.environ)
        assert sink(server, folder, password=None, agent=True).probe().ok
    finally:
        agent.terminate()
        agent.wait()


def test_a_server_that_wants_both_gets_key_and_password(home: Sshd, folder: str) -> None:
    with sshd(home, more="AuthenticationMethods publickey,password\n") as server:
        key = literal(server.key.read_text())
        assert sink(server, folder, private_key=key).probe().ok
        assert (
            "it wants password"
            in refused(sink(server, folder, private_key=key, password=None)).message
        )


def test_a_wrong_password_is_named_but_not_shown(server: Sshd, folder: str) -> None:
    error = refused(sink(server, folder, password=literal("wrong-canary")))
    assert f"refuses {server.user} with password" in error.message
    assert "wrong-canary" not in error.message + error.hint
    assert error.error_code == "sink_auth"


def test_an_unknown_user_is_refused(server: Sshd, folder: str) -> None:
    assert "refuses nobody-here" in refused(sink(server, folder, username="nobody-here")).message


def test_a_server_that_takes_no_passwords_says_what_it_wants(home: Sshd, folder: str) -> None:
    with sshd(home, more="Match all\nPasswordAuthentication no\n") as server:
        assert "it wants publickey" in refused(sink(server, folder)).message


@pytest.mark.parametrize(
    ("phrase", "given", "words"),
    [
        (PHRASE, None, "it is encrypted"),
        (PHRASE, "wrong-canary", "the passphrase does not open it"),
        ("", PHRASE, "it is not encrypted"),
    ],
)
@pytest.mark.parametrize("form", ["RFC4716", "PKCS8"])
def test_a_passphrase_that_does_not_fit_is_said_in_words(
    server: Sshd, tmp_path: Path, phrase: str, given: str | None, words: str, form: str
) -> None:
    rewritten(server, "rsa", tmp_path / "id", form, phrase)
    there = sink(
        server,
        "",
        password=None,
        private_key=literal((tmp_path / "id").read_text()),
        passphrase=literal(given) if given else None,
    )
    with pytest.raises(ConfigurationInvalid, match=words) as raised:
        there._connected().__enter__()
    assert "canary" not in raised.value.message + raised.value.hint


def test_a_key_that_is_none_is_said_in_words(server: Sshd) -> None:
    there = sink(server, "", password=None, private_key=literal("canary is no key"))
    with pytest.raises(ConfigurationInvalid, match="no Ed25519, ECDSA or RSA key") as raised:
        there._connected().__enter__()
    assert "canary" not in raised.value.message


def test_the_uri_is_complete(server: Sshd) -> None:
    plain = options(server, "/srv/in", host="sftp.example.com", port=22, username="acme")
    assert SftpSink.uri(plain, "a/b c.csv") == "sftp://acme@sftp.example.com/srv/in/a/b%20c.csv"
    login = options(server, "in", host="2001:db8::1", port=2222, username="a@b")
    assert SftpSink.uri(login, "x.csv") == "sftp://a%40b@[2001:db8::1]:2222/~/in/x.csv"
    assert SftpSink.uri(options(server, "/"), "x.csv").endswith(f":{server.port}/x.csv")
