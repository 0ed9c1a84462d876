"""The control API's door: a Unix socket, who is at it, what it may do, and errors as JSON."""

from __future__ import annotations

import contextlib
import grp
import json
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from profexd.api.errors import Permanent, ProfexdError
from profexd.daemon.api.access import Caller, caller, peer
from profexd.daemon.api.audit import AuditLog
from profexd.daemon.core import Core
from profexd.wire import Role

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)

_GROUP = "profexd"
_MOST_DETAILS = 10
BACKLOG = 1024
"""Where no more may wait, a client is refused at once."""
_STATUS = {
    "bad_request": 400,
    "denied": 403,
    "not_found": 404,
    "config_invalid": 422,
    "internal": 500,
    "state_unusable": 500,
}


class Denied(Permanent):
    """The caller's role does not reach."""

    code = "denied"


class BadRequest(Permanent):
    """The request cannot be read."""

    code = "bad_request"


class SocketUnusable(Permanent):
    """The socket cannot be made."""

    code = "socket_unusable"


def needs(role: Role, handler: Handler) -> Handler:
    """Return the handler behind a check of the caller's role."""

    async def checked(request: web.Request) -> web.StreamResponse:
        who = request[CALLER]
        if who.role < role:
            raise Denied(
                f"user {who.name} may not do this: it needs the role {role.name.lower()}",
                hint="ask an admin to name you, or a group of yours, in [access] of profexd.toml",
            )
        return await handler(request)

    return checked


def audited(action: str, audit: AuditLog, handler: Handler) -> Handler:
    """Return the handler with a line in the audit log for whatever comes of it.

    Without an action only what is denied is written.
    """

    async def watched(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except ProfexdError as why:
            if action or why.error_code == "denied":
                await _write(action, audit, request, code=why.error_code)
            raise
        if action:
            await _write(action, audit, request, location=response.headers.get("Location", ""))
        return response

    return watched


async def _write(
    action: str, audit: AuditLog, request: web.Request, *, code: str = "", location: str = ""
) -> None:
    who = request[CALLER]
    about = next(iter(request.match_info.values()), "")
    details = {"run_id": location.rpartition("/")[2]} if location else {}
    if code != "denied":
        details |= await _words(request)
    if not action:
        action, about = "request", f"{request.method} {request.path}"
    audit.write(
        user=who.name,
        uid=who.uid,
        role=who.role.name.lower(),
        action=action,
        about=about,
        code=code,
        details=details,
    )


async def _words(request: web.Request) -> dict[str, str]:
    """Return the texts of a request's body, as far as there are any."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    texts = {key: value for key, value in body.items() if isinstance(value, str) and value}
    return dict(list(texts.items())[:_MOST_DETAILS])


def middleware(core: Core) -> Middleware:
    """Return what wraps every request: who calls, and errors as JSON."""

    @web.middleware
    async def wrapped(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            request[CALLER] = _caller(request, core)
            return await handler(request)
        except ProfexdError as why:
            return failure(why)
        except web.HTTPException as why:
            code = {404: "not_found", 405: "method_not_allowed", 413: "bad_request"}.get(
                why.status, "bad_request"
            )
            message = f"{request.method} {request.path}: {why.reason}"
            return failure(ProfexdError(message, code=code), status=why.status)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("request_failed", extra={"path": request.path})
            return failure(ProfexdError("the daemon failed", hint="its log says more"))

    return wrapped


def failure(why: ProfexdError, *, status: int | None = None) -> web.Response:
    """Return an error as the API says it."""
    return web.json_response(
        {"error": why.as_json()}, status=status or _STATUS.get(why.error_code, 409)
    )


def _caller(request: web.Request, core: Core) -> Caller:
    connection = None if request.transport is None else request.transport.get_extra_info("socket")
    if connection is None:
        raise ConnectionResetError("the client is gone")
    return caller(*peer(connection), core.configuration.settings)


def listen(path: Path) -> socket.socket:
    """Return a listening socket at ``path``: 0660, in a directory that others may not enter.

    A socket that is there already is a dead daemon's, because the caller holds the lock of the
    state directory; unless somebody answers on it.
    """
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
            path.parent.chmod(0o750)
        _refuse_open(path.parent)
        if path.is_socket():
            _refuse_live(path)
            path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Never, not even for an instant, with more rights than it shall have.
        before = os.umask(0o117)
        try:
            listening.bind(str(path))
        except OSError:
            listening.close()
            raise
        finally:
            os.umask(before)
    except OSError as why:
        raise SocketUnusable(
            f"cannot make the socket {path}: {why.strerror or why}",
            hint="name another with --socket or PROFEXD_SOCKET",
        ) from why
    _share(path)
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def _refuse_open(directory: Path) -> None:
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise SocketUnusable(
            f"{directory} has mode {mode:04o}: anybody could put a socket in place of the daemon's",
            hint=f"chmod o-w {directory}",
        )


def _refuse_live(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise SocketUnusable(
        f"another daemon answers on {path}",
        hint="stop it, or name another socket with --socket or PROFEXD_SOCKET",
    )


def _share(path: Path) -> None:
    """Give socket and directory to the group ``profexd`` where there is one and we may."""
    try:
        gid = grp.getgrnam(_GROUP).gr_gid
    except KeyError:
        return
    with contextlib.suppress(PermissionError):
        os.chown(path, -1, gid)
        if path.parent.stat().st_uid == os.geteuid() and path.parent.name == _GROUP:
            os.chown(path.parent, -1, gid)
