"""SSH signatures of files, as ``ssh-keygen -Y sign`` and ``-Y verify`` know them; Ed25519 alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import textwrap
from typing import TYPE_CHECKING

from profexd.api.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAMESPACE = "file"
"""What ``ssh-keygen -Y sign -n`` is usually told of files."""
_MAGIC = b"SSHSIG"
_KIND = b"ssh-ed25519"
_HASH = "sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_LINE = 70
_MAKE_ONE = "make one for profexd alone: ssh-keygen -t ed25519 -N '' -f signing_key"


class SignatureWrong(Exception):
    """The signature is none, or not one of this text; its words say why."""


class Signer:
    """Signs with one private key; ConfigurationInvalid where that cannot sign."""

    def __init__(self, private_key: str) -> None:
        self._key = _load(private_key)
        raw = self._key.public_key().public_bytes_raw()
        self._blob = _string(_KIND) + _string(raw)
        self.public_key = f"{_KIND.decode()} {base64.b64encode(self._blob).decode()}"
        """As OpenSSH writes it, without a comment."""
        self.fingerprint = fingerprint(self.public_key)

    def sign(self, text: bytes) -> str:
        """Return the armoured signature of ``text``, always the same."""
        signature = _string(_KIND) + _string(self._key.sign(_signed(text, _HASH)))
        strings = (self._blob, NAMESPACE.encode(), b"", _HASH.encode(), signature)
        whole = _MAGIC + struct.pack(">I", 1) + b"".join(map(_string, strings))
        lines = textwrap.wrap(base64.b64encode(whole).decode(), _LINE)
        return "\n".join([_BEGIN, *lines, _END]) + "\n"


def _load(private_key: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        key = load_ssh_private_key(private_key.strip().encode() + b"\n", password=None)
    except (ValueError, TypeError) as why:
        # Only what kind of error it is: its words may hold some of the key.
        locked = "assword" in str(why) or "assphrase" in str(why)
        raise ConfigurationInvalid(
            "the key in [signing] "
            + ("has a passphrase" if locked else "is no private key as ssh-keygen writes it"),
            hint=_MAKE_ONE,
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationInvalid("the key in [signing] is not an Ed25519 key", hint=_MAKE_ONE)
    return key


def verify(text: bytes, armoured: str) -> str:
    """Return the public key that signed ``text``; SignatureWrong where none did."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    blob, namespace, algorithm, signature = _read(armoured)
    ours = _string(_KIND)
    if not (blob.startswith(ours) and signature.startswith(ours)):
        raise SignatureWrong("it is not made with an Ed25519 key")
    _, raw = _strings(blob, 2)
    _, value = _strings(signature, 2)
    if namespace != NAMESPACE:
        raise SignatureWrong(f'it is for the namespace "{namespace}", not "{NAMESPACE}"')
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(value, _signed(text, algorithm))
    except (InvalidSignature, ValueError) as why:
        raise SignatureWrong("it is of another text, or was changed") from why
    return f"{_KIND.decode()} {base64.b64encode(blob).decode()}"


def fingerprint(public_key: str) -> str:
    """Return the fingerprint of a public key as ``ssh-keygen -l`` shows it."""
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, binascii.Error) as why:
        raise SignatureWrong("a public key is a kind and base64") from why
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _signed(text: bytes, algorithm: str) -> bytes:
    if algorithm not in ("sha256", "sha512"):
        raise SignatureWrong(f'it uses the hash "{algorithm}"')
    digest = hashlib.new(algorithm, text).digest()
    return _MAGIC + b"".join(map(_string, (NAMESPACE.encode(), b"", algorithm.encode(), digest)))


def _read(armoured: str) -> tuple[bytes, str, str, bytes]:
    lines = armoured.strip().splitlines()
    if len(lines) < 3 or lines[0].strip() != _BEGIN or lines[-1].strip() != _END:
        raise SignatureWrong("it is no SSH signature")
    try:
        whole = base64.b64decode("".join(line.strip() for line in lines[1:-1]), validate=True)
    except (binascii.Error, ValueError) as why:
        raise SignatureWrong("it is no SSH signature: its base64 is damaged") from why
    if whole[:10] != _MAGIC + struct.pack(">I", 1):
        raise SignatureWrong("it is no SSH signature of version 1")
    blob, namespace, _, algorithm, signature = _strings(whole[10:], 5)
    return blob, namespace.decode(errors="replace"), algorithm.decode(errors="replace"), signature


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _strings(data: bytes, count: int) -> list[bytes]:
    """Return the length-prefixed strings that ``data`` is made of, exactly ``count``."""
    found: list[bytes] = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            break
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    if data or len(found) != count:
        raise SignatureWrong("it is no SSH signature: it is cut or damaged")
    return found
