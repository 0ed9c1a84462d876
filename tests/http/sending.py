"""An HTTP sink with all that it may reach for, and a file to send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from profexd.api import Receipt, Secret, SinkContext, SpooledFile, Staged
from profexd_sinks.http import HttpSink
from profexd_sinks.http_options import HttpOptions

CONTENT = b"id,name\n1,Ada\n"


def spooled(folder: Path, content: bytes = CONTENT, media_type: str = "text/csv") -> SpooledFile:
    path = folder / "part"
    path.write_bytes(content)
    return SpooledFile(
        path=path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=1,
        media_type=media_type,
    )


def sink(
    *,
    run_id: str = "77",
    journal: Callable[[Staged], None] = lambda staged: None,
    progress: Callable[[int], None] = lambda sent: None,
    **options: Any,
) -> HttpSink:
    options.setdefault("allow_http", True)
    options.setdefault("timeout", 5.0)
    context = SinkContext(
        run_id=run_id, reveal=lambda secret: secret.value, journal=journal, progress=progress
    )
    return HttpSink(HttpOptions(**options), context)


def send(there: HttpSink, file: SpooledFile, target: str = "out.csv") -> Receipt:
    return there.publish(there.stage(file, target))


def literal(value: str) -> Secret:
    return Secret("literal", value)
