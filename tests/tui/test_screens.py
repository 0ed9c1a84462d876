"""What stands on the screen, at four sizes."""

from __future__ import annotations

import pytest

from profexd.client import Unreachable
from tests.tui.fakes import FakeClient, held_pipeline, run, sample_pipelines
from tests.tui.harness import SIZES, Stage, compare, play

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def named(screen: str, size: tuple[int, int]) -> str:
    return f"{screen}-{size[0]}x{size[1]}"


@sizes
def test_the_list_stands_over_or_beside_the_detail(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        compare(named("pipelines", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_a_failed_pipeline_shows_its_error_with_code_and_hint(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("partner_feed")
        await stage.press("j", "j", "enter")
        await stage.sees("sink_timeout", "hint:")
        compare(named("failed", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_without_pipelines_the_screen_says_where_to_put_one(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("No pipelines yet")
        compare(named("empty", size), await stage.settled())

    play(script, FakeClient(), size=size)


@sizes
def test_without_a_daemon_the_screen_names_one_cause_and_one_fix(size: tuple[int, int]) -> None:
    client = FakeClient(sample_pipelines())
    client.break_down()

    async def script(stage: Stage) -> None:
        await stage.sees("The daemon is not running", "trying again")
        compare(named("no-daemon", size), await stage.settled())

    play(script, client, size=size, backoff=(60.0,))


@sizes
def test_without_permission_the_screen_names_the_group(size: tuple[int, int]) -> None:
    client = FakeClient()
    client.break_down(
        Unreachable(
            "permission",
            "no permission to use /run/profexd/profexd.sock",
            hint="join the group profexd and log in again:  sudo usermod -aG profexd $USER",
        )
    )

    async def script(stage: Stage) -> None:
        await stage.sees("You may not talk", "trying again")
        compare(named("no-permission", size), await stage.settled())

    play(script, client, size=size, backoff=(60.0,))


@sizes
def test_while_reconnecting_the_last_data_stays(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        stage.client.break_down()
        await stage.sees("RECONNECTING in 60 s", "customers_daily")
        compare(named("reconnecting", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size, backoff=(60.0,))


@sizes
def test_help_lists_the_keys(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("live")
        await stage.press("question_mark")
        await stage.sees("Help", "run now")
        compare(named("help", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_the_log_follows_its_end(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("o")
        await stage.sees("part 30 of", "END")
        compare(named("log", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_stopping_asks_first(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("x")
        await stage.sees("Stop the run of", "Cancel")
        compare(named("confirm", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_the_runs_are_listed_with_their_errors(size: tuple[int, int]) -> None:
    client = FakeClient(sample_pipelines())
    error = {"code": "disk_full", "message": "/srv/exports: no room left", "hint": ""}
    client.known_runs["customers_daily"] = [
        run("customers_daily", 3),
        run("customers_daily", 2, status="failed", error=error, attempt=2),
        run("customers_daily", 1, status="stopped", trigger="manual"),
    ]

    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("2")
        await stage.sees("Status", "stopped")
        compare(named("runs", size), await stage.settled())

    play(script, client, size=size)


@sizes
def test_the_preview_shows_types_and_null(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("4")
        await stage.sees("VARCHAR", "p000000001", "18 420 rows")
        compare(named("preview", size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


def test_a_terminal_too_small_says_what_it_needs() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("terminal too small", "needs 40x12, has 30x10")
        await stage.pilot.resize_terminal(80, 24)
        await stage.sees("customers_daily", "live")

    play(script, FakeClient(sample_pipelines()), size=(30, 10))


def held() -> FakeClient:
    return FakeClient([held_pipeline(), *sample_pipelines()])


PAGES = {
    "config": ("c", ("sink lake.",)),
    "plugins": ("u", ("acme", "broken")),
    "daemon": ("i", ("87.0 MB",)),
}
pages = pytest.mark.parametrize("page", PAGES)


@sizes
@pages
def test_each_page_at_each_size(page: str, size: tuple[int, int]) -> None:
    key, seen = PAGES[page]

    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press(key)
        await stage.sees(*seen)
        compare(named(page, size), await stage.settled())

    play(script, FakeClient(sample_pipelines()), size=size)


@sizes
def test_a_held_run_shows_the_comparison_that_held_it(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("j", "enter")
        await stage.sees("max_row_drop", "before 18420")
        compare(named("held", size), await stage.settled())

    play(script, held(), size=size)


@sizes
def test_the_menu_says_what_can_be_done_and_why_not(size: tuple[int, int]) -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("customers_daily", "live")
        await stage.press("j", "full_stop")
        await stage.sees("approve", "reject")
        compare(named("menu", size), await stage.settled())

    play(script, held(), size=size)
