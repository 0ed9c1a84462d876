"""Tells a webhook or a command of a run: three tries, beside the runs and never in their way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from profexd.api.errors import ProfexdError
from profexd.config.notify import Notify
from profexd.export.redact import Secrets
from profexd.wire import NoticeJson

log = logging.getLogger(__name__)

_PAUSES = (0.0, 1.0, 5.0)
"""Seconds before each try."""
_TRY_SECONDS = 10.0
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE")
"""What a command gets of our environment, and ``LC_*``: the rest may hold secrets."""


class _Untold(Exception):
    """A try failed; says why without a secret."""


class Teller:
    """Sends notices in tasks of their own."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        report: Callable[[NoticeJson], None] = lambda outcome: None,
        pauses: Sequence[float] = _PAUSES,
        seconds: float = _TRY_SECONDS,
    ) -> None:
        self._environ = environ
        self._report = report
        self._pauses = pauses
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
        return bool(self._tasks)

    def tell(
        self, wanted: Sequence[Notify], content: Mapping[str, Any], over: Callable[[bool], None]
    ) -> None:
        """Tell each of ``wanted``, and call ``over`` when that is done or was tried enough."""
        body = json.dumps(content, ensure_ascii=False).encode()
        run = content["run"]
        about = {
            "notice": content["event"],
            "pipeline": content["pipeline"],
            "run_id": None if run is None else run["run_id"],
        }
        task = asyncio.get_running_loop().create_task(self._tell_all(wanted, body, about, over))
        self._tasks.add(task)

    def cancel(self) -> None:
        """Give up: the next start tells."""
        for task in self._tasks:
            task.cancel()

    async def _tell_all(
        self,
        wanted: Sequence[Notify],
        body: bytes,
        about: dict[str, Any],
        over: Callable[[bool], None],
    ) -> None:
        settled = False
        try:
            outcomes = await asyncio.gather(*(self._tell(notify, body, about) for notify in wanted))
            settled = True
            for outcome in outcomes:
                self._report(outcome)
        except asyncio.CancelledError:
            log.warning("notice_given_up", extra=about)
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.discard(task)
            over(settled)

    async def _tell(self, notify: Notify, body: bytes, about: dict[str, Any]) -> NoticeJson:
        by = "command" if notify.webhook is None else "webhook"
        error = ""
        for number, pause in enumerate(self._pauses, 1):
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(self._seconds):
                    await self._try(notify, body)
            except (TimeoutError, _Untold) as why:
                error = str(why) or f"no answer within {self._seconds:g} s"
                log.warning(
                    "notice_failed", extra={**about, "by": by, "try": number, "error": error}
                )
            except Exception as why:
                log.exception("notice_broke", extra=about)
                error = type(why).__name__
                break
            else:
                log.info("notice_sent", extra={**about, "by": by})
                return _outcome(about, by, "")
        return _outcome(about, by, error)

    async def _try(self, notify: Notify, body: bytes) -> None:
        if notify.webhook is None:
            await _run(notify.command, body, self._environ)
            return
        secrets = Secrets(self._environ)
        try:
            url = secrets.reveal(notify.webhook)
            key = secrets.reveal(notify.secret) if notify.secret is not None else None
        except ProfexdError as why:
            raise _Untold(f"{why.message}: {why.hint}") from why
        await _post(url, body, key)


def _outcome(about: Mapping[str, Any], by: str, error: str) -> NoticeJson:
    return {
        "notice": about["notice"],
        "pipeline": about["pipeline"],
        "run_id": about["run_id"],
        "by": by,
        "told": not error,
        "error": error,
    }


async def _post(url: str, body: bytes, key: str | None) -> None:
    # A third of a second to import, and most installations tell nobody.
    import aiohttp

    headers = {"Content-Type": "application/json; charset=UTF-8", "User-Agent": "profexd"}
    if key is not None:
        digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Profexd-Signature"] = f"sha256={digest}"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, OSError, ValueError) as why:
        # Its words may hold the URL, which is a secret.
        os_error = getattr(why, "os_error", None)
        said = os_error.strerror if os_error is not None and os_error.strerror else ""
        raise _Untold(said or type(why).__name__) from None
    if not 200 <= status < 300:
        raise _Untold(f"the webhook answered {status}")


async def _run(command: Sequence[str], body: bytes, environ: Mapping[str, str]) -> None:
    inherited = {
        name: value
        for name, value in environ.items()
        if name in _INHERITED or name.startswith("LC_")
    }
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=inherited,
            start_new_session=True,
        )
    except OSError as why:
        raise _Untold(f"{command[0]}: {why.strerror}") from why
    try:
        await process.communicate(body)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise _Untold(f"{command[0]} ended with {process.returncode}")
