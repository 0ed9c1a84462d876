"""A run's log on the screen: following, searching, saving, stopping."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.fakes import (
    FakeClient,
    FakeStream,
    at,
    log_lines,
    run,
)
from tests.tui.harness import Stage, play, ready, sample


def test_the_log_tab_goes_on_after_the_connection_broke() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("3")
        await stage.sees("part 60 of")
        stage.client.break_down()
        await stage.sees("RECONNECTING")
        stage.client.logs["customers_daily-r2"].fail(stage.client.down)  # type: ignore[arg-type]
        await stage.sees("no daemon at")
        stage.client.logs["customers_daily-r2"] = FakeStream(more(1, 90))  # type: ignore[arg-type]
        stage.client.come_back()
        await stage.sees("line 90")

    play(script, logged())


def logged() -> FakeClient:
    client = sample()
    client.logs["customers_daily-r2"] = FakeStream(log_lines(60))
    return client


async def open_log(stage: Stage) -> None:
    await ready(stage)
    await stage.press("o")
    await stage.sees("part 60 of", "FOLLOW")


def more(first: int, count: int) -> list[object]:
    return [
        {"at": "2026-11-22T12:00:00Z", "level": "info", "message": f"line {number}"}
        for number in range(first, first + count)
    ]


def test_the_log_follows_until_somebody_looks_up_and_counts_what_waits() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        stage.client.logs["customers_daily-r2"].push(more(61, 1)[0])
        await stage.sees("line 61")
        await stage.press("k")
        await stage.sees("PAUSED +0")
        for line in more(62, 5):
            stage.client.logs["customers_daily-r2"].push(line)
        await stage.sees("PAUSED +5")
        await stage.misses("line 62")
        await stage.press("G")
        await stage.sees("FOLLOW", "line 66")
        await stage.press("space")
        await stage.sees("PAUSED +0")
        await stage.press("f")
        await stage.sees("FOLLOW")

    play(script, logged())


def test_reaching_the_end_again_follows_again() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("k", "k")
        await stage.sees("PAUSED")
        await stage.press("j", "j")
        await stage.sees("FOLLOW")

    play(script, logged())


def test_a_search_goes_up_from_the_end_and_round() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("slash")
        await stage.type("part 1")
        await stage.press("enter")
        await stage.sees("part 19 of", "/part 1")
        await stage.press("N")
        await stage.press("n", "n")
        await stage.sees("part 1 of")
        await stage.press("slash")
        await stage.type("nowhere")
        await stage.press("enter")
        await stage.sees("not found")
        await stage.press("escape")
        await stage.misses("not found")

    play(script, logged())


def test_the_last_attempt_alone_is_shown() -> None:
    client = logged()

    async def script(stage: Stage) -> None:
        again = {"status": "running", "finished_at": None, "attempt": 2}
        begun = at(minutes=30, seconds=-50)
        await open_log(stage)
        client.push("run", run=run("customers_daily", 2, started_at=begun, **again))
        await stage.until(lambda: "customers_daily" in stage.app.state.current)
        await stage.press("3")
        await stage.sees("last attempt", "part 50 of", "part 60 of")
        await stage.misses("part 49 of")
        await stage.press("0")
        await stage.sees("part 49 of")

    play(script, client)


def test_levels_times_and_wrapping() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("L", "L")
        await stage.sees("warning and worse", "W part 7", "E part 13")
        await stage.misses("part 60 of")
        await stage.press("L", "L", "T")
        await stage.sees("part 60 of")
        await stage.misses("11:31:00")
        await stage.press("w")
        await stage.sees("not wrapped")

    play(script, logged())


def test_the_log_is_saved_whole_and_nobody_else_may_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("S")
        await stage.sees("saved")

    play(script, logged(), size=(160, 30))
    file = tmp_path / "customers_daily-customers_daily-r2.log"
    assert len(file.read_text().splitlines()) == 60
    assert file.stat().st_mode & 0o777 == 0o600


def test_copying_goes_through_the_terminal_and_too_much_is_refused() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("y")
        await stage.sees("lines sent to the terminal's clipboard")
        assert "part 60 of" in stage.app.clipboard
        for line in more(61, 3000):
            stage.client.logs["customers_daily-r2"].push({**line, "message": "x" * 100})  # type: ignore[dict-item]
        await stage.sees("3 060 lines")
        await stage.press("Y")
        await stage.sees("too long for the clipboard")

    play(script, logged())


def test_a_mark_is_drawn_with_the_time() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("m")
        await stage.sees("2026-11-22 12:00:00 –––")

    play(script, logged())


def test_a_run_can_be_stopped_from_its_log() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        await stage.press("x", "y")
        await stage.until(lambda: stage.called("stop", "customers_daily-r2"))

    play(script, logged())


def test_the_log_goes_on_after_the_connection_broke() -> None:
    async def script(stage: Stage) -> None:
        await open_log(stage)
        stage.client.break_down()
        await stage.sees("RECONNECTING")
        stage.client.logs["customers_daily-r2"].fail(stage.client.down)  # type: ignore[arg-type]
        await stage.sees("no daemon at")
        stage.client.logs["customers_daily-r2"] = FakeStream([*log_lines(60), *more(61, 2)])
        stage.client.come_back()
        await stage.sees("line 62", "FOLLOW")
        await stage.misses("no daemon at")

    play(script, logged())


def test_an_empty_log_says_so() -> None:
    client = sample()
    client.logs["customers_daily-r2"] = FakeStream(ended=True)

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("o")
        await stage.sees("Nothing was logged")

    play(script, client)


def test_a_pipeline_that_never_ran_has_no_log() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("G", "k", "o")
        await stage.sees("it has never run")

    play(script, sample())
