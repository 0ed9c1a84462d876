"""Deciding on held runs, sending again, asking why, and looking at what lies behind."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from profexd.tui.columns import cells
from profexd.tui.preferences import Host, Preferences, read_preferences
from profexd.tui.widgets import pipelinetable
from profexd.wire import CheckJson, PipelineJson
from tests.tui.fakes import NOW, FakeClient, held_pipeline, pipeline, run, sample_pipelines
from tests.tui.harness import Stage, play, ready, sample


def with_held() -> FakeClient:
    return FakeClient([held_pipeline("alpha"), *sample_pipelines()])


def test_a_held_run_is_approved_with_a_note() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("alpha", "a approve  X reject")
        await stage.press("a")
        await stage.sees("Approve the held run of alpha")
        await stage.type("checked")
        await stage.press("enter")
        await stage.sees("approved: alpha")
        assert stage.called("approve", "alpha-r7", "checked")
        await stage.misses("H held")

    play(script, with_held())


def test_a_held_run_is_rejected_from_the_menu_and_esc_decides_nothing() -> None:
    async def script(stage: Stage) -> None:
        await stage.sees("alpha", "live")
        await stage.press("X", "escape", "full_stop", "X", "enter")
        await stage.sees("rejected: alpha")
        assert stage.called("reject", "alpha-r7", "")

    play(script, with_held())


def test_without_a_held_run_there_is_nothing_to_decide() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("a")
        await stage.sees("no run of it is held")

    play(script, sample())


def test_the_files_of_a_delivered_run_are_sent_again_after_a_question() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "S")
        await stage.sees("Send the files of run newsletter-r1", "the source is not read")
        await stage.press("y")
        await stage.sees("sending again: newsletter")
        assert stage.called("resend", "newsletter-r1")

    play(script, sample())


def test_why_asks_for_a_key_and_says_which_condition_fails() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("w")
        await stage.sees("the key of one profile")
        await stage.type("p7")
        await stage.press("enter")
        await stage.sees("no   country is one of IT, FR", '(is "DE")', "p7 is not selected")

    play(script, sample())


def test_the_configuration_is_asked_for_anew_once_the_daemon_read_other_files() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("c")
        await stage.sees("profexd.toml:14")
        changed = stage.client.effective("customers_daily")
        changed["values"][3]["value"] = '"zstd"'
        stage.client.configs["customers_daily"] = changed
        stage.client.push("config")
        await stage.sees('"zstd"')

    play(script, sample())


def test_enter_shows_the_traceback_of_a_broken_plugin() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("u")
        await stage.sees("1 broken")
        await stage.press("enter")
        await stage.sees("acme: broken", "Traceback", "No module named 'acme'")
        await stage.press("escape", "q")
        await stage.sees("[1 Overview]")

    play(script, sample())


def test_a_page_that_cannot_be_fetched_says_so_and_comes_after_the_break() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("u")
        await stage.sees("1 broken")
        stage.client.break_down()
        await stage.sees("RECONNECTING", "1 broken")
        stage.client.installed = []
        stage.client.come_back()
        await stage.sees("0 installed, none broken")

    play(script, sample(), backoff=(0.3,))


def test_the_diagnostics_are_copied_whole() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("i")
        await stage.sees("87.0 MB")
        await stage.press("y")
        await stage.sees("diagnostics sent to the terminal's clipboard")
        assert "Loop lag   0.4 ms" in stage.app.clipboard
        assert "ops  pause returns" in stage.app.clipboard

    play(script, sample())


def test_what_is_too_long_for_the_clipboard_is_refused() -> None:
    client = sample()
    client.installed = [{**client.installed[0], "name": "x" * 60_000}]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("u")
        await stage.sees("1 installed")
        await stage.press("y")
        await stage.sees("too long for the clipboard")
        assert not stage.app.clipboard

    play(script, client)


def test_a_desktop_takes_the_copy_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "wl-copy"
    tool.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_TTY", raising=False)

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("y")
        await stage.sees("customers_daily copied to the clipboard")

    play(script, sample())
    assert (tmp_path / "copied").read_text() == "customers_daily"


def test_other_keys_do_what_was_asked_of_them_and_the_footer_says_so(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('[keys]\nrun = "F5"\n', encoding="utf-8")

    async def script(stage: Stage) -> None:
        await stage.sees("newsletter", "f5 run")
        await stage.press("j", "r", "f5")
        await stage.sees("started: newsletter")
        assert [call[0] for call in stage.client.calls].count("run_now") == 1

    play(script, sample(), preferences=read_preferences(file))


def test_a_run_waits_until_the_files_are_read() -> None:
    gate = threading.Event()

    class Slow(FakeClient):
        def reload(self) -> CheckJson:
            gate.wait(10)
            return super().reload()

    client = Slow(sample_pipelines())

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("j", "R", "r")
        await stage.pilot.pause(0.1)
        assert not stage.called("run_now", "newsletter")
        gate.set()
        await stage.until(lambda: stage.called("run_now", "newsletter"))
        assert client.calls.index(("reload",)) < client.calls.index(("run_now", "newsletter"))

    play(script, client)


def test_a_pipeline_is_deleted_after_a_question(tmp_path: Path) -> None:
    file = tmp_path / "newsletter.toml"
    file.touch()
    client = FakeClient([{**pipeline("newsletter"), "file": str(file)}])

    async def script(stage: Stage) -> None:
        await stage.sees("newsletter", "live")
        await stage.press("D")
        await stage.sees("Delete newsletter?", "newsletter.toml", "Cancel")
        await stage.press("enter")
        await stage.misses("Cancel")
        assert file.exists()
        await stage.press("D", "y")
        await stage.until(lambda: not file.exists())
        await stage.sees("deleted")
        await stage.press("D", "y")
        await stage.sees("is gone already")

    play(script, client)


def test_another_host_is_chosen_in_the_palette() -> None:
    prod = Host("prod", address="ops@prod", accent="red")
    seen: list[object] = []

    async def script(stage: Stage) -> None:
        await stage.sees("here (web01)", "live")
        await stage.press("colon")
        await stage.sees("Search for")
        await stage.type("host prod")
        await stage.sees("ops@prod")
        await stage.press("enter", "enter")
        await stage.until(lambda: stage.app.return_value is not None)
        seen.append(stage.app.return_value)

    play(script, sample(), preferences=Preferences(hosts=(prod, Host("here", accent="green"))))
    assert seen == [(prod,)]


def test_the_speed_and_the_time_left_are_shown_while_a_run_goes_on() -> None:
    clock = {"now": NOW}
    name = "customers_daily"

    async def script(stage: Stage) -> None:
        await ready(stage)
        for seconds, percent, rows in ((0, 40.0, 8000), (10, 50.0, 10_000)):
            clock["now"] = NOW.replace(second=seconds)
            at_work = {"run_id": f"{name}-r2", "phase": "build", "percent": percent}
            stage.client.push("progress", name=name, running=at_work | {"rows": rows, "bytes": 0})
            await stage.sees(f"build {percent:.0f}%")
        await stage.sees("200 rows/s  50s left in build")

    play(script, sample(), now=lambda: clock["now"])


def test_the_overview_shows_how_the_last_runs_did() -> None:
    client = sample()
    client.known_runs["customers_daily"] = [run("customers_daily", n) for n in (3, 2, 1)]

    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.sees("███  usually 12s", "18 420")

    play(script, client)


def test_progress_of_a_few_among_a_thousand_makes_only_their_rows_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"p{number:04d}" for number in range(1000)]
    client = FakeClient([pipeline(name, last_run=run(name)) for name in names])
    made: list[str] = []

    def counted(columns: Any, made_pipeline: PipelineJson, *rest: Any, **more: Any) -> Any:
        made.append(made_pipeline["name"])
        return cells(columns, made_pipeline, *rest, **more)

    async def script(stage: Stage) -> None:
        await stage.sees("p0000", "live")
        await stage.settled()
        monkeypatch.setattr(pipelinetable, "cells", counted)
        for step in (1, 2, 3):
            for name in names[:20]:
                at_work = {"run_id": f"{name}-r2", "phase": "build", "percent": float(step)}
                stage.client.push(
                    "progress", name=name, running=at_work | {"rows": step, "bytes": 0}
                )
            await stage.sees(f"build {step}%")
            await stage.settled()

    play(script, client)
    assert made
    assert set(made) <= set(names[:20])
