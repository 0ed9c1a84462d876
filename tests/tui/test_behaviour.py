"""What keys and events do, played on the app with a daemon made of memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from textual import events

from tests.tui.fakes import (
    NOW,
    FakeClient,
    FakeStream,
    already_running,
    log_lines,
    pipeline,
    problem,
    run,
    sample_pipelines,
)
from tests.tui.harness import Stage, play


def sample() -> FakeClient:
    return FakeClient(sample_pipelines())


async def ready(stage: Stage) -> None:
    await stage.sees("customers_daily", "live")


# -- live


def test_events_change_the_rows_without_asking_again() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        running = {"run_id": "r", "phase": "deliver", "percent": 73.0, "rows": 9, "bytes": 9}
        stage.client.push("progress", name="customers_daily", running=running)
        await stage.sees("deliver 73%")
        stage.client.change(pipeline("newcomer", state="failed"))
        await stage.sees("newcomer", "9 pipelines")
        stage.client.vanish("newcomer")
        await stage.misses("newcomer")
        assert [call[0] for call in stage.client.calls].count("pipelines") == 1

    play(script, sample())


def test_the_cursor_stays_on_its_pipeline_when_others_come_and_go() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "j")
        await stage.sees("Failed 4m ago")
        stage.client.change(pipeline("aaa_first"))
        await stage.sees("aaa_first", "9 pipelines", "Failed 4m ago")
        stage.client.vanish("customers_daily")
        await stage.sees("8 pipelines", "Failed 4m ago")

    play(script, sample())


def test_two_hundred_pipelines_scroll() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("p000", "200 pipelines")
        await stage.press("G")
        await stage.sees("p199")
        await stage.press("g")
        await stage.misses("p199")
        await stage.press("pagedown", "pagedown", "ctrl+d")
        await stage.misses("p000")
        await stage.press("pageup", "pageup", "ctrl+u")
        await stage.sees("p000")

    play(script, FakeClient([pipeline(f"p{number:03}") for number in range(200)]))


# -- connection


def test_a_restarted_daemon_is_announced_and_everything_goes_on() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        stage.client.break_down()
        await stage.sees("RECONNECTING")
        stage.client.version = "0.2.0"
        stage.client.by_name = {"later": pipeline("later")}
        stage.client.come_back(boot_id="boot-2")
        await stage.sees("daemon restarted, 0.1.0 → 0.2.0", "later", "live")
        await stage.misses("RECONNECTING")
        stage.client.change(pipeline("even_later"))
        await stage.sees("even_later")

    play(script, sample())


def test_r_connects_at_once_while_disconnected_and_other_keys_say_why_not() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        stage.client.break_down()
        await stage.sees("RECONNECTING in 3600 s", "r retry now")
        await stage.press("x")
        await stage.sees("not connected to the daemon")
        stage.client.come_back()
        await stage.press("r")
        await stage.misses("RECONNECTING")
        assert not any(call[0] == "run_now" for call in stage.client.calls)

    play(script, sample(), backoff=(3600.0,))


def test_a_daemon_that_starts_later_is_found() -> None:
    client = sample()
    client.break_down()

    async def script(stage: Stage) -> None:
        await stage.sees("The daemon is not running")
        stage.client.come_back()
        await ready(stage)
        await stage.misses("The daemon is not running")

    play(script, client)


def test_a_silent_daemon_is_called_stale() -> None:
    clock = {"now": NOW}

    async def script(stage: Stage) -> None:
        await ready(stage)
        clock["now"] += timedelta(seconds=40)
        await stage.sees("STALE", "data from 40s ago")
        stage.client.push("heartbeat")
        await stage.misses("STALE")

    play(script, sample(), now=lambda: clock["now"])


# -- doing


def test_r_runs_the_pipeline_under_the_cursor_now() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "r")
        await stage.sees("started: newsletter")
        assert stage.called("run_now", "newsletter")

    play(script, sample())


def test_a_refusal_is_shown_with_code_and_hint() -> None:
    client = sample()
    client.refusal = already_running("customers_daily")

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("r")
        await stage.sees("already_running", "customers_daily is running", "wait for its end")

    play(script, client)


@pytest.mark.parametrize(
    ("downs", "reason"),
    [(3, "paused: press t to resume"), (5, "configuration is invalid"), (6, "disabled: its file")],
)
def test_run_now_says_why_it_cannot(downs: int, reason: str) -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press(*["j"] * downs, "r")
        await stage.sees(reason)
        assert not any(call[0] == "run_now" for call in stage.client.calls)

    play(script, sample())


def test_stop_asks_and_enter_alone_stops_nothing() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("x")
        await stage.sees("Stop the run of customers_daily?")
        await stage.press("enter")
        await stage.misses("Stop the run of")
        await stage.press("x")
        await stage.sees("Stop the run of customers_daily?")
        await stage.press("n")
        await stage.misses("Stop the run of")
        assert not any(call[0] == "stop" for call in stage.client.calls)
        await stage.press("x")
        await stage.sees("Stop the run of customers_daily?")
        await stage.press("y")
        await stage.sees("stopping: customers_daily")
        assert stage.called("stop", "customers_daily-r2")

    play(script, sample())


def test_stop_says_that_nothing_is_running() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "x")
        await stage.sees("nothing is running")

    play(script, sample())


def test_t_asks_for_a_reason_and_pauses_and_t_again_resumes() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "t")
        await stage.sees("Pause newsletter")
        await stage.type("moving")
        await stage.press("enter")
        await stage.sees("Paused by me", "moving", "t resume")
        assert stage.called("pause", "newsletter", "moving")
        await stage.press("t")
        await stage.sees("t pause")
        assert stage.called("resume", "newsletter")

    play(script, sample())


def test_esc_leaves_the_question_for_a_reason_without_pausing() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("t")
        await stage.sees("Pause customers_daily")
        await stage.press("escape")
        await stage.misses("Pause customers_daily")
        assert not any(call[0] == "pause" for call in stage.client.calls)

    play(script, sample())


def test_marked_pipelines_are_run_together_after_a_question() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("space", "space")
        await stage.sees("2 marked", "*R running")
        await stage.press("r")
        await stage.sees("Run 2 pipelines now?", "customers_daily, newsletter")
        await stage.press("y")
        await stage.sees("started: customers_daily, newsletter")
        await stage.press("escape")
        await stage.misses("2 marked")

    play(script, sample())


def test_many_targets_have_to_be_counted() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("asterisk")
        await stage.sees("8 marked")
        await stage.press("r")
        await stage.sees("Type 8 and press enter")
        await stage.type("7")
        await stage.press("enter")
        assert not any(call[0] == "run_now" for call in stage.client.calls)
        await stage.type("8")
        await stage.press("enter")
        await stage.misses("Type 8")
        await stage.until(lambda: stage.called("run_now", "yearly_archive"))

    play(script, sample())


def test_the_action_menu_shows_what_cannot_be_done_and_why() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "full_stop")
        await stage.sees("x  stop: nothing is running")
        await stage.press("x")
        await stage.sees("x  stop: nothing is running")
        await stage.press("r")
        await stage.sees("started: newsletter")

    play(script, sample())


def test_read_only_changes_nothing() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("r", "x", "t", "R")
        await stage.sees("started with --read-only")
        changing = {"run_now", "stop", "pause", "resume", "reload"}
        assert not changing & {call[0] for call in stage.client.calls}

    play(script, sample(), read_only=True)


def test_a_viewer_is_told_so() -> None:
    client = sample()
    client.role = "viewer"

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("r")
        await stage.sees("your role is viewer")

    play(script, client)


def test_validate_shows_every_problem_with_its_place() -> None:
    client = sample()
    client.problems = [problem("pipelines/x.toml", "unknown key", 'did you mean "separator"?')]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("v")
        await stage.sees("has errors", "pipelines/x.toml:12:1:", "did you mean")
        await stage.press("escape")
        await stage.misses("has errors")
        stage.client.problems = []
        await stage.press("R")
        await stage.sees("configuration reloaded", "no problems")

    play(script, client)


# -- finding


def test_the_filter_narrows_while_typing_and_esc_clears_it() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("slash")
        await stage.type("state:failed")
        await stage.sees("1 of 8 pipelines", "partner_feed", "sink_timeout")
        await stage.misses("newsletter")
        await stage.press("enter", "r")
        await stage.sees("started: partner_feed")
        await stage.press("escape")
        await stage.sees("newsletter")

    play(script, sample())


def test_what_is_typed_ahead_reaches_the_filter() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        for key, character in [("slash", "/"), *((letter, letter) for letter in "stock")]:
            stage.app.post_message(events.Key(key, character))
        await stage.sees("/ stock", "1 of 8 pipelines")

    play(script, sample())


def test_a_filter_without_match_says_how_to_clear_it() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("slash")
        await stage.type("zzz")
        await stage.sees("No pipeline matches", "esc clears the filter")
        await stage.press("escape")
        await ready(stage)

    play(script, sample())


def test_the_command_lines_filter_is_there_from_the_start() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("1 of 8 pipelines", "stock_master")

    play(script, sample(), filter_text="stock")


def test_problems_only_shows_what_needs_a_look() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("exclamation_mark")
        await stage.sees("problems only", "2 of 8 pipelines", "partner_feed", "test_export")
        await stage.press("exclamation_mark")
        await ready(stage)

    play(script, sample())


def test_the_list_is_sorted_by_what_the_menu_says() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("s")
        await stage.sees("Sort by")
        await stage.press("s")
        await stage.until(lambda: "test_export" in stage.lines[2])
        await stage.press("s", "n")
        await stage.until(lambda: "customers_daily" in stage.lines[2])
        await stage.press("s", "n")
        await stage.until(lambda: "yearly_archive" in stage.lines[2])

    play(script, sample())


def test_the_palette_goes_to_a_pipeline_by_name_past_the_filter() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("slash")
        await stage.type("news")
        await stage.sees("1 of 8")
        await stage.press("enter", "colon")
        await stage.type("stock_master")
        await stage.sees("go to the pipeline")
        await stage.press("down", "enter")
        await stage.sees("0 6 * * mon", "Id       x-stock_master")

    play(script, sample())


# -- panes


def test_digits_and_brackets_open_the_tabs() -> None:
    client = sample()
    client.known_runs["customers_daily"] = [run("customers_daily", 1)]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("2")
        await stage.sees("[2 Runs]", "customers_daily", "18 420")
        await stage.press("right_square_bracket")
        await stage.sees("[3 Log]", "part 30 of")
        await stage.press("left_square_bracket", "left_square_bracket")
        await stage.sees("[1 Overview]")

    play(script, client)


def test_the_runs_follow_events_the_cursor_stays_and_enter_opens_the_log() -> None:
    client = sample()
    client.known_runs["newsletter"] = [run("newsletter", 2), run("newsletter", 1)]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "2")
        await stage.sees("schedule")
        stage.client.push("run", run=run("newsletter", 3, status="running", trigger="manual"))
        await stage.sees("running", "manual")
        await stage.press("tab", "j", "enter")
        await stage.sees("newsletter  run newsletter-r1", "part 30 of")
        await stage.press("q")
        await stage.sees("[2 Runs]")

    play(script, client)


def test_the_runs_are_fetched_anew_for_a_reader_that_lagged() -> None:
    client = sample()
    client.known_runs["customers_daily"] = [run("customers_daily", 1)]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("2")
        await stage.sees("[2 Runs]", "18 420")
        stage.client.known_runs["customers_daily"] = [run("customers_daily", 2, rows=77_777)]
        stage.client.push("lagged")
        await stage.sees("77 777")

    play(script, client)


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


def test_a_slow_preview_can_be_given_up() -> None:
    client = sample()
    client.preview_gate.clear()

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("p")
        await stage.sees("esc cancels")
        await stage.press("escape")
        await stage.sees("cancelled")
        stage.client.preview_gate.set()
        await stage.press("p")
        await stage.sees("p000000001")

    play(script, client)


def test_a_previews_whole_value_is_shown() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("p")
        await stage.sees("p000000001")
        await stage.press("enter", "l", "l", "enter")
        await stage.sees("tags VARCHAR[]", '"tag2"', "esc closes")

    play(script, sample())


def test_an_empty_preview_shows_its_heads_and_says_so() -> None:
    client = sample()
    client.previews["customers_daily"] = {
        **client.preview("customers_daily"),
        "rows": [],
        "rows_matching": 0,
    }

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("4")
        await stage.sees("profile_id", "no row matches")

    play(script, client)


def test_esc_closes_the_pane_and_enter_opens_it_again() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("escape")
        await stage.misses("[1 Overview]")
        await stage.press("enter")
        await stage.sees("[1 Overview]", "customers_daily")
        await stage.press("z")
        await stage.misses("newsletter")
        await stage.press("z")
        await stage.sees("newsletter")

    play(script, sample())


def test_on_a_small_terminal_enter_opens_the_detail_over_the_list() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "partner_feed")
        await stage.press("j", "enter")
        await stage.sees("[1 Overview]", "every 15m")
        await stage.misses("partner_feed")
        await stage.press("escape")
        await stage.sees("partner_feed")
        await stage.pilot.resize_terminal(120, 30)
        await stage.sees("[1 Overview]", "partner_feed")

    play(script, sample(), size=(60, 20))


# -- the log


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


# -- leaving


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_quitting_needs_no_question_and_waits_for_nobody(key: str) -> None:
    client = sample()
    client.preview_gate.clear()

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("p")
        await stage.sees("esc cancels")
        await stage.press(key)
        await stage.until(lambda: not stage.app.is_running)
        assert stage.app.return_code == 0

    play(script, client)
