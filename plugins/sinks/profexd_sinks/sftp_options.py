"""The options of the sftp sink, their rules, and the URI that a path becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import quote

from profexd.api import Check, Doc, Secret, SinkOptions
from profexd_sinks.sftp_hostkeys import Pin, known_name

_SSH_PORT = 22
_HOST = re.compile(r"[0-9A-Za-z._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*")


def _host(host: str) -> str:
    bare = host.removeprefix("[").removesuffix("]")
    if not _HOST.fullmatch(bare):
        raise ValueError('must be a name or an address, as in "sftp.partner.example"')
    return bare


def _port(port: int) -> int:
    if not 1 <= port <= 65535:
        raise ValueError("must be between 1 and 65535")
    return port


def _folder(folder: str) -> str:
    if "\0" in folder or "\n" in folder:
        raise ValueError("must be one line of text")
    if ".." in folder.split("/"):
        raise ValueError('must not contain ".."')
    return folder


def _pins(keys: str | list[str]) -> str | list[str]:
    for key in [keys] if isinstance(keys, str) else keys:
        if key or not isinstance(keys, str):
            Pin.parse(key)
    return keys


def _username(name: str) -> str:
    if not name or not name.isprintable():
        raise ValueError("must be the name of a user at the server")
    return name


@dataclass(frozen=True, kw_only=True)
class SftpOptions(SinkOptions):
    root: Annotated[
        str,
        Doc(
            "The folder that files go below: absolute, or relative to where the user's session"
            " begins."
        ),
        Check(_folder),
    ] = ""
    host: Annotated[str, Doc("The server's name or address."), Check(_host)] = field()
    port: Annotated[int, Doc("The server's port."), Check(_port)] = _SSH_PORT
    username: Annotated[str, Doc("The user at the server."), Check(_username)] = field()
    password: Annotated[Secret | None, Doc("The user's password.")] = None
    private_key: Annotated[
        Secret | None, Doc("The user's private key: Ed25519, ECDSA or RSA, in any usual form.")
    ] = None
    passphrase: Annotated[Secret | None, Doc("What the private key is encrypted with.")] = None
    agent: Annotated[bool, Doc("Ask the SSH agent of $SSH_AUTH_SOCK for keys.")] = False
    host_key: Annotated[
        str | list[str],
        Doc(
            'The server\'s public keys, as "ssh-ed25519 AAAA…" or "SHA256:…"; several while it'
            " changes them."
        ),
        Check(_pins),
    ] = ""
    known_hosts: Annotated[
        str, Doc("A file of OpenSSH's that knows the server, in place of host_key.")
    ] = ""
    temporary_directory: Annotated[
        str,
        Doc(
            "Where files wait until they are whole, on the file system of root; empty: under a"
            " hidden name beside the target."
        ),
        Check(_folder),
    ] = ""
    make_directories: Annotated[bool, Doc("Make folders that are not there.")] = True
    no_posix_rename: Annotated[
        Literal["fail", "replace"],
        Doc(
            "Where the server cannot rename onto an existing file in one step: fail, or delete"
            " the existing file, then rename."
        ),
    ] = "fail"

    @property
    def pins(self) -> tuple[str, ...]:
        """What ``host_key`` says, as a list."""
        keys = [self.host_key] if isinstance(self.host_key, str) else self.host_key
        return tuple(key for key in keys if key)

    @property
    def server(self) -> str:
        """The server in words: ``host``, or ``[host]:port`` where the port is not SSH's own."""
        return known_name(self.host, self.port)

    def path(self, target: str) -> str:
        """Return where ``target`` is, as the server takes it."""
        return joined(self.root, target)

    def uri(self, target: str) -> str:
        """Return the complete URI; ``~`` is where the user's session begins."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _SSH_PORT else f":{self.port}"
        path = self.path(target)
        path = path if path.startswith("/") else f"/~/{path}"
        return f"sftp://{quote(self.username, safe='')}@{host}{port}{quote(path, safe='/~')}"

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if not (self.password or self.private_key or self.agent):
            yield "username", "how it logs in is missing: write password, private_key or agent"
        if self.passphrase and not self.private_key:
            yield "passphrase", "opens a private_key, and there is none"
        if not self.pins and not self.known_hosts:
            yield (
                "host_key",
                "is missing, and so is known_hosts: profexd delivers to no server that it cannot"
                f" recognise; `ssh-keyscan -p {self.port} {self.host}` prints the server's keys",
            )
        if self.pins and self.known_hosts:
            yield "known_hosts", "write either host_key or known_hosts"


def joined(folder: str, name: str) -> str:
    """Return ``name`` below ``folder``, which may be empty."""
    if not folder or folder == "/":
        return folder + name
    return f"{folder.rstrip('/')}/{name}"
