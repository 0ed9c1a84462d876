"""How the daemon itself does, for a person who looks for what is wrong with it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from profexd.daemon.core import Core
from profexd.daemon.life.reload import Reloader
from profexd.wire import DiagnosticsJson


async def diagnose(core: Core, reloader: Reloader) -> DiagnosticsJson:
    """Return what is true right now."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    await asyncio.sleep(0)
    lag = loop.time() - asked
    return {
        "loop_lag": round(lag, 6),
        "memory": _resident(),
        "clients": core.hub.clients,
        "running": [active.run.as_json() for active in core.roster.active.values()],
        "reload": reloader.last,
        "problems": list(core.configuration.problems),
    }


def _resident() -> int:
    """Return how many bytes of memory this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
