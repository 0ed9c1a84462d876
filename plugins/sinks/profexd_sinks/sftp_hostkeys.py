"""Which host keys a server may show: pinned ones, or what a known_hosts file says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from profexd.api import ConfigurationInvalid, SinkDenied

_SSH_PORT = 22
_DIGEST = "SHA256:"


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key as SSH encodes it; its first field names its type."""

    blob: bytes

    @property
    def kind(self) -> str:
        length = int.from_bytes(self.blob[:4], "big")
        return self.blob[4 : 4 + length].decode("ascii", "replace")

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ``ssh-keygen -l`` prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return _DIGEST + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """The key as a public key file has it."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class Pin:
    """One accepted key: itself, or its fingerprint alone."""

    fingerprint: str
    kind: str = ""

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Read ``SHA256:…`` or a public key, with or without host and comment."""
        if text.startswith(_DIGEST):
            if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", text):
                raise ValueError(f'"{text}" is no fingerprint: SHA256: and 43 characters')
            return cls(text.rstrip("="))
        key = next(filter(None, map(_blob, text.split())), None)
        if key is None:
            raise ValueError(
                'must be a public key, as in "ssh-ed25519 AAAA…", or its fingerprint, "SHA256:…"'
            )
        return cls(key.fingerprint, key.kind)


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that one server may show, and the ones that it must not."""

    name: str
    accepted: tuple[Pin, ...]
    revoked: tuple[Pin, ...] = ()
    file: str = ""
    """The known_hosts file; empty where keys are pinned."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of the keys that are known, so that the server is asked for one of them."""
        return tuple(dict.fromkeys(pin.kind for pin in self.accepted if pin.kind))

    def check(self, shown: HostKey) -> None:
        """Raise SinkDenied, with both fingerprints and the line to add, unless it is accepted."""
        if any(pin.fingerprint == shown.fingerprint for pin in self.revoked):
            raise SinkDenied(
                f"{self.name} shows a host key that {self.file} marks as revoked: {_words(shown)}",
                hint="do not deliver there before the server's owner has explained it",
            )
        if any(pin.fingerprint == shown.fingerprint for pin in self.accepted):
            return
        if self.accepted:
            known = ", ".join(f"{pin.kind} {pin.fingerprint}".strip() for pin in self.accepted)
            raise SinkDenied(
                f"the host key of {self.name} has changed: it shows {_words(shown)},"
                f" and {self.file or 'host_key'} knows {known}",
                hint="somebody may be pretending to be the server; if its owner confirms the new"
                f" key, {self._remedy(shown)}",
            )
        raise SinkDenied(
            f"the host key of {self.name} is unknown: it shows {_words(shown)},"
            f" and {self.file} knows none of {self.name}",
            hint=f"if the server's owner confirms it, {self._remedy(shown)}",
        )

    def _remedy(self, shown: HostKey) -> str:
        if self.file:
            return f"add this line to {self.file}: {self.name} {shown.line}"
        return f'write host_key = "{shown.line}" in the sink'


def pinned(name: str, keys: Iterable[str]) -> Trust:
    """Trust exactly the keys that the configuration names."""
    return Trust(name, tuple(map(Pin.parse, keys)))


def from_known_hosts(name: str, path: Path) -> Trust:
    """Trust what a file of OpenSSH's says about ``name``; raises ConfigurationInvalid."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    except OSError as why:
        raise ConfigurationInvalid(
            f"{path} cannot be read: {why.strerror}",
            hint="let the user of profexd read it, or write host_key in the sink",
        ) from why
    found = list(_entries(text, name))
    return Trust(
        name,
        accepted=tuple(pin for revoked, pin in found if not revoked),
        revoked=tuple(pin for revoked, pin in found if revoked),
        file=str(path),
    )


def known_name(host: str, port: int) -> str:
    """Return a server's name as known_hosts files have it."""
    return host if port == _SSH_PORT else f"[{host}]:{port}"


def _entries(text: str, name: str) -> Iterator[tuple[bool, Pin]]:
    for line in text.splitlines():
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        # A certificate authority signs keys; no server shows its key itself.
        if len(fields) < 3 or fields[0].startswith("#") or marker not in ("", "@revoked"):
            continue
        key = _blob(fields[2])
        if key is not None and _names(fields[0], name):
            yield bool(marker), Pin(key.fingerprint, key.kind)


def _names(patterns: str, name: str) -> bool:
    """Return whether the first field of a line means ``name``; ``!`` excludes."""
    found = False
    for pattern in patterns.split(","):
        if pattern.startswith("!") and _matches(pattern[1:], name):
            return False
        found = found or _matches(pattern, name)
    return found


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        try:
            salt, digest = (base64.b64decode(part) for part in pattern[3:].split("|"))
        except (ValueError, binascii.Error):
            return False
        # SHA-1 is what OpenSSH hashes host names with; nothing rests on its strength.
        return hmac.compare_digest(hmac.new(salt, name.encode(), "sha1").digest(), digest)
    # Brackets are part of a name there, not a set of characters.
    wild = translate(pattern.lower().replace("[", "[[]"))
    return re.match(wild, name.lower()) is not None


def _blob(text: str) -> HostKey | None:
    try:
        blob = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 8 or not 3 < length < 64 or 4 + length >= len(blob):
        return None
    return HostKey(blob)


def _words(key: HostKey) -> str:
    return f"{key.kind} {key.fingerprint}"
