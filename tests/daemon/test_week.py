"""A week in the life of a core, in seconds: the right runs, and nothing that grows."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

from profexd.daemon.state.records import Run
from tests.daemon.stage import Play, Stage, run_async

WORKER = """
import json, sys
job = json.loads(sys.stdin.readline())
n = 0
def ask(event, **more):
    global n
    n += 1
    print(json.dumps({"event": event, "n": n, **more}), flush=True)
    return json.loads(sys.stdin.readline())
if job["action"] == "run":
    name = job["pipeline"]
    ask("planned", files=[{"path": "a", "uri": "file:///" + name, "sink": "lake"}])
    ask("built", files=[{"path": "a", "rows": 3, "bytes": 5, "sha256": "ab"}])
    if name == "failing":
        ask("finished", status="failed", error={"code": "sink_auth", "message": "no", "hint": ""})
        sys.exit()
    ask("staging", sink="lake", staged={"target": "a"}, complete=True)
    ask("publishing")
    ask("published", sink="lake", path="a", receipt={})
ask("finished", status="done")
"""
QUICKEST = (sys.executable, "-I", "-S", "-c", WORKER)


def standing(play: Play) -> dict[str, int]:
    """Return how much there is of what must not grow."""
    play.events.clear()
    gc.collect()
    with closing(sqlite3.connect(play.stage.root / "state/profexd.db")) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    return {
        "pages": pages,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
        "objects": len(gc.get_objects()),
    }


def test_a_week_goes_by_and_nothing_grows(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings='[history]\nkeep = "2d"\n[spool]\nkeep = "1d"')
    stage.write("often", "every 2h")
    stage.write("daily", '{ when = "daily at 04:00", timezone = "Europe/Rome" }')
    stage.write("failing", "every 12h", notify='[{ command = ["true"] }]')
    stage.write("by-hand")
    ended: Counter[tuple[str, str]] = Counter()

    def observe(run: Run) -> None:
        ended[run.pipeline, str(run.status)] += 1

    async def scene() -> None:
        first: dict[str, int] = {}
        async with stage.playing(argv=QUICKEST, observe=observe) as play:
            for turn in range(1, 7 * 12 + 1):
                await play.tick(hours=2)
                await play.until(
                    lambda: not play.core.roster.active and not play.core.roster.pending
                )
                if turn == 2 * 12:
                    await play.spool.removed()
                    first = standing(play)
            while play.store.owed_notices():
                await play.tick(seconds=1)
                await asyncio.sleep(0.01)
            await play.spool.removed()
            last = standing(play)
            assert ended == {
                ("often", "done"): 7 * 12,
                ("daily", "done"): 7,
                ("failing", "failed"): 14,
            }
            kept = play.runs()
            assert 2 * 12 <= len([run for run in kept if run.pipeline == "often"]) <= 2 * 12 + 2
            logs = {path.stem for path in (tmp_path / "state/logs").iterdir()}
            assert logs == {run.run_id for run in kept}
            assert len(list(stage.spool.iterdir())) <= 2 * 12
            assert play.store.owed_notices() == []
        assert last["descriptors"] <= first["descriptors"] + 2
        assert last["threads"] <= first["threads"]
        assert last["children"] <= first["children"]
        # What is forgotten makes room for what comes.
        assert last["pages"] <= first["pages"] + 4, (first, last)
        # 75 runs later: not even four objects for each.
        assert last["objects"] <= first["objects"] + 300, (first, last)

    run_async(scene())


def test_a_run_leaves_nothing_behind_that_must_be_looked_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("often")

    async def scene() -> None:
        async with stage.playing(argv=QUICKEST) as play:
            await play.over((await play.run_now("often")).run_id)
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await play.over((await play.run_now("often")).run_id)
                assert gc.collect() < 5
            finally:
                gc.enable()

    run_async(scene())
