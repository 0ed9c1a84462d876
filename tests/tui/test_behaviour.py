"""What keys and events do, played on the app with a daemon made of memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tui.fakes import (
    NOW,
    FakeClient,
    already_running,
    pipeline,
    problem,
)
from tests.tui.harness import Stage, play, ready, sample


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
        await stage.sees("STALE", "data from 40s ago", "r retry now")
        before = [call[0] for call in stage.client.calls]
        assert before.count("events") == 1
        await stage.press("r")  # does not mean the pipeline now
        await stage.until(lambda: [call[0] for call in stage.client.calls].count("events") > 1)
        assert "run_now" not in [call[0] for call in stage.client.calls]
        stage.client.push("heartbeat")
        await stage.misses("STALE")

    play(script, sample(), now=lambda: clock["now"])


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
