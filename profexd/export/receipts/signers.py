"""Whose signature is trusted: a public key, a fingerprint, or allowed_signers of OpenSSH."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from profexd.export.receipts.sshsig import NAMESPACE, SignatureWrong, fingerprint

_KIND = "ssh-ed25519"
_FIELD = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
_OPTION = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


class SignersUnreadable(Exception):
    """What names the keys is not what it should be; its words say why."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One key that is trusted, by its fingerprint, and when."""

    fingerprint: str
    who: str = ""
    after: datetime | None = None
    before: datetime | None = None

    def trusted(self, shown: str, at: datetime) -> bool:
        """Whether a signature of the key with this fingerprint counts, made at that time."""
        early = self.after is not None and at < self.after
        late = self.before is not None and at >= self.before
        return shown == self.fingerprint and not early and not late


def of_key(text: str) -> Signer:
    """Read a public key as OpenSSH writes it, or a fingerprint."""
    text = text.strip()
    if text.startswith("SHA256:"):
        return Signer(text)
    if "PRIVATE KEY" in text:
        raise SignersUnreadable("is a private key: name the public one, which ends in .pub")
    fields = text.split()
    if len(fields) < 2 or fields[0] != _KIND:
        raise SignersUnreadable(f"is no public key: it does not begin with {_KIND}")
    try:
        return Signer(fingerprint(" ".join(fields[:2])), " ".join(fields[2:]))
    except SignatureWrong as why:
        raise SignersUnreadable(f"is no public key: {why}") from why


def of_allowed_signers(text: str) -> list[Signer]:
    """Read the Ed25519 keys of an ``allowed_signers`` file that may sign files."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = _FIELD.findall(line)
        if not fields or fields[0].startswith("#"):
            continue
        options, rest = "", fields[1:]
        if rest and not rest[0].startswith(("ssh-", "ecdsa-", "sk-")):
            options, rest = rest[0], rest[1:]
        if len(rest) < 2:
            raise SignersUnreadable(f"line {number} is not: principals [options] keytype key")
        signer = _allowed(fields[0].strip('"'), options, rest, number)
        if signer is not None:
            found.append(signer)
    return found


def _allowed(who: str, options: str, key: list[str], number: int) -> Signer | None:
    times: dict[str, datetime] = {}
    for option in _OPTION.findall(options):
        name, _, quoted = option.partition("=")
        value = quoted.strip('"')
        match name.lower():
            case "namespaces":
                if not any(fnmatchcase(NAMESPACE, one.strip()) for one in value.split(",")):
                    return None
            case "valid-after" | "valid-before":
                times[name.lower()] = _time(value, number)
            case _:
                # A certificate authority signs keys, not files; what we do not know trusts nobody.
                return None
    if key[0] != _KIND:
        return None
    try:
        shown = fingerprint(" ".join(key[:2]))
    except SignatureWrong as why:
        raise SignersUnreadable(f"line {number}: {why}") from why
    return Signer(shown, who, times.get("valid-after"), times.get("valid-before"))


def _time(text: str, number: int) -> datetime:
    """Read a time of ssh-keygen: local, or UTC where it ends in Z."""
    digits = text.removesuffix("Z")
    try:
        time = datetime.strptime(digits, _TIMES[len(digits)])  # noqa: DTZ007 - made aware below
    except (KeyError, ValueError) as why:
        raise SignersUnreadable(f'line {number}: "{text}" is no time, as 20261231') from why
    return time.replace(tzinfo=UTC) if text.endswith("Z") else time.astimezone()
