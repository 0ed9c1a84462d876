"""profexctl new: files from options, from a copy, and from answers; checked, never overwritten."""

from __future__ import annotations

import json
import stat
import tomllib

from tests.edit.driving import Desk

PIPELINE = (
    *("--set", "source=warehouse", "--set", "sink=lake", "--set", "path=mail/${today}.csv"),
    *("--set", "format.type=csv", "--set", 'order_by=["email"]'),
)


def test_a_pipeline_is_made_from_options_and_shown(desk: Desk) -> None:
    told = desk.call("new", "pipeline", "mail", *PIPELINE)
    file = desk.config / "pipelines/mail.toml"
    assert (told.code, told.out) == (0, f"saved {file}\n"), told.screen
    assert f"would write  file://{desk.folder}/out/mail/" in told.screen
    assert "user1" in told.screen
    assert file.read_text() == (
        'source = "warehouse"\nsink = "lake"\npath = "mail/${today}.csv"\norder_by = ["email"]\n'
        '\n[format]\ntype = "csv"\n'
    )


def test_what_is_wrong_keeps_it_from_being_saved(desk: Desk) -> None:
    told = desk.call("new", "pipeline", "mail", *PIPELINE, "--set", "order_by=emial", "--json")
    assert told.code == 2
    answer = json.loads(told.out)
    assert answer["saved"] is False
    assert answer["problems"][0]["key"] == "order_by"
    assert not (desk.config / "pipelines/mail.toml").exists()


def test_a_file_that_is_there_is_never_overwritten(desk: Desk) -> None:
    before = (desk.config / "pipelines/news.toml").read_text()
    told = desk.call("new", "pipeline", "news", *PIPELINE)
    assert (told.code, "file_exists" in told.screen) == (1, True)
    assert (desk.config / "pipelines/news.toml").read_text() == before


def test_a_copy_keeps_comments_and_order(desk: Desk) -> None:
    news = desk.config / "pipelines/news.toml"
    told = desk.call(
        *("new", "pipeline", "copy", "--from", str(news)),
        *("--set", "path=copy.csv", "--set", "format.separator=;"),
    )
    assert told.code == 0, told.screen
    assert (desk.config / "pipelines/copy.toml").read_text() == (
        news.read_text().replace("news.csv", "copy.csv") + 'separator = ";"\n'
    )


def test_the_file_of_a_sink_is_not_for_everybody(desk: Desk) -> None:
    told = desk.call(
        *("new", "sink", "drop", "--set", "type=sftp", "--set", "host=drop.example.com"),
        *("--set", "username=us", "--set", 'password={ env = "DROP" }'),
        *("--set", "known_hosts=/etc/ssh/ssh_known_hosts"),
    )
    assert told.code == 0, told.screen
    assert "files go to  sftp://" in told.screen
    file = desk.config / "sinks/drop.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert tomllib.loads(file.read_text())["password"] == {"env": "DROP"}


def test_wrong_usage_is_told(desk: Desk) -> None:
    for arguments, said in (
        (("pipeline", "mail"), "no terminal to ask on"),
        (("pipeline", "Mail", *PIPELINE), '"Mail" cannot be a name'),
        (("pipeline", "mail", "--set", "path"), "is not key=value"),
        (("pipeline", "mail", "--set", "a b=1"), "is no key"),
        (("pipeline", "mail", "--set", 'order_by=["a'), "is not TOML"),
        (("pipeline", "mail", "--set", "source=a", "--set", "source.table=b"), "is no table"),
        (("pipeline", "mail", "--from", "/no/such/file"), "No such file"),
    ):
        told = desk.call("new", *arguments)
        assert (told.code, said in told.screen) == (2, True), told.screen
    assert not (desk.config / "pipelines/mail.toml").exists()


def test_without_the_right_to_write_it_names_the_command_that_can(desk: Desk) -> None:
    desk.forbid("pipelines")
    told = desk.call("new", "pipeline", "mail", *PIPELINE)
    assert told.code == 5
    assert f"hint: sudoedit {desk.config}/pipelines/mail.toml" in told.screen


def test_a_pipeline_is_made_by_answering_four_steps(desk: Desk) -> None:
    typed = [
        *("warehouse", "lake", "?", "mail/${today}.csv", "csv", "gzi", ""),
        *("email, phone", "all", "no", "", "n"),
        *("email, -visits", "no", "columns", "", "", "", "", "phone = Phone Number", "lock"),
        *("every 6h", "no", "none"),
        "y",
    ]
    told = desk.at_terminal("new", "pipeline", "mail", typed=typed)
    assert told.code == 0, told.screen
    for said in ("1 of 4  Storage and file", "4 of 4  Schedule", "for example customers-"):
        assert said in told.screen, told.screen
    assert "the source has: profile_id varchar" in told.screen
    assert tomllib.loads((desk.config / "pipelines/mail.toml").read_text()) == {
        "source": "warehouse",
        "sink": "lake",
        "path": "mail/${today}.csv",
        "compression": "gzip",
        "schedule": "every 6h",
        "order_by": ["email", "-visits"],
        "format": {"type": "csv"},
        "identity": {"columns": ["email", "phone"], "export": "all"},
        "columns": {"rename": {"phone": "Phone Number"}, "schema": "lock"},
    }


def test_a_secret_is_asked_for_by_where_it_is(desk: Desk) -> None:
    typed = [
        *("s3", "exports", "", "eu-west-1", "AKIAEXAMPLEEXAMPLE00", "", "", "", ""),
        *("hunter2", "env:S3_SECRET", "", *[""] * 4, "y"),
    ]
    told = desk.at_terminal("new", "sink", "cloud", typed=typed)
    assert "write where the secret is: env:NAME" in told.screen, told.screen
    assert told.code == 0, told.screen
    said = tomllib.loads((desk.config / "sinks/cloud.toml").read_text())
    assert said["secret_access_key"] == {"env": "S3_SECRET"}


def test_giving_up_saves_nothing(desk: Desk) -> None:
    told = desk.at_terminal("new", "pipeline", "mail", typed=["warehouse"])
    assert (told.code, "nothing saved" in told.screen) == (1, True), told.screen
    assert not (desk.config / "pipelines/mail.toml").exists()
