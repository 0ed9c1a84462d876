"""Watching the configuration: a change is taken once the files have stood still."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import awatch

log = logging.getLogger(__name__)

KINDS = ("sources", "sinks", "pipelines")
STILL = 0.5
"""Seconds for which size, time and inode must not change."""
_PATIENCE = 8
"""A file that is written to without end is taken after so many looks, as it is."""
_RETRY = 1.0

Look = dict[str, tuple[int, int, int]]


async def watch(
    directory: Path, changed: Callable[[], Awaitable[object]], stop: asyncio.Event
) -> None:
    """Call ``changed`` after each change, until ``stop``."""
    taken = await asyncio.to_thread(look, directory)
    while not stop.is_set():
        # The nearest directory that exists: the tree may come and go.
        root = directory
        while not root.is_dir() and root != root.parent:
            root = root.parent
        try:
            async for _ in awatch(
                root,
                watch_filter=lambda change, path: _concerns(directory, path),
                debounce=100,
                step=50,
                stop_event=stop,
                recursive=root == directory,
                ignore_permission_denied=True,
            ):
                taken = await _take(directory, taken, changed)
                if directory.is_dir() != (root == directory):
                    break
        except (OSError, RuntimeError) as why:
            log.warning("watch_failed", extra={"error": str(why), "directory": str(root)})
            await asyncio.sleep(_RETRY)
            taken = await _take(directory, taken, changed)


async def _take(directory: Path, taken: Look, changed: Callable[[], Awaitable[object]]) -> Look:
    seen = await asyncio.to_thread(look, directory)
    for _ in range(_PATIENCE):
        await asyncio.sleep(STILL)
        again = await asyncio.to_thread(look, directory)
        if again == seen:
            break
        seen = again
    if seen != taken:
        await changed()
    return seen


def look(directory: Path) -> Look:
    """Return size, time and inode of every file that may count."""
    found: Look = {}
    folders = [directory, *(directory / kind for kind in KINDS)]
    for folder in folders:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if not entry.name.endswith(".toml") or entry.name.startswith("."):
                continue
            try:
                status = entry.stat()
            except OSError:
                continue
            found[entry.path] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def _concerns(directory: Path, path: str) -> bool:
    changed = Path(path)
    if changed == directory or changed in directory.parents:
        return True
    if changed.parent == directory:
        return changed.name in KINDS or changed.suffix == ".toml"
    return changed.suffix == ".toml" and not changed.name.startswith(".")
