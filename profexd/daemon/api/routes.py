"""The routes of the control API: each turns a request into a question to the core."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

import profexd
from profexd.config.effective import effective
from profexd.daemon import inbox
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.api.control import CALLER, BadRequest, Handler, audited, middleware, needs
from profexd.daemon.api.diagnostics import diagnose
from profexd.daemon.api.metrics import Metrics
from profexd.daemon.core import Core
from profexd.daemon.errands.previews import Previews
from profexd.daemon.errands.probes import probe
from profexd.daemon.life.reload import Reloader
from profexd.daemon.state.records import rfc3339
from profexd.wire import API_VERSION, CheckJson, InfoJson, Role, RunStatus

if TYPE_CHECKING:
    from profexd.config.paths import Paths

_STALLED_AFTER = 30.0
"""A reader of a stream that takes nothing for so long is cut off."""
_LONGEST_REASON = 1000
_MOST_RUNS = 10_000
_BREATH = 50
_AUDITED = {
    "runs": "run",
    "stop": "stop",
    "pause": "pause",
    "resume": "resume",
    "approve": "approve",
    "reject": "reject",
    "resend": "resend",
    "reload": "reload",
}
"""What is written into the audit log, by how the paths of its requests end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the routes reach for."""

    core: Core
    reloader: Reloader
    previews: Previews
    metrics: Metrics
    audit: AuditLog
    paths: Paths
    started_at: datetime

    def application(self) -> web.Application:
        """Return the application with every route."""
        app = web.Application(middlewares=[middleware(self.core)], client_max_size=2**20)
        table: list[tuple[str, str, Role, Handler]] = [
            ("GET", "/v1/info", Role.VIEWER, self.info),
            ("GET", "/v1/pipelines", Role.VIEWER, self.pipelines),
            ("GET", "/v1/pipelines/{name}", Role.VIEWER, self.pipeline),
            ("GET", "/v1/pipelines/{name}/config", Role.VIEWER, self.effective),
            ("POST", "/v1/pipelines/{name}/runs", Role.OPERATOR, self.run_now),
            ("POST", "/v1/pipelines/{name}/pause", Role.OPERATOR, self.pause),
            ("POST", "/v1/pipelines/{name}/resume", Role.OPERATOR, self.resume),
            ("POST", "/v1/pipelines/{name}/preview", Role.OPERATOR, self.preview),
            ("POST", "/v1/pipelines/{name}/probe", Role.OPERATOR, self.probe),
            ("POST", "/v1/pipelines/{name}/why", Role.OPERATOR, self.why),
            ("GET", "/v1/runs", Role.VIEWER, self.runs),
            ("GET", "/v1/trends", Role.VIEWER, self.trends),
            ("GET", "/v1/runs/{id}", Role.VIEWER, self.run),
            ("POST", "/v1/runs/{id}/stop", Role.OPERATOR, self.stop),
            ("POST", "/v1/runs/{id}/approve", Role.ADMIN, self.approve),
            ("POST", "/v1/runs/{id}/reject", Role.ADMIN, self.reject),
            ("POST", "/v1/runs/{id}/resend", Role.ADMIN, self.resend),
            ("GET", "/v1/runs/{id}/log", Role.OPERATOR, self.log),
            ("GET", "/v1/events", Role.VIEWER, self.events),
            ("GET", "/v1/config", Role.VIEWER, self.config),
            ("POST", "/v1/config/check", Role.OPERATOR, self.check),
            ("POST", "/v1/config/reload", Role.ADMIN, self.reload),
            ("GET", "/v1/plugins", Role.VIEWER, self.plugins),
            ("GET", "/v1/audit", Role.ADMIN, self.audited),
            ("GET", "/v1/diagnostics", Role.VIEWER, self.diagnostics),
            ("GET", "/metrics", Role.VIEWER, self.prometheus),
            ("GET", "/healthz", Role.NONE, self.health),
        ]
        for method, path, role, handler in table:
            # GET alone: aiohttp would add HEAD, which a stream cannot answer.
            action = _AUDITED.get(path.rpartition("/")[2], "") if method == "POST" else ""
            checked = audited(action, self.audit, needs(role, handler))
            app.router.add_route(method, path, checked)
        return app

    async def info(self, request: web.Request) -> web.Response:
        """What this daemon is, and who the caller is to it."""
        answer: InfoJson = {
            "version": profexd.__version__,
            "api": API_VERSION,
            "boot_id": self.core.hub.boot_id,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": rfc3339(self.started_at),
            "config": str(self.paths.config),
            "state": str(self.paths.state),
            "spool": str(self.paths.spool),
            "role": request[CALLER].role.name.lower(),
            "pipelines": len(self.core.configuration.pipelines),
            "running": len(self.core.roster.active),
            "problems": sum(
                problem["severity"] == "error" for problem in self.core.configuration.problems
            ),
        }
        return web.json_response(answer)

    # Pipelines

    async def pipelines(self, request: web.Request) -> web.Response:
        """Every pipeline, by name."""
        views: list[Any] = []
        for number, name in enumerate(sorted(self.core.configuration.pipelines)):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            if name in self.core.configuration.pipelines:
                views.append(self.core.board.pipeline(name))
        return web.json_response(views, dumps=_dumps)

    async def pipeline(self, request: web.Request) -> web.Response:
        """One pipeline."""
        return web.json_response(self.core.board.pipeline(request.match_info["name"]), dumps=_dumps)

    async def effective(self, request: web.Request) -> web.Response:
        """Every value that it goes by, and where it is written."""
        entry = self.core.board.entry(request.match_info["name"])
        return web.json_response(effective(entry), dumps=_dumps)

    async def run_now(self, request: web.Request) -> web.Response:
        """Run it now."""
        await _body(request)
        name = request.match_info["name"]
        run = await self.core.ask(inbox.RunNow(name, request[CALLER].name))
        return web.json_response(
            run.as_json(),
            status=202,
            headers={"Location": f"/v1/runs/{run.run_id}"},
            dumps=_dumps,
        )

    async def pause(self, request: web.Request) -> web.Response:
        """Pause it: nothing starts by itself, what runs goes on."""
        name = request.match_info["name"]
        body = await _body(request, reason=str, until=str)
        reason = body.get("reason", "")
        if len(reason) > _LONGEST_REASON:
            raise BadRequest(f"the reason has more than {_LONGEST_REASON} characters")
        message = inbox.PausePipeline(
            name,
            request[CALLER].name,
            reason=reason,
            until=self._until(body.get("until")),
        )
        await self.core.ask(message)
        return await self.pipeline(request)

    async def resume(self, request: web.Request) -> web.Response:
        """End its pause."""
        await _body(request)
        await self.core.ask(inbox.ResumePipeline(request.match_info["name"], request[CALLER].name))
        return await self.pipeline(request)

    async def preview(self, request: web.Request) -> web.Response:
        """Show the first rows as they would be exported; moves nothing."""
        body = await _body(request, limit=int)
        limit = body.get("limit", 100)
        if not 0 <= limit <= 10_000:
            raise BadRequest(f"limit {limit} is not between 0 and 10000")
        shown = await self.previews.preview(request.match_info["name"], limit)
        return web.json_response(shown, dumps=_dumps)

    async def why(self, request: web.Request) -> web.Response:
        """Say of one profile what lets it in or keeps it out; moves nothing."""
        body = await _body(request, key=str)
        if "key" not in body:
            raise BadRequest('"key" is missing', hint="the key of one profile, as text")
        answer = await self.previews.why(request.match_info["name"], body["key"])
        return web.json_response(answer, dumps=_dumps)

    # Runs

    async def runs(self, request: web.Request) -> web.Response:
        """Runs, newest first."""
        status = request.query.get("status") or None
        if status is not None and status not in set(RunStatus):
            raise BadRequest(
                f'"{status}" is no status of a run', hint="one of " + ", ".join(RunStatus)
            )
        limit = _number(request.query.get("limit", "50"), "limit")
        found = self.core.roster.recent(
            pipeline=request.query.get("pipeline") or None,
            status=status,
            limit=min(limit, _MOST_RUNS),
        )
        return web.json_response([run.as_json() for run in found], dumps=_dumps)

    async def trends(self, _: web.Request) -> web.Response:
        """How long the last runs of each pipeline took, and how much they delivered."""
        found = {name: self.core.roster.trend(name) for name in self.core.configuration.pipelines}
        return web.json_response(found, dumps=_dumps)

    async def run(self, request: web.Request) -> web.Response:
        """One run."""
        return web.json_response(
            self.core.roster.find(request.match_info["id"]).as_json(), dumps=_dumps
        )

    async def stop(self, request: web.Request) -> web.Response:
        """Stop it, unless it has begun to publish."""
        await _body(request)
        message = inbox.StopRun(request.match_info["id"], request[CALLER].name)
        run = await self.core.ask(message)
        return web.json_response(run.as_json(), status=202, dumps=_dumps)

    async def approve(self, request: web.Request) -> web.Response:
        """Deliver what a held run has built."""
        return await self._decide(request, inbox.ApproveRun, status=202)

    async def reject(self, request: web.Request) -> web.Response:
        """End a held run."""
        return await self._decide(request, inbox.RejectRun, status=200)

    async def _decide(
        self,
        request: web.Request,
        message: type[inbox.ApproveRun] | type[inbox.RejectRun],
        *,
        status: int,
    ) -> web.Response:
        note = (await _body(request, note=str)).get("note", "")
        if len(note) > _LONGEST_REASON:
            raise BadRequest(f"the note has more than {_LONGEST_REASON} characters")
        run = await self.core.ask(message(request.match_info["id"], request[CALLER].name, note))
        return web.json_response(run.as_json(), status=status, dumps=_dumps)

    async def resend(self, request: web.Request) -> web.Response:
        """Send what it delivered again: a new run does it."""
        body = await _body(request, sink=str)
        message = inbox.ResendRun(
            request.match_info["id"], body.get("sink") or None, request[CALLER].name
        )
        run = await self.core.ask(message)
        return web.json_response(
            run.as_json(),
            status=202,
            headers={"Location": f"/v1/runs/{run.run_id}"},
            dumps=_dumps,
        )

    async def log(self, request: web.Request) -> web.StreamResponse:
        """The log of one run, followed until it ends."""
        run = self.core.roster.find(request.match_info["id"])
        follow = request.query.get("follow", "") not in ("", "0", "false")
        return await _stream(request, self.core.logs.read(run.run_id, follow=follow))

    async def probe(self, request: web.Request) -> web.Response:
        """What the sinks of a pipeline say to a delivery."""
        await _body(request)
        said = await probe(self.core, request.match_info["name"], datetime.now(UTC))
        return web.json_response(said, dumps=_dumps)

    # Events, configuration, plugins

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Every change from now on, or from ``since`` on."""
        since = request.query.get("since")
        number = None if not since else _number(since, "since")
        return await _stream(request, self.core.hub.stream(number))

    async def config(self, request: web.Request) -> web.Response:
        """What the files say."""
        return web.json_response(self.reloader.describe(), dumps=_dumps)

    async def check(self, request: web.Request) -> web.Response:
        """Read the files and say what is wrong; changes nothing."""
        await _body(request)
        return web.json_response(await self.reloader.check(), dumps=_dumps)

    async def reload(self, request: web.Request) -> web.Response:
        """Read the files and take over what is right."""
        await _body(request)
        answer: CheckJson = await self.reloader.reload("api")
        return web.json_response(answer, dumps=_dumps)

    async def plugins(self, request: web.Request) -> web.Response:
        """Every plugin, the broken ones too."""
        return web.json_response(list(self.core.catalog.rows), dumps=_dumps)

    async def audited(self, request: web.Request) -> web.Response:
        """Who asked for what, newest first."""
        limit = _number(request.query.get("limit", "100"), "limit")
        return web.json_response(await asyncio.to_thread(self.audit.last, limit), dumps=_dumps)

    async def diagnostics(self, request: web.Request) -> web.Response:
        """How the daemon itself does."""
        return web.json_response(await diagnose(self.core, self.reloader), dumps=_dumps)

    async def prometheus(self, request: web.Request) -> web.Response:
        """Metrics as Prometheus reads them."""
        # What is looked up of each pipeline is kept: nobody waits while there are thousands.
        for number, name in enumerate(list(self.core.configuration.pipelines)):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            if name in self.core.configuration.pipelines:
                self.core.board.pipeline(name)
        text, content_type = self.metrics.render()
        return web.Response(body=text, headers={"Content-Type": content_type})

    async def health(self, request: web.Request) -> web.Response:
        """Whether the daemon answers."""
        return web.json_response({"status": "draining" if self.core.draining else "ok"})

    def _until(self, text: str | None) -> datetime | None:
        if not text:
            return None
        try:
            until = datetime.fromisoformat(text)
        except ValueError as why:
            raise BadRequest(f'"{text}" is no time', hint="as in 2026-12-01T08:00:00Z") from why
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        if until <= self.core.now():
            raise BadRequest(f"{text} has passed", hint="name a time to come")
        return until


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadRequest(f'{name}: "{text}" is not a number')
    return int(text)


async def _body(request: web.Request, **keys: type) -> dict[str, Any]:
    """Return the JSON object of a request; every key must be known and of its type, or null."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except ValueError as why:
        raise BadRequest("the body is not JSON") from why
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    for key, item in value.items():
        if key not in keys:
            raise BadRequest(
                f'unknown key "{key}"',
                hint="one of " + ", ".join(keys) if keys else "nothing is said in this body",
            )
        if item is not None and (type(item) is not keys[key]):
            raise BadRequest(f'"{key}" must be {keys[key].__name__}')
    return {key: item for key, item in value.items() if item is not None}


async def _stream(request: web.Request, blocks: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})

    await response.prepare(request)
    try:
        async for block in blocks:
            async with asyncio.timeout(_STALLED_AFTER):
                await response.write(block)
    except (ConnectionError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
        return response
    finally:
        await blocks.aclose()  # type: ignore[attr-defined]
    return response
