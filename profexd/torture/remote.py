"""The place of an sftp sink, over a connection of its own."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko

from profexd.api.errors import ConfigurationInvalid
from profexd.api.options import Secret
from profexd.torture.targets import Session, is_hidden


class Remote:
    """A folder at an SFTP server."""

    def __init__(self, options: Any, reveal: Callable[[Secret], str]) -> None:
        self._options = options
        self._reveal = reveal

    @contextmanager
    def session(self) -> Iterator[Session]:
        options = self._options
        transport = paramiko.Transport((options.host, options.port))
        try:
            transport.start_client(timeout=options.connect_timeout)
            self._recognise(transport.get_remote_server_key())
            if options.private_key is not None:
                transport.auth_publickey(options.username, self._key())
            else:
                assert options.password is not None
                transport.auth_password(options.username, self._reveal(options.password))
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield _Session(client, options.root)
        finally:
            transport.close()

    def destroy(self) -> None:
        with self.session() as session:
            assert isinstance(session, _Session)
            session.destroy()

    def _recognise(self, key: paramiko.PKey) -> None:
        digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
        known = {f"SHA256:{digest}", f"{key.get_name()} {key.get_base64()}"}
        if any(" ".join(pin.split()[:2]) in known for pin in self._options.pins):
            return
        hosts = self._options.known_hosts
        if hosts and paramiko.HostKeys(hosts).check(self._options.server, key):
            return
        raise ConfigurationInvalid(
            f"{self._options.server} has another key than the sink says",
            hint="compare host_key or known_hosts of the sink with the server's key",
        )

    def _key(self) -> paramiko.PKey:
        text = self._reveal(self._options.private_key)
        phrase = self._reveal(self._options.passphrase) if self._options.passphrase else None
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                return kind.from_private_key(io.StringIO(text), phrase)
            except paramiko.SSHException:
                continue
        raise ConfigurationInvalid(
            "the private_key of the sink cannot be read",
            hint="write it in OpenSSH's form, or torture the sink with a password",
        )


class _Session:
    def __init__(self, client: paramiko.SFTPClient, root: str) -> None:
        self._client = client
        self._root = root

    def visible(self) -> dict[str, object]:
        return {path: mark for path, mark in self._walk("") if not is_hidden(path)}

    def read(self, path: str) -> bytes | None:
        try:
            with self._client.open(f"{self._root}/{path}") as stream:
                stream.prefetch()
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        return content

    def leftovers(self) -> list[str]:
        return [path for path, _ in self._walk("") if is_hidden(path)]

    def remove(self, path: str) -> None:
        self._client.remove(f"{self._root}/{path}")

    def destroy(self) -> None:
        """Remove the root with all that is in it."""
        for path, _ in self._walk(""):
            self.remove(path)
        self._remove_folders("")

    def _walk(self, folder: str) -> Iterator[tuple[str, object]]:
        for entry in self._list(folder):
            path = f"{folder}{entry.filename}"
            if stat.S_ISDIR(entry.st_mode or 0):
                yield from self._walk(f"{path}/")
            else:
                yield path, (entry.st_size, entry.st_mtime)

    def _remove_folders(self, folder: str) -> None:
        for entry in self._list(folder):
            self._remove_folders(f"{folder}{entry.filename}/")
        self._client.rmdir(f"{self._root}/{folder}")

    def _list(self, folder: str) -> list[paramiko.SFTPAttributes]:
        try:
            entries: list[paramiko.SFTPAttributes] = self._client.listdir_attr(
                f"{self._root}/{folder}"
            )
        except FileNotFoundError:
            return []
        return entries
