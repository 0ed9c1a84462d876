"""Filter and notices in the form, and its keys: remapped, in the palette, in the help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from profexd.edit.target import Kind
from profexd.tui.actions import ACTIONS, Place
from tests.edit.driving import Desk
from tests.edit.staging import FormStage, new, news, play, said

FORM = (Place.FORM, Place.CHOICES, Place.COLUMNS, Place.ITEMS)


def test_a_filter_is_built_and_what_is_wrong_stands_at_its_condition(
    desk: Desk, schema: dict[str, Any]
) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()

    async def script(stage: FormStage) -> None:
        await stage.press("pagedown", "pagedown")
        await stage.sees("[x] email", "every row passes")
        await stage.press("tab", "down", "enter")
        await stage.sees("New condition", "profile_id, email")
        await stage.type("country")
        await stage.press("enter", *"one", "enter")
        await stage.type("IT, FR")
        await stage.press("enter")
        await stage.sees("country is one of IT, FR")
        await stage.press("g")
        await stage.type("visits")
        await stage.press("enter", *"betw", "enter")
        await stage.type("3, x")
        await stage.press("enter")
        await stage.sees("any of these holds:", "! visits is between 3 and x")
        await stage.press("down")
        await stage.sees('"x" is not a number: visits is INTEGER')
        await stage.press("enter", "down", "down", "backspace")
        await stage.type("9")
        await stage.press("enter")
        await stage.sees("visits is between 3 and 9", " rows of 20 columns")
        await stage.press("f2")
        await stage.sees("country is one of IT, FR and (visits is", "Only rows that meet")
        await stage.press("f2")
        await stage.left()

    assert play(news(desk, schema), script) == [str(file)]
    assert file.read_text() == before + (
        "\n[filter]\nconditions = [\n"
        '    { property = "country", operator = "is one of", values = ["IT", "FR"] },\n'
        '    { any = [ { property = "visits", operator = "is between", values = [3, 9] } ] },\n'
        "]\n"
    )


def test_a_notice_and_checks_are_written_under_the_schedule(
    desk: Desk, schema: dict[str, Any]
) -> None:
    async def script(stage: FormStage) -> None:
        await stage.press("pagedown", "pagedown", "pagedown")
        await stage.sees("nobody is told", "+ checks", "min_rows, max_rows", "+ retry")
        await stage.press("down", "enter")
        await stage.sees("New notice", "type *")
        await stage.press("w", "enter")
        await stage.sees("webhook *")
        await stage.type("https://example.com")
        await stage.press("enter")
        await stage.sees("write where the secret is")
        await stage.press("home", *["delete"] * 19)
        await stage.type("env:HOOK")
        await stage.press("enter")
        await stage.sees("webhook on everything: env:HOOK")
        await stage.press("escape", "down", "down", "enter")
        await stage.sees("- checks", "  min_rows")
        await stage.type("10")
        await stage.press("f2")
        await stage.left()

    file = desk.config / "pipelines/news.toml"
    assert play(news(desk, schema), script) == [str(file)]
    assert said(file)["notify"] == [{"webhook": {"env": "HOOK"}}]
    assert said(file)["checks"] == {"min_rows": 10}


def test_keys_can_be_chosen_and_palette_and_help_know_them(
    desk: Desk, schema: dict[str, Any]
) -> None:
    chosen = {"form_save": ("f5",), "form_next_step": ("f6",)}
    actions = tuple(replace(one, keys=chosen.get(one.id, one.keys)) for one in ACTIONS)

    async def script(stage: FormStage) -> None:
        await stage.sees("f5 save", "f6 next step")
        await stage.press("f6")
        await stage.sees("[2 Credentials]")
        await stage.press("pageup", "ctrl+p")
        await stage.sees("save  (f5)", "next word  (Right space)")
        await stage.press(*"next st", "enter")
        await stage.sees("[2 Credentials]")
        await stage.press("f1")
        await stage.sees("Keys of the form", "f6")
        await stage.press("escape", "escape")
        await stage.left()

    composing = new(desk, schema, Kind.SINK, "cloud")
    composing.assign("type=s3")
    composing.old = composing.draft.text  # as if it had been there
    assert play(composing, script, actions=actions) == [None]


def test_no_key_of_the_form_is_written_beside_the_table_of_actions() -> None:
    assert {one.where for one in ACTIONS} >= set(FORM)
    for one in ACTIONS:
        if one.where in FORM:
            assert any(not key.startswith("ctrl+") for key in one.keys), one.id
