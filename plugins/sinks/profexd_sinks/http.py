"""The HTTP sink: one POST or PUT a file, never a second one where the first may have arrived."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from profexd.api import (
    ConfigurationInvalid,
    Permanent,
    Probe,
    ProfexdError,
    Receipt,
    Retryable,
    Secret,
    Sink,
    SinkRefused,
    SpoolCorrupt,
    SpooledFile,
    Staged,
    hookimpl,
)
from profexd_sinks.http_exchange import (
    CHUNK,
    Answer,
    Cut,
    Headers,
    Sent,
    Server,
    connect,
    exchange,
)
from profexd_sinks.http_options import HttpOptions, header_fault, path_fault, target_url
from profexd_sinks.http_words import AMBIGUOUS, ambiguous, refusal, unreachable


class HttpSink(Sink):
    """Sends each file as the body of one request; it cannot stage, so publishing is sending."""

    name = "http"
    Options: ClassVar[type[HttpOptions]] = HttpOptions
    options: HttpOptions

    @classmethod
    def uri(cls, options: HttpOptions, target: str) -> str:
        return target_url(options, target)

    @classmethod
    def target_fault(cls, options: HttpOptions, target: str) -> str:
        return path_fault(target)

    def probe(self) -> Probe:
        self._secret_headers()
        server = self._server()
        try:
            connect(server).close()
        except Cut as cut:
            raise unreachable(server, cut) from cut
        return Probe(
            ok=True,
            message=f"{server.origin} accepts connections"
            + ("" if server.trust is None else " and its certificate is trusted")
            + "; whether it takes files only a file can tell",
            policy=f"{self.options.method} below {self.options.base}",
        )

    def stage(self, file: SpooledFile, target: str) -> Staged:
        """Only remember: a receiver shows what it gets."""
        if fault := path_fault(target):
            raise SinkRefused(
                f"cannot deliver {target}: the path {fault}",
                hint="correct the path of the pipeline",
            )
        return Staged(
            target=target,
            size=file.size,
            sha256=file.sha256,
            handle={"spooled": str(file.path), "media_type": file.media_type},
        )

    def publish(self, staged: Staged) -> Receipt:
        url = target_url(self.options, staged.target)
        server = self._server()
        if staged.handle.get("whole") and not self.options.retry_ambiguous:
            # The process that sent the last byte did not live to see the answer.
            raise ambiguous(url, "profexd ended before the receiver answered", again=False)
        headers = self._headers(staged)
        answer = self._exchange(url, server, headers, staged)
        if answer.status == 401 and (renewed := self._headers(staged)) != headers:
            # A token that expired was replaced meanwhile where it is kept.
            answer = self._exchange(url, server, renewed, staged)
        if 200 <= answer.status < 300:
            return Receipt(target=staged.target, size=staged.size, detail={"status": answer.status})
        why = refusal(url, answer, again=self.options.retry_ambiguous)
        if answer.whole and isinstance(why, Retryable) and why.error_code != AMBIGUOUS:
            # It says that it has not taken it: whoever goes on after us may send it.
            self.context.journal(replace(staged, handle={**staged.handle, "whole": False}))
        raise why

    def discard(self, staged: Staged) -> None:
        """Nothing is there before it is published."""

    def _exchange(self, url: str, server: Server, headers: Headers, staged: Staged) -> Answer:
        try:
            return exchange(
                server,
                self.options.method,
                _selector(url),
                headers,
                _content(staged),
                size=staged.size,
                progress=self.context.progress,
                before_last=lambda: self._about_to_finish(staged),
            )
        except Cut as cut:
            raise self._explained(url, server, cut) from cut

    def _about_to_finish(self, staged: Staged) -> None:
        """From here on the file may have arrived, whatever becomes of us."""
        self.context.journal(replace(staged, handle={**staged.handle, "whole": True}))

    def _explained(self, url: str, server: Server, cut: Cut) -> ProfexdError:
        if cut.sent is not Sent.ALL:
            return unreachable(server, cut)
        return ambiguous(url, unreachable(server, cut).message, again=self.options.retry_ambiguous)

    def _headers(self, staged: Staged) -> list[tuple[str, str | bytes]]:
        own = {name.lower() for name in self.options.headers}
        digest = b64encode(bytes.fromhex(staged.sha256)).decode()
        usual = [
            ("User-Agent", "profexd"),
            ("Accept", "*/*"),
            ("Content-Type", str(staged.handle["media_type"])),
        ]
        headers: list[tuple[str, str | bytes]] = [
            *((name, value) for name, value in usual if name.lower() not in own),
            ("Digest", f"sha-256={digest}"),
            ("Content-Digest", f"sha-256=:{digest}:"),
            ("Idempotency-Key", self._key(staged)),
        ]
        return [*headers, *self._secret_headers()]

    def _secret_headers(self) -> list[tuple[str, bytes]]:
        """Return the configured headers; a secret may have changed where it is kept."""
        headers = [
            (name, self._value(f"headers.{name}", secret))
            for name, secret in self.options.headers.items()
        ]
        if self.options.bearer_token is not None:
            token = self._value("bearer_token", self.options.bearer_token)
            headers.append(("Authorization", b"Bearer " + token))
        return headers

    def _key(self, staged: Staged) -> str:
        """One key for a file of a run, whoever sends it and however often."""
        part = hashlib.sha256(staged.target.encode()).hexdigest()[:16]
        return f"{self.context.run_id}-{part}"

    def _value(self, option: str, secret: Secret) -> bytes:
        value = self.context.reveal(secret)
        if fault := header_fault(value):
            raise ConfigurationInvalid(
                f"the secret of {option} {fault}", hint="correct it where it is kept"
            )
        return value.encode()

    def _server(self) -> Server:
        parts = urlsplit(self.options.base)
        secure = parts.scheme == "https"
        return Server(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            trust=_trust(self.options.ca_file) if secure else None,
            connect_timeout=self.options.connect_timeout,
            timeout=self.options.timeout,
        )


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the HTTP sink."""
    assert callable(register)
    register(HttpSink)


def _selector(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as why:
        raise ConfigurationInvalid(
            f"the certificates of ca_file = {ca_file!r} cannot be read: {why}",
            hint="it must be a PEM file that the user of profexd may read",
        ) from why


def _content(staged: Staged) -> Iterator[bytes]:
    """Yield the bytes of the file; a file that changed is found out before its last byte goes."""
    path = Path(str(staged.handle["spooled"]))
    seen = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as spooled:
            while chunk := spooled.read(CHUNK):
                seen.update(chunk)
                size += len(chunk)
                if size >= staged.size and (size, seen.hexdigest()) != (staged.size, staged.sha256):
                    break
                yield chunk
    except OSError as why:
        raise Permanent(
            f"{path} cannot be read: {why.strerror}",
            code=SpoolCorrupt.code,
            hint="something removed it from the spool; run the pipeline again",
        ) from why
    if (size, seen.hexdigest()) != (staged.size, staged.sha256):
        raise SpoolCorrupt(
            f"{path} no longer has the bytes that were built",
            hint="something changed it in the spool; run the pipeline again",
        )
