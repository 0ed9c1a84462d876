"""When the keys that write files are refused, and what they say."""

from __future__ import annotations

from tests.tui.harness import Stage, play, ready, sample


def test_files_of_another_host_are_edited_there() -> None:
    client = sample()
    client.where = "deploy@db1"

    async def script(stage: Stage) -> None:
        await ready(stage)
        for key in ("e", "E", "n"):
            await stage.press(key)
            await stage.sees("files of another host are edited there")

    play(script, client)


def test_who_only_looks_writes_no_files() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("n")
        await stage.sees("started with --read-only")

    play(script, sample(), read_only=True)


def test_a_file_that_is_not_there_is_told() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        await stage.press("e")
        await stage.sees("no such file")

    play(script, sample())


def test_every_letter_of_the_menu_chooses() -> None:
    async def script(stage: Stage) -> None:
        await ready(stage)
        for key, kind in (("p", "pipeline"), ("s", "source"), ("k", "sink")):
            await stage.press("n")
            await stage.sees("where files go")
            await stage.press(key)
            await stage.sees(f"Name of the new {kind}")
            await stage.press("escape")

    play(script, sample())
