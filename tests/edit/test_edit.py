"""profexctl edit: a copy is edited, checked, and saved whole, as whose it was."""

from __future__ import annotations

import json
import os
import stat
import tomllib

from tests.edit.driving import Desk


def test_a_file_is_edited_and_saved_with_its_owner_group_and_mode(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    os.chmod(file, 0o640)
    if os.getuid() == 0:
        os.chown(file, 0, 12345)
    before = file.stat()
    desk.editor("sed -i 's/news.csv/letters.csv/' \"$1\"")
    told = desk.at_terminal("edit", "news")
    assert told.code == 0, told.screen
    assert told.out == f"saved {file}\n"
    assert 'path     = "letters.csv"' in file.read_text()
    assert file.read_text().startswith("# The newsletter's people.\n")
    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert sorted(os.listdir(file.parent)) == ["news.toml"]


def test_what_is_wrong_is_shown_by_line_and_column_and_edited_again(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    desk.editor(
        "sed -i 's/^sink /sinck /' \"$1\"",
        "sed -i 's/^sinck /sink /; s/news.csv/b.csv/' \"$1\"",
    )
    told = desk.at_terminal("edit", "news", typed=["e"])
    assert told.code == 0, told.screen
    assert "pipelines/news.toml:3:1: sinck: unknown key" in told.screen
    assert desk.edited == 2
    assert 'sink     = "lake"\npath     = "b.csv"' in file.read_text()


def test_a_broken_file_is_saved_only_where_one_says_so(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()
    desk.editor("echo 'oops' >> \"$1\"")
    told = desk.at_terminal("edit", "news", typed=["x", "d"])
    assert told.code == 1
    assert "nothing saved" in told.screen
    assert file.read_text() == before
    (desk.folder / "edited").unlink()
    told = desk.at_terminal("edit", "news", "--json", typed=["s"])
    assert told.code == 0
    answer = json.loads(told.out)
    assert answer["saved"] is True
    assert answer["file"] == str(file)
    assert answer["problems"][0]["line"] == 8
    assert file.read_text() == f"{before}oops\n"


def test_a_file_left_as_it_was_is_not_written(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.stat()
    desk.editor("true")
    told = desk.at_terminal("edit", "news")
    assert told.code == 0
    assert "nothing changed" in told.screen
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_sources_sinks_and_settings_are_edited_by_their_paths(desk: Desk) -> None:
    settings = desk.write("profexd.toml", 'timezone = "UTC"\n')
    desk.editor("sed -i 's|UTC|Europe/Rome|' \"$1\"", "sed -i 's|/out|/elsewhere|' \"$1\"")
    assert desk.at_terminal("edit", "profexd.toml").code == 0
    assert settings.read_text() == 'timezone = "Europe/Rome"\n'
    assert desk.at_terminal("edit", "sinks/lake").code == 0
    assert "/elsewhere" in (desk.config / "sinks/lake.toml").read_text()


def test_what_a_source_would_break_in_pipelines_is_shown(desk: Desk) -> None:
    news = desk.config / "pipelines/news.toml"
    news.write_text(f'order_by = "email"\n{news.read_text()}')
    desk.editor('sed -i \'s/table = .*/query = "SELECT 1 AS profile_id"/\' "$1"')
    told = desk.at_terminal("edit", "sources/warehouse", typed=["d"])
    assert told.code == 1
    assert "it would break 1 other file" in told.screen
    assert "pipelines/news.toml:1:" in told.screen


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten_unasked(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    desk.editor(f"echo '# theirs' >> {file}; echo '# ours' >> \"$1\"")
    told = desk.at_terminal("edit", "news", typed=["d"])
    assert told.code == 1
    assert "changed by somebody else" in told.screen
    assert file.read_text().endswith("# theirs\n")


def test_a_link_stays_a_link(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    real = desk.folder / "real.toml"
    file.rename(real)
    file.symlink_to(real)
    desk.editor("echo '# more' >> \"$1\"")
    assert desk.at_terminal("edit", "news").code == 0
    assert file.is_symlink()
    assert real.read_text().endswith("# more\n")


def test_a_file_that_may_not_be_written_is_for_sudoedit(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    desk.editor("true")
    desk.forbid("pipelines")
    told = desk.at_terminal("edit", "news")
    assert told.code == 5, told.screen
    assert f"hint: sudoedit {file}" in told.screen
    assert desk.edited == 0


def test_an_editor_that_fails_saves_nothing(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()
    desk.editor('echo oops > "$1"; exit 3')
    told = desk.at_terminal("edit", "news")
    assert told.code == 1
    assert "editor_failed" in told.screen
    assert file.read_text() == before
    desk.environ["VISUAL"] = "/no/such/editor"
    assert "/no/such/editor: No such file" in desk.at_terminal("edit", "news").screen


def test_without_a_terminal_or_without_such_a_file_it_says_so(desk: Desk) -> None:
    told = desk.call("edit", "news")
    assert (told.code, "needs a terminal" in told.screen) == (2, True)
    told = desk.at_terminal("edit", "nonesuch")
    assert told.code == 2
    assert "hint: profexctl new pipeline nonesuch" in told.screen
    assert desk.at_terminal("edit", "etc/passwd").code == 2
    assert desk.at_terminal("edit", "../news").code == 2


def test_single_keys_are_changed_without_an_editor(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    before = file.read_text()
    told = desk.call(
        *("edit", "news", "--set", "path=b.csv", "--set", "checks.min_rows=10", "--json"),
    )
    assert told.code == 0, told.screen
    assert json.loads(told.out)["saved"] is True
    changed = before.replace("news.csv", "b.csv") + "\n[checks]\nmin_rows = 10\n"
    assert file.read_text() == changed
    told = desk.call("edit", "news", "--unset", "checks.min_rows", "--set", "order_by=emial")
    assert (told.code, "order_by" in told.screen) == (2, True)
    assert file.read_text() == changed


def test_a_file_is_gone_through_step_by_step_on_demand(desk: Desk) -> None:
    file = desk.config / "pipelines/news.toml"
    typed = [
        *("", "", "b.csv", "", "", ""),
        "",
        *("", "y", "country", "is", "IT", "", "none"),
        *("hourly", "y", "command", "mail, ops", "failed", "", "", "checks"),
        *("7", *[""] * 9, "y"),
    ]
    before = file.read_text()
    told = desk.at_terminal("edit", "news", "--ask", typed=typed)
    assert told.code == 0, told.screen
    assert "1. country is IT" in told.screen
    assert "1. command on failed: mail, ops" in told.screen
    assert file.read_text().startswith(before.replace("news.csv", "b.csv").partition("path")[0])
    said = tomllib.loads(file.read_text())
    assert said["filter"] == {
        "conditions": [{"property": "country", "operator": "is", "value": "IT"}]
    }
    assert said["notify"] == [{"command": ["mail", "ops"], "on": ["failed"]}]
    assert (said["schedule"], said["checks"]) == ("hourly", {"min_rows": 7})
