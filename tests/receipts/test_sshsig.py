"""SSH signatures: ours read by ssh-keygen, its own by us, and none that is damaged."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from profexd.export.receipts.sshsig import SignatureWrong, Signer, fingerprint, verify
from tests.receipts.office import make_key

TEXT = b"what was delivered\n"


def keygen(key: Path, *arguments: str) -> str:
    """Sign the text as ssh-keygen does."""
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), *arguments]
    done = subprocess.run(command, input=TEXT, capture_output=True, check=True)
    return done.stdout.decode()


def test_ours_is_what_ssh_keygen_writes(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    signer = Signer(key.read_text())
    assert signer.sign(TEXT) == keygen(key, "-n", "file")
    assert signer.public_key == " ".join((tmp_path / "key.pub").read_text().split()[:2])
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], capture_output=True, text=True)
    assert signer.fingerprint == shown.stdout.split()[1]


def test_a_signature_of_ssh_keygen_is_read(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    public = Signer(key.read_text()).public_key
    for options in ([], ["-O", "hashalg=sha256"]):
        assert verify(TEXT, keygen(key, "-n", "file", *options)) == public


def test_a_signature_for_something_else_does_not_count(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    with pytest.raises(SignatureWrong, match="namespace"):
        verify(TEXT, keygen(key, "-n", "git"))
    with pytest.raises(SignatureWrong, match="another text"):
        verify(TEXT + b" ", keygen(key, "-n", "file"))
    other = make_key(tmp_path / "other", "-t", "ecdsa")
    with pytest.raises(SignatureWrong, match="Ed25519"):
        verify(TEXT, keygen(other, "-n", "file"))


def test_no_damaged_signature_counts(tmp_path: Path) -> None:
    signer = Signer(make_key(tmp_path / "key").read_text())
    armoured = signer.sign(TEXT)
    body = base64.b64decode("".join(armoured.splitlines()[1:-1]))
    head, tail = armoured.splitlines()[0], armoured.splitlines()[-1]
    for place in range(len(body)):
        for damaged in (body[:place], body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]):
            text = f"{head}\n{base64.b64encode(damaged).decode()}\n{tail}\n"
            with pytest.raises(SignatureWrong):
                verify(TEXT, text)
    for text in ("", head, f"{head}\n{tail}", f"{head}\n%%%\n{tail}", armoured[:100], "x" * 1000):
        with pytest.raises(SignatureWrong):
            verify(TEXT, text)


def test_what_is_no_public_key_has_no_fingerprint() -> None:
    for text in ("", "ssh-ed25519", "ssh-ed25519 %%%"):
        with pytest.raises(SignatureWrong):
            fingerprint(text)
