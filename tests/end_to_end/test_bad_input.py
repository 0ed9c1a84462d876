"""What goes wrong says what, on what, and what to do; never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Site


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "none", mount], check=True)
    yield mount
    subprocess.run(["umount", mount], check=True)


def failure(site: Site, name: str = "bad") -> dict[str, str]:
    answer = site.profexd("export", name, "--json")
    run = answer.json
    assert run["status"] == "failed"
    error: dict[str, str] = run["error"]
    wrong = error["code"] == "config_invalid"
    assert answer.code == (2 if wrong else 1), (answer.code, answer.err)
    assert error["message"]
    assert "\n" not in error["message"]
    assert error["hint"]
    assert not site.outbox.exists() or site.everything() == []
    return error


def source(site: Site, body: str) -> None:
    site.write("sources/bad.toml", f'type = "duckdb"\n{body}\n')
    site.pipeline("bad", source='"bad"')


def test_a_missing_warehouse_is_named(site: Site) -> None:
    source(site, 'database = "/nowhere/w.duckdb"\ntable = "profiles"')
    error = failure(site)
    assert error["code"] == "source_missing"
    assert "/nowhere/w.duckdb" in error["message"]


def test_a_file_that_is_no_database_is_named(site: Site) -> None:
    other = site.folder / "notes.txt"
    other.write_text("hello " * 1000)
    source(site, f'database = "{other}"\ntable = "profiles"')
    error = failure(site)
    assert error["code"] == "source_invalid"
    assert str(other) in error["message"]


def test_a_missing_table_is_named_with_its_nearest_neighbour(site: Site, warehouse: Path) -> None:
    source(site, f'database = "{warehouse}"\ntable = "profile"')
    error = failure(site)
    assert error["code"] == "source_missing"
    assert "profile" in error["message"]
    assert "profiles" in error["message"] + error["hint"]


def test_a_locked_warehouse_names_the_process_that_holds_it(site: Site) -> None:
    database = site.folder / "locked.duckdb"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(database)!r});"
            "c.execute('create table t as select 1 a'); print('ready', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        source(site, f'database = "{database}"\ntable = "t"\nlock_wait = "1s"')
        error = failure(site)
        holder.kill()
    assert error["code"] == "source_locked"
    assert str(holder.pid) in error["message"]


def test_a_query_that_fails_halfway_publishes_nothing(site: Site) -> None:
    broken = "CASE WHEN i = 900000 THEN error('no such customer') ELSE i::VARCHAR END"
    source(site, f'query = "SELECT {broken} AS a FROM range(1000000) r(i)"')
    error = failure(site)
    assert error["code"] == "query_failed"
    assert "no such customer" in error["message"]


def test_a_where_that_the_engine_refuses_is_named(site: Site) -> None:
    site.pipeline("bad", where='"visists > 3"')
    error = failure(site)
    assert "visists" in error["message"]


@pytest.mark.parametrize("where", ["1=1) OR (1=1", "1=1; DROP TABLE profiles", "true)", "1=1, 2=2"])
def test_a_where_is_one_expression_by_itself(site: Site, where: str) -> None:
    site.pipeline("bad", where=f'"{where}"')
    answer = site.profexd("export", "bad")
    assert answer.code in (1, 2)
    assert "where" in answer.out + answer.err
    assert not site.outbox.exists() or site.everything() == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"path": '"../out.csv"'}, ".."),
        ({"path": '"/etc/out.csv"'}, "must be relative"),
        ({"path": '"${yesterday}.csv"'}, "yesterday"),
        ({"path": '"${today.csv"'}, "${today.csv"),
        ({"format": 'type = "csv"\nseparator = ";;"'}, "separator"),
        ({"format": 'type = "csv"\nseperator = ";"'}, 'did you mean "separator"'),
        ({"format": 'type = "cvs"'}, "cvs"),
        ({"compression": '"gz"'}, "gz"),
        ({"schedule": '"every 25h"'}, "every 25h"),
        ({"source": '"warehose"'}, 'did you mean "warehouse"'),
        ({"sink": '"outbux"'}, 'did you mean "outbox"'),
        ({"enabled": '"yes"'}, "enabled"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(
    site: Site, keys: dict[str, str], words: str
) -> None:
    site.pipeline("bad", **keys)
    export = site.profexd("export", "bad")
    assert export.code == 2
    assert words in export.err
    assert "pipelines/bad.toml:" in export.err
    check = site.profexd("check", "--json")
    assert check.code == 2
    [problem] = check.json["problems"]
    assert problem["file"] == "pipelines/bad.toml"
    assert problem["line"] >= 1
    assert problem["column"] >= 1
    assert words in f"{problem['key']}: {problem['message']} {problem['hint']}"


def test_every_mistake_of_every_file_is_told_at_once(site: Site) -> None:
    site.pipeline("one", paht='"x"', compression='"rar"', enabled="1")
    site.write("sources/two.toml", 'type = "duckdb"\ntabel = "x"\n')
    site.write("sinks/three.toml", "type = \n")
    site.pipeline("fine")
    problems = site.profexd("check", "--json").json["problems"]
    places = {(p["file"], p["key"]) for p in problems}
    assert {
        ("pipelines/one.toml", "paht"),
        ("pipelines/one.toml", "compression"),
        ("pipelines/one.toml", "enabled"),
        ("sources/two.toml", "tabel"),
    } <= places
    assert any(p["file"] == "sinks/three.toml" and p["line"] == 1 for p in problems)
    assert not any(p["file"] == "pipelines/fine.toml" for p in problems)


def test_a_full_target_is_named_and_keeps_nothing(site: Site, small_disk: Path) -> None:
    site.write("sinks/small.toml", f'type = "file"\nroot = "{small_disk}"\n')
    site.pipeline("bad", sink='"small"')
    error = failure(site)
    assert error["code"] == "disk_full"
    assert str(small_disk) in error["message"]
    assert [p for p in small_disk.rglob("*") if p.is_file()] == []


def test_a_full_spool_is_named_and_nothing_is_published(site: Site, small_disk: Path) -> None:
    site.spool = small_disk
    site.pipeline("bad")
    error = failure(site)
    assert error["code"] == "disk_full"
    assert str(small_disk) in error["message"]


def test_a_spool_too_small_for_another_such_run_is_named_before_anything_is_read(
    site: Site, small_disk: Path
) -> None:
    site.spool = small_disk
    site.write("sources/wide.toml", 'type = "duckdb"\nquery = "SELECT repeat(\'x\', 24000) AS a"\n')
    site.pipeline("bad", source='"wide"')
    assert site.profexd("export", "bad").code == 0
    (small_disk / "ballast").write_bytes(bytes(32_000))
    (site.outbox / "bad.csv").unlink()
    error = failure(site)
    assert error["code"] == "spool_full"
    assert "24,0" in error["message"]


def test_a_secret_is_printed_nowhere(site: Site) -> None:
    canary = "canary-4f1d09"
    site.write(
        "sources/bad.toml", f'type = "duckdb"\nquery = "SELECT error(getenv_{canary}) AS a"\n'
    )
    site.write("sinks/odd.toml", f'type = "file"\nroot = "{site.outbox}"\npassword = "{canary}"\n')
    site.pipeline("bad", sink='"odd"')
    answer = site.profexd("check")
    assert "password" in answer.err
    assert canary not in answer.out + answer.err
