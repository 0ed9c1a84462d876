"""Where the daemon listens: the control socket, kept in its place, and TCP for metrics alone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from socket import socket

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from profexd.daemon.api.control import BACKLOG, SocketUnusable, listen
from profexd.daemon.api.routes import Api

log = logging.getLogger(__name__)

_requests = logging.getLogger("profexd.daemon.requests")
_requests.addFilter(
    # What is no HTTP was answered with 400, and who has left hears nothing: neither is our mistake.
    lambda record: (
        not (
            record.exc_info
            and isinstance(record.exc_info[1], (HttpProcessingError, ConnectionError))
        )
    )
)
_CLOSE_WITHIN = 1.0
"""What open connections may take at the end."""
_LOOK_EVERY = 2.0


class Doors:
    """One life's listeners; ``close`` closes them all."""

    def __init__(self, path: Path, api: Api) -> None:
        metrics = web.Application()
        metrics.router.add_get("/metrics", api.prometheus)
        self._path = path
        self._listening: socket | None = None
        self._site: web.SockSite | None = None
        self._runner = _runner(api.application())
        self._metrics_runner = _runner(metrics)
        self._metrics_site: web.TCPSite | None = None
        self._metrics_address = ""
        self._changing = asyncio.Lock()

    async def prepare(self, metrics_address: str) -> None:
        """Take the addresses, or raise SocketUnusable; nobody is answered yet."""
        self._listening = listen(self._path)
        await self._runner.setup()
        await self._metrics_runner.setup()
        await self._open_metrics(metrics_address)

    async def open(self) -> None:
        """Answer."""
        assert self._listening is not None
        self._site = web.SockSite(self._runner, self._listening, backlog=BACKLOG)
        await self._site.start()

    async def follow(self, metrics_address: str) -> None:
        """Serve metrics at another address, or at none."""
        async with self._changing:
            if metrics_address == self._metrics_address:
                return
            try:
                await self._open_metrics(metrics_address)
            except SocketUnusable as why:
                log.error(  # noqa: TRY400 - a mistake in the files, not one of ours
                    why.message, extra={"code": why.error_code, "hint": why.hint}
                )

    async def guard(self, stop: asyncio.Event) -> None:
        """Put the socket back where somebody removes it, until ``stop``."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    await stop.wait()
            except TimeoutError:
                await self._look()

    async def close(self) -> None:
        """Close every listener and every connection."""
        await self._runner.cleanup()
        await self._metrics_runner.cleanup()
        if self._listening is not None:
            self._path.unlink(missing_ok=True)
            self._listening.close()

    async def _look(self) -> None:
        if self._path.exists():
            return
        try:
            listening = listen(self._path)
        except SocketUnusable as why:
            log.error(  # noqa: TRY400 - somebody else's mistake
                why.message, extra={"code": why.error_code, "hint": why.hint}
            )
            return
        log.warning("the socket was removed, and is made anew", extra={"socket": str(self._path)})
        # Who is connected stays so.
        if self._site is not None:
            await self._site.stop()
        self._listening = listening
        await self.open()

    async def _open_metrics(self, address: str) -> None:
        if self._metrics_site is not None:
            await self._metrics_site.stop()
            self._metrics_site = None
        self._metrics_address = address
        if not address:
            return
        host, _, port = address.rpartition(":")
        try:
            site = web.TCPSite(self._metrics_runner, host.strip("[]"), int(port))
            await site.start()
        except (OSError, ValueError) as why:
            raise SocketUnusable(
                f"cannot listen on {address} for metrics: {why}",
                hint='metrics.listen in profexd.toml is "HOST:PORT"; empty: the socket alone',
            ) from why
        self._metrics_site = site


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(
        app,
        handle_signals=False,
        access_log=None,
        logger=_requests,
        # A preview, or a log that is followed, ends with the client that wanted it.
        handler_cancellation=True,
        shutdown_timeout=_CLOSE_WITHIN,
    )
