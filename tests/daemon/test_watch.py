"""The watcher: what it tells of, and what it tells of again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from profexd.daemon.life.watch import Watcher, look
from profexd.daemon.state.database import StoreUnusable
from tests.daemon.stage import run_async


def test_a_change_that_could_not_be_taken_over_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profexd.daemon.life.watch._STILL", 0.01)
    monkeypatch.setattr("profexd.daemon.life.watch._RETRY", 0.01)

    async def scene() -> None:
        stop, taken, told = asyncio.Event(), asyncio.Event(), 0

        async def changed() -> None:
            nonlocal told
            told += 1
            if told < 3:
                raise StoreUnusable("run state cannot be written")
            taken.set()

        watcher = Watcher(tmp_path, changed, taken=look(tmp_path))
        (tmp_path / "profexd.toml").write_text("")
        watching = asyncio.create_task(watcher.watch(stop))
        async with asyncio.timeout(60):
            await taken.wait()
        stop.set()
        await watching
        assert told == 3

    run_async(scene())
