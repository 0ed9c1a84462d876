"""The webdav sink: PUT under a hidden name beside the target, published by one MOVE."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import quote, urlsplit

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    Check,
    Doc,
    Probe,
    Receipt,
    Secret,
    Sink,
    SinkDenied,
    SinkOptions,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
    SpooledFile,
    Staged,
    TargetExists,
    hookimpl,
)

_BLOCK = 256 * 2**10


def _http_url(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError('must be a URL, as in "https://dav.example.com/inbox"')
    return url.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class WebDavOptions(SinkOptions):
    url: Annotated[str, Doc("The folder that root and path are below."), Check(_http_url)] = field()
    username: Annotated[str, Doc("Empty: no authentication.")] = ""
    password: Annotated[Secret | None, Doc("Belongs to username.")] = None


class WebDavSink(Sink):
    """Delivers to a WebDAV server."""

    name = "webdav"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options = WebDavOptions
    options: WebDavOptions

    @classmethod
    def uri(cls, options: WebDavOptions, target: str) -> str:
        root = options.root.strip("/")
        return "/".join([options.url, *([quote(root)] if root else []), quote(target)])

    def probe(self) -> Probe:
        name = f".profexd-probe-{self.context.run_id}"
        self._make_folders(PurePosixPath())
        self._put(name, Path("/dev/null"), 0, "text/plain")
        self._ask("DELETE", name, expected=(200, 204))
        return Probe(ok=True, message=f"{self.options.url} can be written")

    def stage(self, file: SpooledFile, target: str) -> Staged:
        name = PurePosixPath(target)
        hidden = str(name.with_name(f".{name.name}.{self.context.run_id}.profexd"))
        staged = Staged(
            target=target, size=file.size, sha256=file.sha256, handle={"hidden": hidden}
        )
        # Before the first byte: whatever happens now, discard knows what to remove.
        self.context.journal(staged)
        self._make_folders(name.parent)
        self._put(hidden, file.path, file.size, file.media_type)
        return staged

    def publish(self, staged: Staged) -> Receipt:
        hidden = str(staged.handle["hidden"])
        receipt = Receipt(target=staged.target, size=staged.size, level="size-only")
        # Look first: some servers answer the MOVE of a file that is not there by removing the
        # destination, and that would be what an earlier publish of ours left.
        if self._size(hidden) is None:
            self._published_before(staged)
            return receipt
        headers = {
            "Destination": self.uri(self.options, staged.target),
            "Overwrite": "F" if self.context.create_only else "T",
        }
        if self._ask("MOVE", hidden, headers=headers, expected=(201, 204, 412)) == 412:
            raise TargetExists(
                f"{self.uri(self.options, staged.target)} exists already",
                hint='move it away: on_existing = "fail" or "suffix" never replaces',
            )
        return receipt

    def discard(self, staged: Staged) -> None:
        self._ask("DELETE", str(staged.handle["hidden"]), expected=(200, 204, 404))

    def _published_before(self, staged: Staged) -> None:
        """The hidden file is gone: accept a target of the right size as our own earlier MOVE."""
        if self._size(staged.target) != staged.size:
            raise SinkRefused(
                f"what was staged for {self.uri(self.options, staged.target)} is gone",
                hint="something removed the hidden file beside the target; run the pipeline again",
            )

    def _size(self, target: str) -> int | None:
        with self._connection() as connection:
            connection.request("HEAD", self._path(target), headers=self._headers())
            answer = connection.getresponse()
            if self._judge(answer, target, (200, 404)) == 404:
                return None
            return int(answer.getheader("Content-Length", "-1"))

    def _make_folders(self, folder: PurePosixPath) -> None:
        root = self.options.root.strip("/")
        for parent in (*reversed(PurePosixPath(root, folder).parents), PurePosixPath(root, folder)):
            if str(parent) != ".":
                # 405: it is there already.
                self._ask("MKCOL", "", path=str(parent), expected=(201, 405))

    def _put(self, target: str, path: Path, size: int, media_type: str) -> None:
        def blocks() -> Iterator[bytes]:
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    yield block
                    self.context.progress(len(block))

        with self._connection() as connection:
            headers = {"Content-Length": str(size), "Content-Type": media_type, **self._headers()}
            connection.request("PUT", self._path(target), body=blocks(), headers=headers)
            self._judge(connection.getresponse(), target, (200, 201, 204))

    def _ask(
        self,
        method: str,
        target: str,
        *,
        expected: tuple[int, ...],
        headers: dict[str, str] | None = None,
        path: str | None = None,
    ) -> int:
        with self._connection() as connection:
            place = self._path(target) if path is None else self._base() + quote(path)
            connection.request(method, place, headers={**self._headers(), **(headers or {})})
            return self._judge(connection.getresponse(), target, expected)

    def _judge(
        self, answer: http.client.HTTPResponse, target: str, expected: tuple[int, ...]
    ) -> int:
        """Return the status where it is one that was expected; else raise what it means."""
        answer.read()
        words = f"{self.uri(self.options, target)}: {answer.status} {answer.reason}"
        if answer.status in expected:
            return answer.status
        if answer.status in (401, 403):
            raise SinkDenied(words, hint="correct username and password of the sink")
        if answer.status == 507:
            raise SinkRefused(words, hint="the server has no room left")
        if answer.status >= 500 or answer.status in (423, 429):
            raise SinkUnreachable(words, hint="the server is in trouble; profexd tries again")
        raise SinkRefused(words, hint="correct url and root of the sink, or the pipeline's path")

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """Lend a connection; whatever breaks on the way may pass."""
        place = urlsplit(self.options.url)
        kind = (
            http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(place.hostname or "", place.port, timeout=self.options.timeout)
        try:
            yield connection
        except TimeoutError as why:
            raise SinkTimeout(f"{self.options.url}: nothing moved for too long") from why
        except (OSError, http.client.HTTPException) as why:
            raise SinkUnreachable(
                f"{self.options.url}: {why}", hint="is the server up, and url right?"
            ) from why
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        if not self.options.username:
            return {}
        password = self.context.reveal(self.options.password) if self.options.password else ""
        token = base64.b64encode(f"{self.options.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def _base(self) -> str:
        return urlsplit(self.options.url).path + "/"

    def _path(self, target: str) -> str:
        return urlsplit(self.uri(self.options, target)).path


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the sink."""
    assert callable(register)
    register(WebDavSink)
