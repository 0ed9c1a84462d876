"""The spool: one folder per run, removed in a thread, for it may hold gigabytes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path


class Spool:
    """Workers make the folders; here they are named, found and removed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._removals: set[asyncio.Task[None]] = set()

    def folder(self, name: str) -> Path:
        """Return the folder of a run or a preview."""
        return self._directory / name

    def names(self) -> Iterator[str]:
        """Yield the names of all folders that are runs' or previews'."""
        for folder in self._directory.iterdir():
            if folder.is_dir() and folder.name.removeprefix("preview-").isdigit():
                yield folder.name

    def remove(self, name: str) -> None:
        """Begin to remove a folder."""
        task = asyncio.create_task(
            asyncio.to_thread(shutil.rmtree, self.folder(name), ignore_errors=True)
        )
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)

    async def removed(self) -> None:
        """Wait until every removal is through."""
        while self._removals:
            await asyncio.gather(*self._removals)
