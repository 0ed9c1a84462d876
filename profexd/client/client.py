"""The calls of the control API, one method each; safe to use from several threads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from profexd.client.errors import ApiError, ClientError, connection_lost, not_profexd, other_version
from profexd.client.streams import EventStream, LogStream, Stream
from profexd.client.transport import Connection, Transport, UnixTransport
from profexd.wire import (
    HEARTBEAT_SECONDS,
    AuditJson,
    CheckJson,
    DiagnosticsJson,
    EffectiveJson,
    InfoJson,
    PipelineJson,
    PluginJson,
    PreviewJson,
    ProbeJson,
    RunJson,
    TrendJson,
    WhyJson,
)

CALL_SECONDS = 30.0
PREVIEW_SECONDS = 600.0
SILENCE_SECONDS = 3.0 * HEARTBEAT_SECONDS


class Client:
    """Talks to one daemon, with one connection per call. Constructing it touches nothing.

    Every method raises Unreachable when there is no daemon, and ApiError when it refuses.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def where(self) -> str:
        """What a message calls the daemon's address."""
        return self._transport.where

    def info(self) -> InfoJson:
        """Return who the daemon is and what it may be asked."""
        return cast(InfoJson, self._call("GET", "/v1/info"))

    def pipelines(self) -> list[PipelineJson]:
        """Return every pipeline, by name."""
        return cast("list[PipelineJson]", self._call("GET", "/v1/pipelines"))

    def pipeline(self, name: str) -> PipelineJson:
        """Return one pipeline."""
        return cast(PipelineJson, self._call("GET", _pipeline(name)))

    def run_now(self, name: str) -> RunJson:
        """Start a run and return it as it was made."""
        return cast(RunJson, self._call("POST", f"{_pipeline(name)}/runs"))

    def pause(self, name: str, reason: str = "", until: str | None = None) -> PipelineJson:
        """Keep a pipeline from running until resumed, or until the RFC 3339 time ``until``."""
        body = {"reason": reason, "until": until}
        return cast(PipelineJson, self._call("POST", f"{_pipeline(name)}/pause", body))

    def resume(self, name: str) -> PipelineJson:
        """Let a paused pipeline run again."""
        return cast(PipelineJson, self._call("POST", f"{_pipeline(name)}/resume"))

    def preview(self, name: str, limit: int = 100) -> PreviewJson:
        """Return the first rows that a run would export, and the names of its files."""
        body = {"limit": limit}
        path = f"{_pipeline(name)}/preview"
        return cast(PreviewJson, self._call("POST", path, body, timeout=PREVIEW_SECONDS))

    def probe(self, name: str) -> list[ProbeJson]:
        """Ask each sink of a pipeline whether it can deliver."""
        path = f"{_pipeline(name)}/probe"
        return cast("list[ProbeJson]", self._call("POST", path, timeout=PREVIEW_SECONDS))

    def why(self, name: str, key: str) -> WhyJson:
        """Return what lets the profile of ``key`` into a pipeline's export, or keeps it out."""
        path = f"{_pipeline(name)}/why"
        return cast(WhyJson, self._call("POST", path, {"key": key}, timeout=PREVIEW_SECONDS))

    def runs(
        self, pipeline: str | None = None, status: str | None = None, limit: int = 50
    ) -> list[RunJson]:
        """Return runs, newest first."""
        query = _query(pipeline=pipeline, status=status, limit=limit)
        return cast("list[RunJson]", self._call("GET", f"/v1/runs{query}"))

    def trends(self) -> dict[str, list[TrendJson]]:
        """Return how the last runs of every pipeline did, oldest first."""
        return cast("dict[str, list[TrendJson]]", self._call("GET", "/v1/trends"))

    def run(self, run_id: str) -> RunJson:
        """Return one run."""
        return cast(RunJson, self._call("GET", _run(run_id)))

    def stop(self, run_id: str) -> RunJson:
        """Ask a run to stop and return it as it is then; its end comes as an event."""
        return cast(RunJson, self._call("POST", f"{_run(run_id)}/stop"))

    def approve(self, run_id: str, note: str = "") -> RunJson:
        """Have a held run delivered and return it as it is then; its end comes as an event."""
        return cast(RunJson, self._call("POST", f"{_run(run_id)}/approve", {"note": note}))

    def reject(self, run_id: str, note: str = "") -> RunJson:
        """End a held run and return it."""
        return cast(RunJson, self._call("POST", f"{_run(run_id)}/reject", {"note": note}))

    def resend(self, run_id: str, sink: str | None = None) -> RunJson:
        """Have the files of a delivered run sent again, to its sinks or another one."""
        body = {"sink": sink}
        return cast(RunJson, self._call("POST", f"{_run(run_id)}/resend", body))

    def log(self, run_id: str, follow: bool = False) -> LogStream:
        """Return the lines of a run's log; with ``follow`` also those to come, until it ends."""
        path = f"{_run(run_id)}/log{_query(follow=1 if follow else None)}"
        return cast(LogStream, self._stream(path, timeout=None if follow else CALL_SECONDS))

    def events(self, since: int | None = None) -> EventStream:
        """Return what happens from now on, or from after event ``since``."""
        path = f"/v1/events{_query(since=since)}"
        return cast(EventStream, self._stream(path, timeout=SILENCE_SECONDS))

    def config(self) -> dict[str, Any]:
        """Return ``directory``, ``revision``, ``settings``, ``files`` and ``problems``."""
        return cast("dict[str, Any]", self._call("GET", "/v1/config"))

    def effective(self, name: str) -> EffectiveJson:
        """Return every value that a pipeline goes by, and where it is written."""
        return cast(EffectiveJson, self._call("GET", f"{_pipeline(name)}/config"))

    def audit(self, limit: int = 100) -> list[AuditJson]:
        """Return who asked for what, newest first; admins alone may."""
        return cast("list[AuditJson]", self._call("GET", f"/v1/audit?limit={limit}"))

    def diagnostics(self) -> DiagnosticsJson:
        """Return how the daemon itself does."""
        return cast(DiagnosticsJson, self._call("GET", "/v1/diagnostics"))

    def check(self) -> CheckJson:
        """Have the daemon read its files now, and return every problem; nothing changes."""
        return cast(CheckJson, self._call("POST", "/v1/config/check"))

    def reload(self) -> CheckJson:
        """Have the daemon take over its files now, and return every problem."""
        return cast(CheckJson, self._call("POST", "/v1/config/reload"))

    def plugins(self) -> list[PluginJson]:
        """Return every plugin, the broken ones too."""
        return cast("list[PluginJson]", self._call("GET", "/v1/plugins"))

    def metrics(self) -> str:
        """Return the metrics as Prometheus reads them."""
        return self._exchange("GET", "/metrics", None, CALL_SECONDS).decode()

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        timeout: float = CALL_SECONDS,
    ) -> Any:
        answer = self._exchange(method, path, body, timeout)
        try:
            return json.loads(answer)
        except ValueError as error:
            raise not_profexd(self.where, "the answer is no JSON") from error

    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, timeout: float
    ) -> bytes:
        connection = self._transport.connection(timeout)
        try:
            response = self._request(connection, method, path, body)
            return self._read(response, connection)
        finally:
            connection.close()

    def _stream(self, path: str, *, timeout: float | None) -> Stream[Any]:
        connection = self._transport.connection(timeout)
        handle = connection.sock.dup()
        try:
            response = self._request(connection, "GET", path, None)
        except BaseException:
            handle.close()
            connection.close()
            raise
        return Stream(connection, response, handle, self.where)

    def _request(
        self,
        connection: Connection,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
    ) -> HTTPResponse:
        """Send and return the answer's head; an answer that is no success becomes an ApiError."""
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
        except HTTPException as error:
            if isinstance(error, ConnectionError):  # RemoteDisconnected is both
                raise connection_lost(error, self.where) from error
            raise not_profexd(self.where, type(error).__name__) from error
        except OSError as error:
            raise connection_lost(error, self.where) from error
        if 200 <= response.status < 300:
            return response
        with response:
            answer = self._read(response, connection)
        asked = f"{method} {path.partition('?')[0]}"
        raise _refusal(response.status, answer, asked, self.where)

    def _read(self, response: HTTPResponse, connection: Connection) -> bytes:
        try:
            return response.read()
        except (OSError, HTTPException) as error:
            raise connection_lost(error, self.where, connection.last_words()) from error


def connect(socket: Path) -> Client:
    """Return a client of the daemon that listens on ``socket``. Touches nothing yet."""
    return Client(UnixTransport(socket))


def _refusal(status: int, answer: bytes, asked: str, where: str) -> ClientError:
    try:
        error = json.loads(answer)["error"]
        # Its router says so, who knows no such thing as was asked for.
        if error["message"] in (f"{asked}: Not Found", f"{asked}: Method Not Allowed"):
            return other_version(where, asked)
        return ApiError(status, error["code"], error["message"], error.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        text = answer.decode(errors="replace").strip().splitlines()
        return ApiError(status, "http", f"the daemon answered {status}: {(text or ['-'])[0][:200]}")


def _pipeline(name: str) -> str:
    return f"/v1/pipelines/{quote(name, safe='')}"


def _run(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"


def _query(**parameters: str | int | None) -> str:
    given = {key: value for key, value in parameters.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""
