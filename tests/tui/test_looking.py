"""What is found, sorted, opened and closed, played on the app with a daemon made of memory."""

from __future__ import annotations

import pytest
from textual import events

from profexd.tui.actions import Place, heard_at, shown_keys
from profexd.tui.palette import Palette
from tests.tui.fakes import run
from tests.tui.harness import Stage, play, ready, sample


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


@pytest.mark.parametrize("place", [Place.LIST, Place.LOG, Place.PAGE])
def test_the_palette_has_every_action(place: Place) -> None:
    keys = {Place.LIST: (), Place.LOG: ("o",), Place.PAGE: ("u",)}

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press(*keys[place])
        await stage.until(lambda: getattr(stage.app.screen, "PLACE", None) is place)
        hits = [hit async for hit in Palette(stage.app.screen).discover()]
        offered = "\n".join(str(hit.prompt) for hit in hits)
        for action in heard_at(place):
            assert f"({shown_keys(action)})" in offered, action.id
        assert len(hits) == len(heard_at(place))

    play(script, sample())


def test_a_wide_list_shows_how_the_last_runs_did_and_asks_for_it_once() -> None:
    client = sample()
    client.known_trends["newsletter"] = [
        {"run_id": str(number), "status": status, "seconds": 10.0, "rows": 5}
        for number, status in enumerate(("done", "failed"))
    ]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("escape")
        await stage.sees("Filter", "Trend", "country is", "█x")
        client.push("run", run=run("newsletter", 3))
        await stage.sees("▇x█")
        assert client.calls.count(("trends",)) == 1

    play(script, client, size=(140, 45))


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
