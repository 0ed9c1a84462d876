"""What is kept and for how long, what the store may hold, and what happens when things break."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from profexd.api.errors import ProfexdError
from profexd.api.options import Secret
from profexd.daemon import inbox
from profexd.daemon.state.withheld import complete, restored, withhold
from profexd.wire import RunStatus
from tests.daemon.stage import Play, Stage, run_async


async def folders(play: Play) -> list[str]:
    await play.spool.removed()
    return sorted(path.name for path in play.stage.spool.iterdir())


def test_the_folder_of_a_delivered_run_is_kept_and_then_removed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings='[spool]\nkeep = "2d"')
    stage.write("quick")
    stage.write("fail")

    async def scene() -> None:
        async with stage.playing() as play:
            done = await play.over((await play.run_now("quick")).run_id)
            await play.over((await play.run_now("fail")).run_id)
            assert await folders(play) == [done.run_id]
            await play.tick(days=1)
            assert await folders(play) == [done.run_id]
        async with stage.playing() as play:
            assert await folders(play) == [done.run_id]
            await play.tick(days=1, seconds=1)
            assert await folders(play) == []

    run_async(scene())


def test_keep_0_removes_the_folder_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings='[spool]\nkeep = "0"')
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.over((await play.run_now("quick")).run_id)
            assert await folders(play) == []

    run_async(scene())


def test_the_oldest_folders_go_where_all_are_too_much(tmp_path: Path) -> None:
    # Each run says that it delivers 400,000 bytes.
    stage = Stage(tmp_path, settings='[spool]\nmax_size = "1MB"')
    stage.write("large")

    async def scene() -> None:
        async with stage.playing() as play:
            ids = []
            for _ in range(3):
                ids.append((await play.over((await play.run_now("large")).run_id)).run_id)
                stage.clock.forward(seconds=5)
            assert await folders(play) == ids[1:]

    run_async(scene())


def test_folders_and_logs_that_belong_to_nobody_are_removed_at_the_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    async def scene() -> None:
        async with stage.playing():
            pass
        for name in ("123", "preview-7", "mine"):
            (stage.spool / name).mkdir()
        logs = tmp_path / "state/logs"
        for name in ("123.log", "mine.log"):
            (logs / name).touch()
        async with stage.playing() as play:
            assert await folders(play) == ["mine"]
            assert [path.name for path in logs.iterdir()] == ["mine.log"]

    run_async(scene())


def test_history_and_logs_are_forgotten_in_time_but_for_the_last_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings='[history]\nkeep = "10d"\n[spool]\nkeep = "0"')
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            ids = []
            for _ in range(2):
                ids.append((await play.over((await play.run_now("quick")).run_id)).run_id)
                stage.clock.forward(seconds=5)
            stage.clock.forward(days=11)
            await play.reload()
            assert [run.run_id for run in play.runs()] == [ids[1]]
            logs = {path.stem for path in (tmp_path / "state/logs").iterdir()}
            assert logs == {ids[1]}

    run_async(scene())


def test_what_the_store_cannot_take_ends_the_run_and_not_the_daemon(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("odd")
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            failed = await play.over((await play.run_now("odd")).run_id)
            assert failed.status is RunStatus.FAILED
            assert failed.error is not None
            assert failed.error["code"] == "worker_died"
            assert "no message" in failed.error["message"]
            done = await play.over((await play.run_now("quick")).run_id)
            assert done.status is RunStatus.DONE

    run_async(scene())


def test_who_asks_a_core_that_has_ended_is_told_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    async def scene() -> None:
        async with stage.playing() as play:
            play.core.post(inbox.Drain())
            late = asyncio.ensure_future(play.core.ask(inbox.RunNow("x", "y")))
            await play.core.quiet()
            with pytest.raises(ProfexdError):
                await late
            with pytest.raises(ProfexdError):
                await play.core.ask(inbox.Tick())

    run_async(scene())


def test_a_literal_secret_is_withheld_from_the_store_and_references_are_not() -> None:
    documents: dict[str, Any] = {
        "sinks": {
            "lake": {"password": "hunter2", "keys": ["hunter2", "x"], "root": "/"},
            "other": {"password": {"env": "PASSWORD"}},
        }
    }
    secrets = [Secret("literal", "hunter2"), Secret("env", "PASSWORD"), Secret("literal", "")]
    held = withhold(documents, secrets)
    assert "hunter2" not in str(held)
    assert held["sinks"]["other"] == documents["sinks"]["other"]
    assert held["sinks"]["lake"]["root"] == "/"
    assert not complete(held)
    assert complete(withhold(documents, secrets[1:]))
    assert documents["sinks"]["lake"]["password"] == "hunter2"


def test_what_was_withheld_is_found_where_it_was_and_all_else_stays() -> None:
    held = withhold(
        {"sinks": {"lake": {"password": "old", "keys": ["x", "old"], "root": "/a"}}},
        [Secret("literal", "old")],
    )
    now = {"sinks": {"lake": {"password": "new", "keys": ["y", "newer"], "root": "/b"}}}
    assert restored(held, now) == {
        "sinks": {"lake": {"password": "new", "keys": ["x", "newer"], "root": "/a"}}
    }
    assert restored(held, {"sinks": {}}) is None


def test_a_uri_shows_placeholders_as_they_are_written(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", path='"a b/${time:%Y/%m}/{{Date}}-$${x}.csv"')

    async def scene() -> None:
        async with stage.playing() as play:
            uri = play.core.board.pipeline("quick")["uri"]
            assert uri == f"file://{tmp_path}/out/a%20b/${{time:%Y/%m}}/{{{{Date}}}}-${{x}}.csv"

    run_async(scene())


def test_of_a_broken_file_that_never_was_right_is_shown_what_could_be_read(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("typo", description='"For mail"', schedule="every 6h", where='"a > 1"', nope="1")
    stage.write("lost", source='"nowhere"', sinks='["nobody"]', schedule="hurly", path='"a//b"')
    (tmp_path / "config" / "pipelines" / "torn.toml").write_text("= broken")

    async def scene() -> None:
        async with stage.playing() as play:
            typo, lost, torn = (play.core.board.pipeline(name) for name in ("typo", "lost", "torn"))
            assert [one["state"] for one in (typo, lost, torn)] == ["invalid"] * 3
            assert [one["enabled"] for one in (typo, lost, torn)] == [True, True, False]
            assert (typo["description"], typo["kind"], typo["filter"]) == (
                "For mail",
                "profiles",
                "a > 1",
            )
            assert (typo["source"], typo["sinks"], typo["format"]) == ("warehouse", ["lake"], "csv")
            assert typo["uri"] == f"file://{tmp_path}/out/{typo['path']}"
            assert (typo["schedule"], typo["frequency"]) == ("every 6h", "recurring")
            assert typo["next_run_at"] is None
            assert (lost["source"], lost["sinks"], lost["kind"]) == ("nowhere", ["nobody"], "")
            assert (lost["path"], lost["uri"], lost["schedule"]) == ("a//b", "", "hurly")
            assert (torn["source"], torn["path"], torn["format"]) == ("", "", "")

    run_async(scene())


def test_a_plugin_that_cannot_say_its_uri_costs_only_the_uri(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", where='"visits >\\n  3"')

    async def scene() -> None:
        async with stage.playing() as play:
            assert play.core.board.pipeline("quick")["uri"] == f"file://{tmp_path}/out/quick.csv"
            assert play.core.board.pipeline("quick")["filter"] == "visits > 3"

            def broken(options: object, target: str) -> str:
                raise ZeroDivisionError

            monkeypatch.setattr(play.catalog.sinks["file"], "uri", broken)
            await play.reload()
            play.core.board._views.clear()
            assert play.core.board.pipeline("quick")["uri"] == ""

    run_async(scene())


def full(*values: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_pause_that_was_refused_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "every 1m")

    async def scene() -> None:
        async with stage.playing() as play:
            with monkeypatch.context() as patch:
                # The last that is written before the commit.
                patch.setattr(play.core.timetable, "_save", full)
                with pytest.raises(ProfexdError, match="disk is full"):
                    await play.core.ask(inbox.PausePipeline("quick", "ada"))
            assert play.core.board.pipeline("quick")["paused"] is None
            await play.tick(seconds=61)
            await play.until(lambda: play.states() == ["done"])

    run_async(scene())


def test_an_occurrence_that_could_not_be_written_down_is_still_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "every 1m")

    async def scene() -> None:
        async with stage.playing() as play:
            with monkeypatch.context() as patch:
                patch.setattr(play.store, "create_run", full)
                await play.tick(seconds=61)
            assert play.runs() == []
            await play.tick(seconds=1)
            await play.until(lambda: play.states() == ["done"])

    run_async(scene())


def test_a_run_whose_state_cannot_be_written_fails_for_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            monkeypatch.setattr(play.store, "save_handle", full)
            failed = await play.over((await play.run_now("quick")).run_id)
            assert failed.error == {
                "code": "state_unusable",
                "message": "run state cannot be written: database or disk is full",
                "hint": "make room in the state directory, or see what is wrong with its disk",
            }

    run_async(scene())


def test_a_run_is_over_even_where_that_cannot_be_written_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profexd.daemon.core._TRY_AGAIN", 0.01)
    stage = Stage(tmp_path)
    stage.write("hang")
    stage.write("hang-other")

    async def scene() -> None:
        async with stage.playing() as play:
            run = await play.run_now("hang")
            await play.phase(run.run_id, "build")
            save = play.store.save_run
            monkeypatch.setattr(play.store, "save_run", full)
            with pytest.raises(ProfexdError, match="disk is full"):
                await play.run_now("hang-other")
            play.core.roster.active[run.run_id].child.kill()
            failed = await play.over(run.run_id)
            assert failed.status is RunStatus.FAILED
            assert play.runs() == [failed]
            assert play.core.board.pipeline("hang")["state"] == "failed"
            stored = play.store.run(run.run_id)
            assert stored is not None
            assert stored.status is RunStatus.RUNNING
            monkeypatch.setattr(play.store, "save_run", save)
            async with asyncio.timeout(60):
                while play.core.roster.unwritten:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
            stored = play.store.run(run.run_id)
            assert stored is not None
            assert stored.status is RunStatus.FAILED

    run_async(scene())
