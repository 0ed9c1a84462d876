"""The ways to log in at an SSH server: keys in any form, the agent, a password."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from profexd.api import ConfigurationInvalid, Secret, SinkDenied, SinkUnreachable
from profexd_sinks.sftp_options import SftpOptions

if TYPE_CHECKING:
    from paramiko import Agent, PKey, Transport


@dataclass(frozen=True, slots=True)
class Login:
    """One way to log in: returns what else the server wants, which is nothing once it is done."""

    name: str
    attempt: Callable[[Transport], list[str]]


@contextmanager
def logins(options: SftpOptions, reveal: Callable[[Secret], str]) -> Iterator[list[Login]]:
    """Return the ways to log in; the agent has to stay while they are tried."""
    import paramiko

    user = options.username
    found: list[Login] = []
    if options.private_key is not None:
        phrase = reveal(options.passphrase) if options.passphrase is not None else None
        key = _private_key(reveal(options.private_key), phrase)
        found.append(Login("private_key", partial(_with_key, user, key)))
    with ExitStack() as stack:
        if options.agent:
            agent = paramiko.Agent()
            stack.callback(agent.close)
            found += [Login("agent", partial(_with_key, user, key)) for key in _agent_keys(agent)]
        if options.password is not None:
            password = reveal(options.password)
            found.append(Login("password", lambda to: to.auth_password(user, password)))
        yield found


def _with_key(user: str, key: PKey, transport: Transport) -> list[str]:
    wanted: list[str] = transport.auth_publickey(user, key)
    return wanted


def log_in(transport: Transport, options: SftpOptions, ways: list[Login]) -> None:
    """Try every way in turn; raises SinkDenied when none is enough."""
    import paramiko

    accepted, refused = "", False
    for way in ways:
        try:
            wanted = way.attempt(transport)
        except paramiko.BadAuthenticationType as why:
            accepted, refused = ", ".join(why.allowed_types), True
        except paramiko.AuthenticationException as why:
            if "timeout" in str(why):
                raise TimeoutError from why
            if not transport.is_active():
                if refused:
                    break
                raise SinkUnreachable(
                    f"{options.server} closed the connection while {options.username} logged in"
                    f" with {way.name}",
                    hint="the connection broke, or the server refuses the user in this way",
                ) from why
            refused = True
        else:
            if not wanted:
                return
            # One of several proofs was taken: the next way may be the other.
            accepted = ", ".join(wanted)
    tried = ", ".join(dict.fromkeys(way.name for way in ways))
    raise SinkDenied(
        f"{options.server} refuses {options.username} with {tried}"
        + (f"; it wants {accepted}" if accepted else ""),
        hint="compare username and the secret with what the server's owner gave; a key must stand"
        " in the user's authorized_keys",
    )


def _private_key(text: str, passphrase: str | None) -> PKey:
    """Read a key in any form by way of OpenSSH's, which the library reads for every type."""
    import paramiko
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as forms

    data = text.strip().encode() + b"\n"
    phrase = passphrase.encode() if passphrase else None
    load = forms.load_ssh_private_key if b"BEGIN OPENSSH" in data else forms.load_pem_private_key
    try:
        key = load(data, phrase)
        openssh = key.private_bytes(
            forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption()
        ).decode()
        kind = _KEY_CLASSES.get(type(key).__name__.lstrip("_"), "")
        if not kind:
            raise UnsupportedAlgorithm(f"its type is {type(key).__name__}")
        loaded: PKey = getattr(paramiko, kind).from_private_key(io.StringIO(openssh))
    except (ValueError, TypeError, UnsupportedAlgorithm, paramiko.SSHException) as why:
        raise _unreadable(encrypted=b"ENCRYPTED" in data, phrase=phrase, why=why) from None
    return loaded


_KEY_CLASSES = {
    "Ed25519PrivateKey": "Ed25519Key",
    "RSAPrivateKey": "RSAKey",
    "ECPrivateKey": "ECDSAKey",
    "EllipticCurvePrivateKey": "ECDSAKey",
}


def _unreadable(*, encrypted: bool, phrase: bytes | None, why: Exception) -> ConfigurationInvalid:
    # What the library says could quote the key.
    if isinstance(why, TypeError) or (encrypted and phrase is None):
        words, hint = "it is encrypted", "write its passphrase in the sink"
        if phrase is not None:
            words, hint = "it is not encrypted", "take passphrase out of the sink"
    elif phrase is not None:
        words, hint = "the passphrase does not open it", "correct passphrase in the sink"
    else:
        words, hint = (
            "it is no Ed25519, ECDSA or RSA key",
            'write private_key = { file = "…" }, or the whole key with its BEGIN and END lines',
        )
    return ConfigurationInvalid(f"the private_key cannot be read: {words}", hint=hint)


def _agent_keys(agent: Agent) -> tuple[PKey, ...]:
    keys: tuple[PKey, ...] = agent.get_keys()
    if not keys:
        raise ConfigurationInvalid(
            "agent = true, and no SSH agent with a key answers",
            hint="set SSH_AUTH_SOCK in the environment of profexd, and add a key with ssh-add",
        )
    return keys
