"""What starts by itself: schedules, catching up, overlaps, pauses."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from profexd.config.loading import load
from profexd.config.model import Configuration, Schedule
from profexd.daemon import inbox
from profexd.daemon.errands.inspections import Inspections
from profexd.daemon.life import reload
from profexd.daemon.timing import decide, timetable
from profexd.wire import RunStatus, Trigger
from tests.daemon.stage import NOON, Stage, run_async


def test_every_minute_fires_by_itself_and_is_recorded_as_scheduled(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "every 1m")

    async def scene() -> None:
        async with stage.playing() as play:
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T12:01:00Z"
            await play.tick(seconds=59)
            assert play.runs() == []
            await play.tick(seconds=2)
            await play.settled("quick")
            await play.tick(seconds=60)
            await play.settled("quick")
            runs = play.runs()
            assert [run.trigger for run in runs] == [Trigger.SCHEDULE] * 2
            assert [run.scheduled_at for run in runs] == [
                NOON + timedelta(minutes=1),
                NOON + timedelta(minutes=2),
            ]
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T12:03:00Z"
            assert len(play.core.board.pipeline("quick")["next_runs"]) == 5

    run_async(scene())


def test_a_reload_looks_again_only_for_when_changed_schedules_are_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    for name in ("a", "b", "gone"):
        stage.write(name, "every 5m")
    looked: list[str] = []
    next_after = timetable.next_after

    def looking(schedule: Schedule, after: datetime, *, pipeline: str) -> datetime | None:
        looked.append(pipeline)
        return next_after(schedule, after, pipeline=pipeline)

    monkeypatch.setattr(timetable, "next_after", looking)

    async def scene() -> None:
        async with stage.playing() as play:
            gone = stage.config / "pipelines/gone.toml"
            text = gone.read_text()
            gone.unlink()
            stage.write("b", "every 10m")
            looked.clear()
            await play.reload()
            assert looked == ["b"]
            gone.write_text(text)
            await play.reload()
            due = [play.core.board.pipeline(name)["next_run_at"] for name in ("a", "b", "gone")]
            assert due == ["2026-06-01T12:05:00Z", "2026-06-01T12:10:00Z", "2026-06-01T12:05:00Z"]

    run_async(scene())


def test_the_timer_itself_wakes_the_core(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "every 1m")
    stage.clock.forward(seconds=59.9)

    async def scene() -> None:
        async with stage.playing() as play:
            # The timer is real, the clock is not: it stands where the timer will find it due.
            stage.clock.forward(seconds=0.2)
            await play.until(lambda: play.states() == ["done"])

    run_async(scene())


def test_cron_fires_in_its_zone(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", '{ when = "30 14 * * *", timezone = "Europe/Rome" }')

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(minutes=30)
            await play.settled("quick")
            assert play.states() == ["done"]
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-02T12:30:00Z"

    run_async(scene())


def test_once_runs_as_soon_as_it_is_seen_and_never_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    file = stage.write("quick", "once")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.settled("quick")
            assert [run.trigger for run in play.runs()] == [Trigger.ONCE]
            assert play.core.board.pipeline("quick")["state"] == "done"
            assert play.core.board.pipeline("quick")["frequency"] == "once"
            stage.write("quick", "once", description='"edited"')
            await play.reload()
            file.unlink()
            await play.reload()
            stage.write("quick", "once")
            await play.reload()
            await play.tick(hours=1)
            assert play.states() == ["done"]
        async with stage.playing() as play:
            await play.tick(hours=1)
            assert play.states() == ["done"]

    run_async(scene())


def test_a_stopped_once_never_starts_by_itself_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", "once")

    async def scene() -> None:
        async with stage.playing() as play:
            run = play.runs()[0]
            await play.phase(run.run_id, "build")
            await play.core.ask(inbox.StopRun(run.run_id, "x"))
            await play.over(run.run_id)
            await play.tick(hours=1)
            assert play.states() == ["stopped"]
            assert play.core.board.pipeline("hang")["state"] == "stopped"

    run_async(scene())


def test_once_at_waits_for_its_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "once at 2026-06-01T12:30")
    stage.write("quick-past", "once at 2026-06-01T11:30")

    async def scene() -> None:
        async with stage.playing() as play:
            assert play.core.board.pipeline("quick")["next_runs"] == ["2026-06-01T12:30:00Z"]
            await play.tick(minutes=29)
            assert play.runs() == []
            await play.tick(minutes=1)
            await play.settled("quick")
            assert play.states("quick") == ["done"]
            assert play.runs("quick-past") == []

    run_async(scene())


def test_an_occurrence_while_it_runs_is_skipped_and_seen_in_the_history(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", "every 1m")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(minutes=1)
            await play.tick(minutes=1)
            assert play.states() == ["running", "skipped"]
            assert "was not over" in play.runs()[1].warnings[0]
            assert play.core.board.pipeline("hang")["state"] == "running"

    run_async(scene())


def test_with_overlap_queue_one_occurrence_waits(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("hang", '{ when = "every 1m", overlap = "queue" }')

    async def scene() -> None:
        async with stage.playing() as play:
            for _ in range(3):
                await play.tick(minutes=1)
            assert play.states() == ["running", "pending", "skipped"]

    run_async(scene())


def missed(tmp_path: Path, catch_up: str) -> list[tuple[str, str]]:
    """Return trigger and occurrence of the runs after three hours without a daemon."""
    stage = Stage(tmp_path)
    stage.write("quick", f'{{ when = "hourly", catch_up = "{catch_up}" }}')
    found: list[tuple[str, str]] = []

    async def scene() -> None:
        async with stage.playing():
            pass
        stage.clock.forward(hours=3, minutes=10)
        async with stage.playing() as play:
            await play.settled("quick")
            found.extend(
                (str(run.trigger), f"{run.scheduled_at:%H:%M}") for run in play.runs("quick")
            )
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T16:00:00Z"

    run_async(scene())
    return found


def test_catch_up_latest_is_one_run_for_all_that_were_missed(tmp_path: Path) -> None:
    assert missed(tmp_path, "latest") == [("catch_up", "15:00")]


def test_catch_up_all_is_one_run_for_each(tmp_path: Path) -> None:
    assert missed(tmp_path, "all") == [(("catch_up"), f"{hour}:00") for hour in (13, 14, 15)]


def test_catch_up_none_leaves_them(tmp_path: Path) -> None:
    assert missed(tmp_path, "none") == []


def test_what_was_missed_while_the_machine_slept_is_caught_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "hourly")
    stage.write("quick-none", '{ when = "hourly", catch_up = "none" }')

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(hours=5, minutes=20)
            await play.settled("quick")
            assert [run.trigger for run in play.runs("quick")] == [Trigger.CATCH_UP]
            assert play.runs("quick-none") == []

    run_async(scene())


def test_occurrences_while_paused_or_disabled_are_not_missed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick-paused", "hourly")
    stage.write("quick-disabled", "hourly", enabled="false")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.core.ask(inbox.PausePipeline("quick-paused", "ada"))
            assert play.core.board.pipeline("quick-paused")["next_run_at"] is None
            await play.tick(hours=3)
            assert play.runs() == []
            stage.write("quick-disabled", "hourly")
            await play.reload()
            await play.core.ask(inbox.ResumePipeline("quick-paused", "ada"))
            assert play.runs() == []
            await play.tick(hours=1)
            await play.settled("quick-paused")
            await play.settled("quick-disabled")
            assert play.states() == ["done", "done"]

    run_async(scene())


def test_a_pause_ends_by_itself_and_outlives_a_restart(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "hourly")
    until = NOON + timedelta(minutes=90)

    async def scene() -> None:
        async with stage.playing() as play:
            await play.core.ask(inbox.PausePipeline("quick", "ada", until=until))
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T14:00:00Z"
        stage.clock.forward(minutes=70)
        async with stage.playing() as play:
            assert play.core.board.pipeline("quick")["state"] == "paused"
            await play.tick(minutes=25)
            assert play.core.board.pipeline("quick")["paused"] is None
            assert play.runs() == []
            await play.tick(minutes=25)
            await play.settled("quick")
            assert [run.trigger for run in play.runs()] == [Trigger.SCHEDULE]

    run_async(scene())


def test_a_pause_that_ended_while_the_daemon_was_down_is_missed_only_from_its_end(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", '{ when = "hourly", catch_up = "all" }')

    async def scene() -> None:
        async with stage.playing() as play:
            until = NOON + timedelta(minutes=150)
            await play.core.ask(inbox.PausePipeline("quick", "ada", until=until))
        stage.clock.forward(hours=4, minutes=5)
        async with stage.playing() as play:
            await play.settled("quick")
            assert [f"{run.scheduled_at:%H}" for run in play.runs()] == ["15", "16"]

    run_async(scene())


def test_what_was_before_a_file_was_first_seen_is_not_missed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(hours=3)
            stage.write("quick", '{ when = "hourly", catch_up = "all" }')
            await play.reload()
            await play.tick(minutes=5)
            assert play.runs() == []

    run_async(scene())


def test_a_new_schedule_does_not_make_the_past_due(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "daily at 20:00")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(hours=3)
            stage.write("quick", "daily at 13:00")
            await play.reload()
            assert play.runs() == []
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-02T13:00:00Z"

    run_async(scene())


def test_a_broken_file_keeps_its_last_good_version_running(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "every 1m")

    async def scene() -> None:
        async with stage.playing() as play:
            stage.write("quick", "every 1m", nonsense="1")
            await play.reload()
            view = play.core.board.pipeline("quick")
            assert view["state"] == "invalid"
            assert view["problems"][0]["key"] == "nonsense"
            await play.tick(minutes=1)
            await play.settled("quick")
            assert play.states() == ["done"]

    run_async(scene())


class Slow(Inspections):
    """Never ends to find out whether pipelines fit their sources."""

    async def begin(
        self, configuration: Configuration, *, again: bool = False
    ) -> set[asyncio.Task[None]]:
        return {asyncio.create_task(asyncio.sleep(3600))}


def test_a_file_that_breaks_before_it_was_judged_falls_back_to_what_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_PATIENCE", 0)
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            slow = Slow(play.core.supervisor, play.spool, play.store.state, stage.clock)
            reloader = reload.Reloader(
                play.core,
                lambda previous: load(stage.config, play.catalog, previous=previous),
                slow,
            )
            stage.write("quick", path='"edited.csv"')
            await reloader.reload("test")
            stage.write("quick", path='"edited.csv"', nonsense="1")
            await reloader.reload("test")
            await reloader.close()
            view = play.core.board.pipeline("quick")
            assert (view["state"], view["path"]) == ("invalid", "edited.csv")

    run_async(scene())


def test_a_file_that_comes_back_goes_on_where_it_was(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    file = stage.write("quick", "hourly")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.core.ask(inbox.PausePipeline("quick", "ada", reason="audit"))
            export_id = play.core.board.pipeline("quick")["export_id"]
            text = file.read_text()
            file.unlink()
            await play.reload()
            await play.tick(hours=2)
            file.write_text(text)
            await play.reload()
            view = play.core.board.pipeline("quick")
            assert view["export_id"] == export_id
            assert view["paused"] is not None
            assert play.runs() == []

    run_async(scene())


def test_a_clock_that_was_far_ahead_does_not_silence_a_pipeline(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", '{ when = "hourly", catch_up = "none" }')

    async def scene() -> None:
        stage.clock.forward(days=4000)
        async with stage.playing() as play:
            await play.tick(hours=1)
            await play.settled("quick")
        stage.clock.now = NOON
        async with stage.playing() as play:
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T13:00:00Z"
            await play.tick(hours=1)
            await play.settled("quick")
            assert len(play.runs("quick")) == 2

    run_async(scene())


def test_a_clock_that_is_set_back_while_the_daemon_runs_does_not_silence_a_pipeline(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", '{ when = "hourly", catch_up = "none" }')

    async def scene() -> None:
        async with stage.playing() as play:
            await play.tick(days=2, minutes=30)
            await play.tick(minutes=30)
            await play.settled("quick")
            stage.clock.now = NOON
            await play.tick(seconds=1)
            assert play.core.board.pipeline("quick")["next_run_at"] == "2026-06-01T13:00:00Z"
            await play.tick(hours=1)
            await play.settled("quick")
            runs = play.runs("quick")
            assert [run.scheduled_at for run in runs] == [
                NOON + timedelta(days=2, hours=1),
                NOON + timedelta(hours=1),
            ]
            last = play.core.board.pipeline("quick")["last_run"]
            assert last is not None
            assert last["run_id"] == runs[-1].run_id

    run_async(scene())


def test_an_export_leaves_the_schedules_of_others_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick", "hourly")
    stage.write("quick-once", "once")

    async def scene() -> None:
        async with stage.playing(scheduling=False) as play:
            run = await play.core.ask(inbox.RunNow("quick", "ada", export=True))
            assert (await play.over(run.run_id)).trigger is Trigger.EXPORT
            assert play.states("quick-once") == []
        stage.clock.forward(days=1)
        async with stage.playing() as play:
            await play.settled("quick-once")
            assert play.states("quick-once") == ["done"]
            assert [run.trigger for run in play.runs("quick")] == [Trigger.EXPORT]

    run_async(scene())


def test_an_export_ignores_a_pause(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            await play.core.ask(inbox.PausePipeline("quick", "ada"))
        async with stage.playing(scheduling=False) as play:
            run = await play.core.ask(inbox.RunNow("quick", "ada", export=True))
            assert (await play.over(run.run_id)).status is RunStatus.DONE

    run_async(scene())


def test_catch_up_all_has_an_end() -> None:
    due = decide.due(
        Schedule(kind="every", seconds=60, catch_up="all"),
        NOON - timedelta(days=365),
        NOON,
        pipeline="p",
        starting=True,
    )
    assert len(due) == decide.MOST_CAUGHT_UP
    assert due[-1].at == NOON
