"""The verbs of profexd on real files, called in this process."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from profexd.cli.profexd import VERBS
from profexd.daemon.state.store import Store
from tests.cli.conftest import Command, Outcome

PIPELINE = """\
source = "warehouse"
sink = "outbox"
path = "{name}-${{today}}.csv"
{more}
[format]
type = "csv"
"""


class Files:
    """A configuration directory and the flags that keep a test in its folder."""

    def __init__(self, folder: Path, warehouse: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.outbox = folder / "outbox"
        for kind in ("sources", "sinks", "pipelines"):
            (self.config / kind).mkdir(parents=True)
        (self.config / "sources/warehouse.toml").write_text(
            f'type = "duckdb"\ndatabase = "{warehouse}"\ntable = "profiles"\n'
            '[profiles]\nkey = "profile_id"\n'
        )
        (self.config / "sinks/outbox.toml").write_text(f'type = "file"\nroot = "{self.outbox}"\n')
        self.flags = (
            *("--config", str(self.config), "--state", str(folder / "state")),
            *("--spool", str(folder / "spool"), "--socket", str(folder / "s.sock")),
        )

    def pipeline(self, name: str, more: str = "") -> Path:
        file = self.config / "pipelines" / f"{name}.toml"
        file.write_text(PIPELINE.format(name=name, more=more))
        return file


@pytest.fixture
def files(tmp_path: Path, warehouse: Path) -> Files:
    return Files(tmp_path, warehouse)


@pytest.fixture
def profexd(profexd_command: Command, files: Files) -> Callable[..., Outcome]:
    return lambda *arguments: profexd_command(*files.flags, *arguments)


# --- check


def test_a_configuration_directory_that_is_not_there_is_told(
    profexd_command: Command, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    for arguments in (("export", "nope"), ("check",)):
        outcome = profexd_command(*arguments, "--config", str(nowhere))
        assert outcome.code == 2
        assert str(nowhere) in outcome.err
        assert "profexd init" in outcome.err
    assert (
        "there is no configuration directory"
        in profexd_command("export", "nope", "--config", str(nowhere)).err
    )


def test_check_is_0_when_all_is_well(profexd: Command, files: Files) -> None:
    files.pipeline("a")
    outcome = profexd("check")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"1 pipeline in {files.config}: ok\n"


def test_check_warns_of_a_time_that_passed_before_the_file_was_seen(
    profexd: Command, files: Files
) -> None:
    files.pipeline("a", 'schedule = "once at 2020-01-01T03:00"')
    told = 'schedule: "once at 2020-01-01T03:00" lies in the past: it will never run'
    assert told in profexd("check").err
    (files.folder / "state").mkdir(mode=0o700)
    store = Store(files.folder / "state/profexd.db")
    memory = store.create_memory("a", datetime(2021, 1, 1, tzinfo=UTC))
    assert told in profexd("check").err
    store.save_memory(replace(memory, once_done=True))
    assert told not in profexd("check").err
    store.save_memory(replace(memory, cursor=datetime(2019, 1, 1, tzinfo=UTC)))
    assert told not in profexd("check").err  # the daemon was down then: it is caught up
    store.close()


def test_check_names_file_line_column_and_key(profexd: Command, files: Files) -> None:
    files.pipeline("a", "scedule = 1")
    outcome = profexd("check")
    assert outcome.code == 2
    assert outcome.err.startswith("pipelines/a.toml:4:1: scedule: unknown key")
    answer = profexd("check", "--json")
    assert answer.code == 2
    assert answer.json["ok"] is False
    problem = answer.json["problems"][0]
    assert (problem["file"], problem["line"], problem["column"], problem["key"]) == (
        *("pipelines/a.toml", 4, 1),
        "scedule",
    )
    assert problem["severity"] == "error"
    assert answer.err == ""


def test_check_fatal_only_minds_profexd_toml_alone(profexd: Command, files: Files) -> None:
    files.pipeline("a", "scedule = 1")
    assert profexd("check", "--fatal-only").code == 0
    (files.config / "profexd.toml").write_text("bogus = 1\n")
    outcome = profexd("check", "--fatal-only", "--json")
    assert outcome.code == 2
    assert {problem["file"] for problem in outcome.json["problems"]} == {"profexd.toml"}


def test_check_takes_a_draft_from_anywhere(profexd: Command, files: Files) -> None:
    draft = files.pipeline("draft", "where = 1").rename(files.folder / "draft.toml")
    outcome = profexd("check", str(draft))
    assert outcome.code == 2
    assert ":4:" in outcome.err
    assert profexd("check", str(files.folder / "none.toml")).code == 2
    assert profexd("check", str(draft), "--fatal-only").code == 2


def test_path_flags_may_stand_on_either_side_of_the_verb(
    profexd_command: Command, files: Files
) -> None:
    files.pipeline("a")
    before = profexd_command("--config", str(files.config), "check")
    after = profexd_command("check", "--config", str(files.config))
    assert (before.code, before.err) == (after.code, after.err) == (0, before.err)
    assert str(files.config) in before.err


# --- preview, export


def test_preview_shows_a_draft_without_delivering(profexd: Command, files: Files) -> None:
    draft = files.pipeline("draft", 'where = "visits > 40"').rename(files.folder / "draft.toml")
    answer = profexd("preview", str(draft), "--limit", "2", "--json").json
    assert answer["pipeline"] == "draft"
    assert answer["columns"][0]["name"] == "profile_id"
    assert len(answer["rows"]) == 2
    assert answer["files"][0]["uri"].startswith(f"file://{files.outbox}/draft-")
    text = profexd("preview", str(draft), "--text").out
    assert text.startswith("profile_id,")
    assert not files.outbox.exists()


def test_preview_of_a_name_that_has_run_shows_what_its_next_run_would_hold(
    profexd: Command, files: Files
) -> None:
    own = 'mode = "changed"\n[columns]\nrename = { visits = "Visits" }'
    file = files.pipeline("a", own)
    text = file.read_text()
    file.write_text(text.replace("a-", "${export_id}-"))
    (delivered,) = profexd("export", "a", "--json").json["files"]
    export_id = delivered["path"].partition("-")[0]
    kept = files.folder / "state/kept"
    before = sorted(kept.rglob("*"))
    answer = profexd("preview", str(file), "--json").json
    assert (answer["rows_matching"], answer["added"], answer["removed"]) == (0, [], [])
    assert answer["files"][0]["path"].startswith(f"{export_id}-")
    file.write_text(file.read_text().replace('"Visits"', '"Calls"'))
    answer = profexd("preview", str(file), "--json").json
    assert (answer["added"], answer["removed"]) == (["Calls"], ["Visits"])
    assert answer["rows_matching"] == delivered["rows"]
    assert sorted(kept.rglob("*")) == before


def test_preview_of_what_is_not_valid_is_2(profexd: Command, files: Files) -> None:
    outcome = profexd("preview", str(files.pipeline("a", "scedule = 1")))
    assert outcome.code == 2
    assert "pipelines/a.toml:4:1: scedule" in outcome.err
    assert "(config_invalid)" in outcome.err
    assert profexd("preview", "nowhere.toml").code == 2


def test_preview_of_a_source_that_is_not_there_is_1(profexd: Command, files: Files) -> None:
    (files.config / "sources/warehouse.toml").write_text(
        'type = "duckdb"\ndatabase = "/nowhere/w.duckdb"\ntable = "profiles"\n'
    )
    outcome = profexd("preview", str(files.pipeline("a")))
    assert outcome.code == 1
    assert "(source_missing)" in outcome.err
    assert "Traceback" not in outcome.err


def test_export_delivers_and_prints_the_run(profexd: Command, files: Files) -> None:
    files.pipeline("a")
    outcome = profexd("export", "a", "--json")
    assert outcome.code == 0
    run = outcome.json
    assert (run["status"], run["trigger"], run["rows"]) == ("done", "export", 1000)
    (file,) = run["files"]
    assert (files.outbox / file["path"]).stat().st_size == file["bytes"] == run["bytes"]
    told = profexd("export", "a")
    assert "1,000 rows" in told.out
    assert file["uri"] in told.out


def test_export_is_2_for_what_cannot_start_and_1_for_what_fails(
    profexd: Command, files: Files
) -> None:
    files.pipeline("broken", "scedule = 1")
    files.pipeline("off", "enabled = false")
    files.pipeline("wrong", 'where = "visits / nothing > 1"')
    files.pipeline("failing", 'where = "email::INTEGER > 1"')
    unknown = profexd("export", "nobody")
    assert (unknown.code, "(unknown_pipeline)" in unknown.err) == (2, True)
    assert profexd("export", "broken").code == 2
    disabled = profexd("export", "off")
    assert (disabled.code, "(disabled)" in disabled.err) == (1, True)
    wrong = profexd("export", "wrong", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (2, "config_invalid")
    failed = profexd("export", "failing", "--json")
    assert (failed.code, failed.json["error"]["code"]) == (1, "query_failed")


# --- init, schema


def test_init_writes_a_valid_skeleton_and_never_overwrites(
    profexd_command: Command, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    first = profexd_command("init", str(target))
    written = [Path(line) for line in first.out.splitlines()]
    assert target / "profexd.toml" in written
    assert f"profexd check --config {target}" in first.err
    assert profexd_command("check", "--config", str(target)).code == 0
    for file in written:
        if file.parent.name == "sinks":
            assert stat.S_IMODE(file.stat().st_mode) == 0o640
    mine = written[0]
    mine.write_text("# mine\n")
    second = profexd_command("init", str(target), "--json").json
    assert second["written"] == []
    assert sorted(second["kept"]) == sorted(map(str, written))
    assert mine.read_text() == "# mine\n"


def test_init_goes_where_profexd_looks(profexd_command: Command, tmp_path: Path) -> None:
    assert profexd_command("init", "--config", str(tmp_path / "c")).code == 0
    assert (tmp_path / "c/profexd.toml").is_file()


def test_init_where_a_file_is_in_the_way_is_one_line(
    profexd_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "c").touch()
    outcome = profexd_command("init", str(tmp_path / "c"))
    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {tmp_path}/c")
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("kind", [(), ("profexd",), ("source",), ("sink",), ("pipeline",)])
def test_schema_is_a_json_schema(profexd_command: Command, kind: tuple[str, ...]) -> None:
    assert isinstance(profexd_command("schema", *kind).json, dict)


# --- the command itself


def test_usage_errors_are_64_without_a_verb_and_2_with_one(profexd_command: Command) -> None:
    assert profexd_command("--bogus").code == 64
    assert profexd_command("--log-level", "loud").code == 64
    assert profexd_command("--config", "").code == 64
    assert profexd_command("check", "--bogus").code == 2
    unknown = profexd_command("chek")
    assert (unknown.code, 'did you mean "check"' in unknown.err) == (2, True)
    assert profexd_command("--log-level", "info", "check").code == 2


def test_version_and_help(profexd_command: Command) -> None:
    assert profexd_command("--version").out.startswith("profexd 0.")
    for verb in VERBS:
        assert f"  {verb} " in profexd_command("--help").out
        assert profexd_command(verb, "--help").code == 0


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [
        sys.executable,
        "-c",
        "from profexd.cli.profexd import main; raise SystemExit(main())",
    ]
    with subprocess.Popen(
        [*command, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_json_is_the_whole_of_stdout(profexd: Command, files: Files) -> None:
    files.pipeline("a")
    json.loads(profexd("check", "--json").out)
    json.loads(profexd("preview", str(files.config / "pipelines/a.toml"), "--json").out)


def test_json_loses_no_character_where_the_terminal_knows_few(files: Files) -> None:
    files.pipeline("a", '"李" = 1')
    call = "import sys; from profexd.cli.profexd import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", call, "check", "--json", *files.flags],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "latin-1"},
    )
    assert json.loads(done.stdout.decode("ascii"))["problems"][0]["key"] == "李"
    assert done.stderr == b""


def test_variables_for_the_daemons_log_do_not_disturb_the_verbs(
    profexd_command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROFEXD_LOG_FORMAT", "json")
    monkeypatch.setenv("PROFEXD_LOG_LEVEL", "debug")
    assert profexd_command("check", "--config", str(tmp_path)).code in (0, 2)
    assert profexd_command("schema").code == 0
    monkeypatch.setenv("PROFEXD_LOG_LEVEL", "loud")
    assert profexd_command().code == 64


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">/dev/full"])
def test_a_closed_or_full_output_is_no_traceback(redirection: str) -> None:
    call = "import sys; from profexd.cli.profexd import main; sys.exit(main(['schema']))"
    done = subprocess.run(
        f'{sys.executable} -c "{call}" {redirection}',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if "full" in redirection else 0)
