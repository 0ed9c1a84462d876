"""The guided form, driven by keys: steps, live preview, columns, problems, saving."""

from __future__ import annotations

from typing import Any

from profexd.edit.target import Kind
from profexd.tui.forms.fields import Line
from tests.edit.driving import Desk
from tests.edit.staging import FormStage, new, news, play, said


def test_a_pipeline_is_made_in_four_steps(desk: Desk, schema: dict[str, Any]) -> None:
    async def script(stage: FormStage) -> None:
        await stage.sees("New pipeline mail", "[1 Storage and file]", "4 Schedule", "source *")
        assert "Where rows come from" in stage.text
        await stage.press("w", "enter", "l", "enter")
        await stage.type("mail/customers-${today}.csv")
        await stage.press("enter", "c")
        await stage.sees("< csv >", "/out/mail/customers-20", "1,000 rows of 20 columns")
        await stage.press("pagedown")
        await stage.sees("[2 Identifiers]", "identity.columns")
        await stage.type("email, phone")
        await stage.press("enter")
        await stage.sees("identity.export", "1,000 rows of 20 columns")
        await stage.press("pagedown")
        await stage.sees("[3 Properties and order]", "[x] profile_id", "order_by")
        await stage.press("pagedown")
        await stage.sees("[4 Schedule]", "every 6h")
        await stage.type("daily at 03:00")
        await stage.press("f2")
        await stage.left()

    file = desk.config / "pipelines/mail.toml"
    assert play(new(desk, schema, Kind.PIPELINE, "mail"), script) == [str(file)]
    assert said(file) == {
        "source": "warehouse",
        "sink": "lake",
        "path": "mail/customers-${today}.csv",
        "schedule": "daily at 03:00",
        "format": {"type": "csv"},
        "identity": {"columns": ["email", "phone"]},
    }


def test_columns_are_left_out_moved_renamed_and_searched(
    desk: Desk, schema: dict[str, Any]
) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()

    async def script(stage: FormStage) -> None:
        await stage.sees("Edit pipeline news", "< warehouse >")
        await stage.press("pagedown", "pagedown")
        await stage.sees("[x] profile_id", "[x] phone")
        await stage.press("/")
        await stage.type("ema")
        await stage.press("enter")
        await stage.until(lambda: "[x] phone" not in stage.text)
        assert "[x] email" in stage.text
        await stage.press("r")
        await stage.type("Mail")
        await stage.press("enter")
        await stage.sees("email as Mail", "Mail  ")
        await stage.press("/")
        await stage.press(*["backspace"] * 3, "enter")
        await stage.sees("[x] profile_id")
        await stage.press("k", "space")
        await stage.sees("[ ] profile_id", "1,000 rows of 18 columns", "Mail  ")
        await stage.press("j", "down", "K")
        await stage.sees("1,000 rows of 18 columns", "phone          Mail")
        await stage.press("f2")
        await stage.left()

    assert play(news(desk, schema), script) == [str(file)]
    columns = said(file)["columns"]
    assert columns["rename"] == {"email": "Mail"}
    assert columns["properties"][:3] == ["phone", "email", "Name"]
    assert "profile_id" not in columns["properties"]
    assert file.read_text().startswith(before)


def test_comments_and_order_stay_where_a_form_changes_a_file(
    desk: Desk, schema: dict[str, Any]
) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()

    async def script(stage: FormStage) -> None:
        await stage.sees("< warehouse >")
        await stage.press("down", "down", *["backspace"] * 8)
        await stage.type("letters.csv")
        await stage.press("f2")
        await stage.left()

    assert play(news(desk, schema), script) == [str(file)]
    assert file.read_text() == before.replace("news.csv", "letters.csv")


def test_what_is_wrong_is_shown_at_its_question_and_not_saved(
    desk: Desk, schema: dict[str, Any]
) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()

    async def script(stage: FormStage) -> None:
        await stage.press("pagedown", "pagedown", "pagedown")
        await stage.sees("[4 Schedule]")
        await stage.type("every tuesday")
        await stage.press("pageup", "pageup", "f2")
        await stage.sees("[4 Schedule]", "pipelines/news.toml:5:1", "does not say how often")
        await stage.press("escape")
        await stage.sees("Leave the form?")
        await stage.press("n")
        await stage.sees("[4 Schedule]")
        await stage.press("escape", "y")
        await stage.left()

    assert play(news(desk, schema), script) == [None]
    assert file.read_text() == before


def test_a_sink_asks_what_its_plugin_declares_and_where_secrets_are(
    desk: Desk, schema: dict[str, Any]
) -> None:
    async def script(stage: FormStage) -> None:
        await stage.sees("New sink drop", "type *", "1 Storage")
        await stage.press("s", "s", "enter")
        await stage.sees("< sftp >", "host *", "username *", "2 Credentials")
        await stage.type("drop.example.com")
        await stage.press("enter")
        await stage.type("us")
        await stage.press("enter", "enter", "enter")
        await stage.type("/etc/ssh/ssh_known_hosts")
        await stage.press("pagedown")
        await stage.sees("password", "env:NAME")
        await stage.type("hunter2")
        await stage.press("enter")
        await stage.sees("write where the secret is")
        await stage.press(*["backspace"] * 7)
        await stage.type("env:DROP")
        await stage.sees("to sftp://us@drop.example.com")
        await stage.press("f2")
        await stage.left()

    file = desk.config / "sinks/drop.toml"
    left = play(new(desk, schema, Kind.SINK, "drop"), script)
    assert left == [str(file)]
    assert said(file) == {
        "type": "sftp",
        "host": "drop.example.com",
        "username": "us",
        "known_hosts": "/etc/ssh/ssh_known_hosts",
        "password": {"env": "DROP"},
    }


def test_a_source_shows_its_rows(desk: Desk, schema: dict[str, Any]) -> None:
    async def script(stage: FormStage) -> None:
        await stage.sees("New source people", "[1 Database]")
        await stage.press("down")
        await stage.type(str(desk.warehouse))
        await stage.press("enter")
        await stage.type("profiles")
        await stage.sees("1,000 rows of 20 columns", "profile_id")
        await stage.press("pagedown")
        await stage.sees("profiles.key")
        await stage.type("profile_id")
        await stage.press("f2")
        await stage.left()

    file = desk.config / "sources/people.toml"
    assert play(new(desk, schema, Kind.SOURCE, "people"), script, size=(60, 20)) == [str(file)]
    assert said(file) == {
        "type": "duckdb",
        "database": str(desk.warehouse),
        "table": "profiles",
        "profiles": {"key": "profile_id"},
    }


def test_what_a_third_party_declares_is_asked(desk: Desk, schema: dict[str, Any]) -> None:
    options = {
        "type": {"const": "pigeon"},
        "loft": {"type": "string", "description": "Where the pigeon lives."},
        "speed": {"type": "string", "enum": ["slow", "fast"], "default": "slow"},
    }
    sink = {**schema["$defs"]["sink"], "properties": {"type": {"enum": ["file", "pigeon"]}}}
    pigeon = {"properties": options, "required": ["type", "loft"]}
    known = {"$defs": {**schema["$defs"], "sink": sink, "sink-pigeon": pigeon}}

    async def script(stage: FormStage) -> None:
        await stage.press("p", "enter")
        await stage.sees("< pigeon >", "loft *", "Where the pigeon lives.", "+ more", "speed")
        await stage.press("down", "enter")
        await stage.sees("speed", "< slow (default) >")
        await stage.press("right")
        await stage.sees("< fast >")
        await stage.press("escape", "y")

    assert play(new(desk, known, Kind.SINK, "coop"), script) == [None]
    assert not (desk.config / "sinks/coop.toml").exists()


def test_the_form_fits_every_terminal(desk: Desk, schema: dict[str, Any]) -> None:
    async def script(stage: FormStage) -> None:
        await stage.sees("Edit pipeline news", "< warehouse >", "1,000 rows of 20 columns")
        for size in ((140, 45), (80, 24), (60, 20), (40, 15)):
            await stage.pilot.resize_terminal(*size)
            await stage.sees("[1 Storage and file]", "enter next")
            for _ in stage.form.query(Line):
                await stage.press("up")
                here = stage.app.focused
                assert here is not None
                assert stage.app.screen.region.contains_region(here.region), size
        await stage.press("f1")
        await stage.sees("Keys of the form")

    play(news(desk, schema), script)


def test_what_is_written_while_a_check_goes_on_is_checked_too(
    desk: Desk, schema: dict[str, Any]
) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()

    async def script(stage: FormStage) -> None:
        await stage.sees("< warehouse >")
        await stage.press("down", "down", "f2")
        await stage.type("/../../elsewhere")
        await stage.sees("pipelines/news.toml:4:")
        await stage.press("escape", "y")
        await stage.left()

    assert play(news(desk, schema), script) == [None]
    assert file.read_text() == before
