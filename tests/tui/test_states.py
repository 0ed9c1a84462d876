"""Every page empty, refused, cut off and read-only: one file each, with the screen at all sizes."""

from __future__ import annotations

import re

import pytest

from profexd.client import ApiError
from tests.tui.fakes import (
    FakeClient,
    FakeStream,
    run,
    sample_diagnostics,
    sample_effective,
    sample_pipelines,
    sample_preview,
)
from tests.tui.harness import SIZES, Stage, compare, play

NAME = "customers_daily"
PAGES = {
    "runs": ("2", "runs", "schedule"),
    "log": ("o", "log", "part 30 of"),
    "preview": ("4", "preview", "p000000001"),
    "config": ("c", "effective", "source.database"),
    "plugins": ("u", "plugins", "acme"),
    "daemon": ("i", "diagnostics", "87.0 MB"),
}
EMPTY = {
    "runs": "never run yet",
    "log": "Nothing was logged",
    "preview": "no row matches",
    "config": "it never was valid",
    "plugins": "0 installed",
    "daemon": "nothing yet",
}
pages = pytest.mark.parametrize("page", PAGES)


def full() -> FakeClient:
    client = FakeClient(sample_pipelines())
    client.known_runs[NAME] = [run(NAME, 2), run(NAME, 1)]
    return client


async def at_all_sizes(stage: Stage, name: str) -> None:
    """Compare the screen at each size; rows of blanks count once."""
    screens: list[str] = []
    for width, height in SIZES:
        await stage.pilot.resize_terminal(width, height)
        await stage.until(lambda width=width: stage.app.screen.size.width == width)  # type: ignore[misc]
        await stage.settled()
        text = re.sub(r"\n([\s│]*\n)+", "\n\n", await stage.settled())
        screens.append(f"== {width}x{height}\n{text}")
    compare(name, "\n".join(screens))


@pages
def test_a_page_without_anything_says_so(page: str) -> None:
    key, _, _ = PAGES[page]
    client = full()
    client.known_runs.clear()
    client.installed = []
    client.logs[f"{NAME}-r2"] = FakeStream(ended=True)
    client.previews[NAME] = {**sample_preview(NAME), "rows": [], "rows_matching": 0}
    client.configs[NAME] = {**sample_effective(NAME), "values": [], "stale": True}
    client.diagnosis = {**sample_diagnostics(), "problems": [], "reload": None}
    client.audited = []

    async def script(stage: Stage) -> None:
        await stage.sees(NAME, "live")
        await stage.press(key)
        await stage.sees(EMPTY[page])
        await at_all_sizes(stage, f"{page}-empty")

    play(script, client)


@pages
def test_a_page_that_the_daemon_refuses_says_why(page: str) -> None:
    key, call, _ = PAGES[page]
    client = full()
    client.refused[call] = ApiError(500, "internal", "the daemon failed", "its log says more")

    async def script(stage: Stage) -> None:
        await stage.sees(NAME, "live")
        await stage.press(key)
        await stage.sees("the daemon failed", "its log says more")
        await at_all_sizes(stage, f"{page}-refused")

    play(script, client)


@pages
def test_a_page_keeps_what_it_shows_while_it_reconnects(page: str) -> None:
    key, _, seen = PAGES[page]

    async def script(stage: Stage) -> None:
        await stage.sees(NAME, "live")
        await stage.press(key)
        await stage.sees(seen)
        stage.client.break_down()
        await stage.sees("RECONNECTING in 60 s", seen)
        await at_all_sizes(stage, f"{page}-reconnecting")

    play(script, full(), backoff=(60.0,))


@pages
def test_a_page_can_be_read_where_nothing_may_be_changed(page: str) -> None:
    key, _, seen = PAGES[page]

    async def script(stage: Stage) -> None:
        await stage.sees(NAME, "live")
        await stage.press(key)
        await stage.sees(seen)
        await at_all_sizes(stage, f"{page}-read-only")

    play(script, full(), read_only=True)
