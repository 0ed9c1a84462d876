"""The daemon's log on stderr: text for people, logfmt for the journal, JSON for everything else."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

FORMATS = ("auto", "text", "logfmt", "json")
LEVELS = ("debug", "info", "warning", "error")
_KEYS = [
    "ts",
    "level",
    "event",
    "pipeline",
    "run_id",
    "attempt",
    "sink",
    "format",
    "rows",
    "bytes",
    "duration_ms",
    "code",
    "error",
]
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_REPEAT_WINDOW = 10.0
_REPEATS = 5


def configure(
    log_format: str, level: str, *, environ: Mapping[str, str], stream: TextIO = sys.stderr
) -> None:
    """Send every log record of the process to ``stream``; may be called again."""
    chosen = _choose(log_format, environ, stream)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                _timestamp,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer(chosen, stream),
            ],
        )
    )
    handler.addFilter(_Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Requests are seen at the door, in words of ours.
    logging.getLogger("aiohttp.access").disabled = True
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _choose(log_format: str, environ: Mapping[str, str], stream: TextIO) -> str:
    if log_format != "auto":
        return log_format
    if stream.isatty():
        return "text"
    return "journal" if _to_journal(environ, stream) else "json"


def _to_journal(environ: Mapping[str, str], stream: TextIO) -> bool:
    # A child of a service inherits the variable, so what it names is compared.
    try:
        device, inode = environ.get("JOURNAL_STREAM", "").split(":")
        status = os.fstat(stream.fileno())
    except (ValueError, OSError):
        return False
    return (status.st_dev, status.st_ino) == (int(device), int(inode))


def _renderer(chosen: str, stream: TextIO) -> Processor:
    logfmt = structlog.processors.LogfmtRenderer(key_order=_KEYS, drop_missing=True)
    match chosen:
        case "text":
            return structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="ts")
        case "logfmt":
            return _in_order(logfmt)
        case "journal":
            return _in_order(_journal(logfmt))
        case _:
            return _in_order(structlog.processors.JSONRenderer(ensure_ascii=False, default=str))


def _in_order(render: Processor) -> Processor:
    """Put the fixed keys first, in their order, and flatten what logfmt cannot hold."""

    def ordered(logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
        first = {key: event.pop(key) for key in _KEYS if key in event}
        return render(logger, name, {**first, **event})

    return ordered


def _journal(logfmt: Processor) -> Processor:
    """The journal has its own clock, and reads the priority from the line."""

    def rendered(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        event.pop("ts", None)
        priority = _PRIORITIES.get(str(event.get("level")), 6)
        return f"<{priority}>{logfmt(logger, name, event)!s}"

    return rendered


def _timestamp(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    event["ts"] = now.removesuffix("+00:00") + "Z"
    return event


class _Repeats(logging.Filter):
    """Lets a few records of one kind through in a window; the next says how many it swallowed."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, record.lineno, f"{record.msg}{getattr(record, 'pipeline', '')}")
        now = time.monotonic()
        began, count = self._seen.get(key, (now, 0))
        if now - began > _REPEAT_WINDOW:
            if count > _REPEATS:
                record.suppressed = count - _REPEATS
            began, count = now, 0
        self._seen[key] = (began, count + 1)
        if len(self._seen) > 1000:
            self._seen.clear()
        return count < _REPEATS
