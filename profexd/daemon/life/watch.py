"""Watching the configuration: a change is taken once the files have stood still."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

from profexd.api.errors import ProfexdError

log = logging.getLogger(__name__)

KINDS = ("sources", "sinks", "pipelines")
_STILL = 0.5
"""Seconds for which size, time and inode must not change."""
_PATIENCE = 6
"""Files that never stand still are taken after so many looks, as they are."""
_LINKS = 1.0
"""What a link points to changes outside the tree, where only looking tells."""
_RETRY = 1.0
_ARMED = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """Size, time and inode of every file that may count."""

    files: frozenset[tuple[str, int, int, int]]
    links: bool
    """Whether any of them is a link."""
    there: bool
    """Whether the directory is there."""


def look(directory: Path) -> Look:
    """Look at the tree once."""
    found: set[tuple[str, int, int, int]] = set()
    links = False
    for folder in (directory, *(directory / kind for kind in KINDS)):
        links = links or folder.is_symlink()
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
            links = links or entry.is_symlink()
            if stat.S_ISREG(status.st_mode):
                mark = (status.st_size, status.st_mtime_ns, status.st_ino)
                found.add((entry.path, *mark))
    return Look(frozenset(found), links, directory.is_dir())


class Watcher:
    """Calls ``changed`` after each change of the tree; ``taken`` is how it looked when read."""

    def __init__(
        self, directory: Path, changed: Callable[[], Awaitable[object]], *, taken: Look
    ) -> None:
        self._directory = directory
        self._changed = changed
        self._taken = taken

    async def watch(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``."""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except (OSError, RuntimeError, ProfexdError) as why:
                if stop.is_set():
                    return
                # No inotify left, or a file system without: look for ourselves.
                log.warning("watch_failed", extra={"error": str(why)})
                await self._look_after(stop, _RETRY)
            except Exception:
                log.exception("watch_failed")
                await self._pause(stop, _RETRY)

    async def _follow(self, stop: asyncio.Event) -> None:
        # The nearest directory that exists: the tree may come and go.
        root = self._directory
        while not root.is_dir() and root != root.parent:
            root = root.parent
        links = self._taken.links
        # One of our own: what is set here must not end the watcher.
        enough = asyncio.Event()
        forwarding = asyncio.create_task(_forward(stop, enough))
        changes = awatch(
            root,
            watch_filter=None,
            debounce=200,
            step=100,
            stop_event=enough,
            recursive=root == self._directory,
            ignore_permission_denied=True,
            rust_timeout=round(_LINKS * 1000) if links else 60_000,
            yield_on_timeout=links,
        )
        following = asyncio.ensure_future(anext(changes, None))
        try:
            # What changed before the kernel was asked to tell is found by looking once more.
            await asyncio.wait([following], timeout=_ARMED)
            await self._take()
            while await following is not None:
                following = asyncio.ensure_future(anext(changes, None))
                await self._take()
                moved = self._taken.there != (root == self._directory)
                if moved or self._taken.links != links:
                    return
        finally:
            enough.set()
            forwarding.cancel()
            await asyncio.gather(following, forwarding, return_exceptions=True)
            await changes.aclose()

    async def _look_after(self, stop: asyncio.Event, seconds: float) -> None:
        await self._pause(stop, seconds)
        try:
            await self._take()
        except ProfexdError:
            # It was logged where it failed; the next look tries again.
            return

    async def _take(self) -> None:
        seen = await asyncio.to_thread(look, self._directory)
        if seen == self._taken:
            return
        for _ in range(_PATIENCE):
            await asyncio.sleep(_STILL)
            again = await asyncio.to_thread(look, self._directory)
            if again == seen:
                break
            seen = again
        # A change that could not be taken over is still one.
        await self._changed()
        self._taken = seen

    @staticmethod
    async def _pause(stop: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return


async def _forward(stop: asyncio.Event, enough: asyncio.Event) -> None:
    await stop.wait()
    enough.set()
