"""The interface in a real terminal, on a real daemon: runs, pauses, kills and restarts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.end_to_end.site import BIN, Site
from tests.tui.tmux import Terminal


@pytest.fixture
def site(tmp_path: Path, warehouse: Path) -> Iterator[Site]:
    site = Site(tmp_path, warehouse)
    site.pipeline("newsletter", description='"For all customers"')
    site.pipeline("lake", format='type = "parquet"', path='"lake.parquet"')
    # Looks at so many rows that it runs until somebody stops it, and writes none.
    site.write(
        "sources/endless.toml",
        f'type = "duckdb"\ndatabase = "{warehouse}"\n'
        'query = "SELECT i FROM range(1000000000000) r(i) WHERE hash(i) = 42"\n',
    )
    site.pipeline("endless", source='"endless"')
    yield site
    if site.daemon is not None:
        site.kill()


def open_on(site: Site, *options: str, before: Sequence[str] = ()) -> Terminal:
    command = [*before, str(BIN / "profexctl"), "tui", f"--socket={site.socket}", *options]
    return Terminal(site.folder, command)


@pytest.mark.timeout(300)
def test_a_pipeline_is_run_paused_and_previewed_from_the_keyboard(site: Site) -> None:
    site.start()
    pager = "PAGER=sh -c 'cat; echo the pager has it; read key < /dev/tty'"
    with open_on(site, before=["env", pager]) as terminal:
        terminal.sees("live", "3 pipelines", "newsletter", "never")
        terminal.press("/")
        terminal.press("news", "Enter")
        terminal.sees("1 of 3 pipelines", "For all customers")
        terminal.press("r")
        terminal.sees("<1m ago", "1 000 rows", "newsletter.csv")
        assert site.delivered() == ["newsletter.csv"]
        terminal.press("o")
        terminal.sees("phase deliver", "done", "END")
        terminal.press("P")
        assert "END" not in terminal.sees("phase deliver", "the pager has it")
        terminal.press("Enter")
        terminal.sees("phase deliver", "END")
        terminal.press("q")
        terminal.press("P")
        terminal.sees("newsletter", "Last ok", "the pager has it")
        terminal.press("Enter")
        terminal.sees("1 of 3 pipelines", "? help")
        terminal.press("t")
        terminal.sees("Pause newsletter")
        terminal.press("moving", "Enter")
        terminal.sees("P paused", "moving")
        assert site.listed()["newsletter"]["paused"]["reason"] == "moving"
        terminal.press("r")
        terminal.sees("press t to resume")
        terminal.press("t")
        terminal.misses("P paused")
        terminal.press("p")
        terminal.sees("profile_id", "p000000000", "100 of 1 000 rows")
        terminal.press("q")
        terminal.sees("exit code 0")


@pytest.mark.timeout(300)
def test_a_run_is_stopped_after_a_question(site: Site) -> None:
    site.start()
    with open_on(site, "--filter", "endless") as terminal:
        terminal.sees("endless", "live")
        terminal.press("r")
        terminal.sees("R running", "Running: build")
        terminal.press("x")
        terminal.sees("Stop the run of endless?", "Cancel")
        terminal.press("y")
        terminal.sees("S stopped")
    assert site.delivered() == []


@pytest.mark.timeout(300)
def test_files_that_come_and_go_are_seen(site: Site) -> None:
    site.start()
    with open_on(site) as terminal:
        terminal.sees("live", "3 pipelines")
        site.pipeline("late")
        terminal.sees("late", "4 pipelines")
        broken = site.pipeline("late", schedul='"manual"')
        terminal.sees("I invalid")
        broken.unlink()
        terminal.sees("3 pipelines")
        terminal.misses("I invalid")


@pytest.mark.timeout(300)
def test_whatever_keeps_from_the_daemon_is_waited_for_and_its_successor_announced(
    site: Site,
) -> None:
    # The one thing that lets root pass where nobody may.
    mortal = ["setpriv", "--bounding-set", "-dac_override"] if os.getuid() == 0 else []
    with open_on(site, before=mortal) as terminal:
        terminal.sees("The daemon is not running", "no daemon at", "trying again")
        site.start()
        terminal.sees("newsletter", "live")
        site.stop()
        terminal.sees("RECONNECTING", "newsletter", "data from")
        site.start()
        site.socket.chmod(0)
        terminal.press("q")
    with open_on(site, before=mortal) as terminal:
        terminal.sees("You may not talk to the daemon", "join the group", "trying again")
        site.socket.chmod(0o660)
        terminal.sees("newsletter", "live")
        site.socket.unlink()
        terminal.press("r")
        terminal.sees("no daemon at", "live")
        site.kill()
        terminal.sees("RECONNECTING", "newsletter", "data from")
        site.pipeline("late")
        site.start()
        terminal.sees("daemon restarted", "late", "live")
        terminal.misses("RECONNECTING")
        terminal.press("r")
        terminal.sees("R running")
        terminal.resize(40, 15)
        terminal.sees("R endless")
        terminal.press("C-c")
        terminal.sees("exit code 0")


def test_without_colours_and_in_ascii_nothing_else_is_drawn(site: Site) -> None:
    site.start()
    with open_on(site, "--ascii", "--color", "16") as terminal:
        screen = terminal.sees("live", "newsletter", "[1 Overview]")
        assert screen.isascii(), screen
        for keys, text in (
            ("x", "nothing is running"),
            (":", "Search for"),
            ("?", "run now (all marked)"),
        ):
            terminal.press(keys)
            screen = terminal.sees(text)
            drawn = screen.replace("Search for commands…", "")
            assert drawn.isascii(), screen
            terminal.press("Escape")
            terminal.misses(text)


@pytest.mark.timeout(300)
def test_a_failure_is_found_read_and_mended_in_few_keys_though_the_daemon_is_restarted(
    site: Site,
) -> None:
    site.pipeline("partner_feed", on_existing='"fail"')
    site.outbox.mkdir()
    in_the_way = site.outbox / "partner_feed.csv"
    in_the_way.write_text("somebody's\n")
    site.start()
    site.profexctl("run", "partner_feed", "--wait")
    pressed: list[str] = []

    with open_on(site) as terminal:

        def press(*keys: str) -> None:
            pressed.extend(keys)
            terminal.press(*keys)

        terminal.sees("live", "4 pipelines", "F failed")
        press("!")
        terminal.sees("1 of 4 pipelines", "partner_feed", "Failed", "target_exists", "hint:")
        site.kill()
        terminal.sees("RECONNECTING", "target_exists", "data from")
        site.start()
        terminal.sees("daemon restarted", "live", "target_exists")
        press("o")
        terminal.sees("partner_feed.csv", "END")
        press("q")
        in_the_way.unlink()
        press("r")
        terminal.sees("1 of 4 pipelines", "- pending", "Last ok", "1 000 rows")
        press("!")
        terminal.sees("endless", "lake")
        press("q")
        terminal.sees("exit code 0")
    assert "partner_feed.csv" in site.delivered()
    assert len(pressed) < 12


@pytest.mark.timeout(300)
def test_a_held_run_is_approved_and_what_the_daemon_knows_is_looked_at(site: Site) -> None:
    site.pipeline("gated", checks="{ min_rows = 2000 }")
    site.start()
    site.profexctl("run", "gated", "--wait")
    with open_on(site, "--filter", "gated") as terminal:
        terminal.sees("H held", "failed min_rows", "limit 2,000", "a approve")
        assert site.delivered() == []
        terminal.press("c")
        terminal.sees("checks.min_rows", "gated.toml:4", "default")
        terminal.press("i")
        terminal.sees("Loop lag", "Memory", "In flight", "run gated")
        terminal.press("q")
        terminal.press("u")
        terminal.sees("none broken", "parquet", "sftp")
        terminal.press("q")
        terminal.press("a")
        terminal.sees("Approve the held run of gated")
        terminal.press("fine", "Enter")
        terminal.sees("approved: gated", "- pending")
    assert site.delivered() == ["gated.csv"]
