"""What a source that is absent, broken, locked or misnamed leads to."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from profexd.api import (
    ConfigurationInvalid,
    ProfexdError,
    QueryFailed,
    SourceInvalid,
    SourceLocked,
    SourceMissing,
    Stopped,
)
from profexd.export.stop import Stop
from tests.formats.exporting import Export

Table = Callable[[str], Export]

_HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("INSERT INTO t SELECT 2")
print("held", flush=True)
sys.stdin.read()
connection.close()
"""


def failure(export: Export, **source: Any) -> ProfexdError:
    with pytest.raises(ProfexdError) as raised:
        export.build(export.pipeline("csv", source=source))
    return raised.value


def text(export: Export, **source: Any) -> str:
    return export.text("csv", source=source)


def test_a_database_that_is_absent_is_named(table: Table) -> None:
    error = failure(table("SELECT 1"), database="/nowhere/x.duckdb", table="t")
    assert isinstance(error, SourceMissing)
    assert "/nowhere/x.duckdb" in error.message
    assert error.hint


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_database_is_invalid(
    table: Table, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "other.duckdb"
    file.write_bytes(content)
    error = failure(table("SELECT 1"), database=str(file), table="t")
    assert isinstance(error, SourceInvalid)
    assert str(file) in error.message


def test_a_folder_is_no_database(table: Table, tmp_path: Path) -> None:
    error = failure(table("SELECT 1"), database=str(tmp_path), table="t")
    assert isinstance(error, SourceInvalid)


def test_a_table_that_is_absent_brings_the_nearest(table: Table) -> None:
    export = table("SELECT 1")
    with duckdb.connect(str(export.database)) as connection:
        connection.execute("CREATE TABLE profiles AS SELECT 1; CREATE SCHEMA crm")
        connection.execute("CREATE TABLE crm.accounts AS SELECT 1")
    error = failure(export, table="profile")
    assert isinstance(error, SourceMissing)
    assert error.hint == 'did you mean "profiles"?'
    assert failure(export, table="crm.acounts").hint == 'did you mean "crm.accounts"?'


@pytest.mark.parametrize(
    "name",
    ['odd "name"', "o'hara", "with.dot", "new\nline", "nul\0byte", "select", "x; DROP TABLE t"],
)
def test_a_table_may_have_any_name(table: Table, name: str) -> None:
    export = table("SELECT 1")
    quoted = name.replace('"', '""')
    with duckdb.connect(str(export.database)) as connection:
        connection.execute(f'CREATE TABLE "{quoted}" AS SELECT 7 AS "{quoted}"')
    assert text(export, table=name).endswith("7\n")


def test_a_table_may_stand_in_a_schema_and_be_a_view(table: Table) -> None:
    export = table("SELECT 1 AS a")
    with duckdb.connect(str(export.database)) as connection:
        connection.execute(
            'CREATE SCHEMA "my.crm"; CREATE VIEW "my.crm".v AS SELECT a + 1 AS b FROM t'
        )
    assert text(export, table="my.crm.v") == "b\n2\n"
    assert text(export, table="MAIN.T") == "a\n1\n"


def test_a_writer_that_holds_the_database_is_named_by_its_pid(table: Table) -> None:
    export = table("SELECT 1 AS a")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(export.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        error = failure(export, table="t", lock_wait="0")
        holder.communicate()
    assert isinstance(error, SourceLocked)
    assert f"process {holder.pid} " in error.message
    assert "lock_wait" in error.hint


def test_a_lock_is_waited_for(table: Table) -> None:
    export = table("SELECT 1 AS a")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(export.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        release = threading.Timer(0.3, holder.communicate)
        release.start()
        assert text(export, table="t", lock_wait="30s") == "a\n1\n2\n"
        release.join()


def test_waiting_for_a_lock_can_be_stopped(table: Table) -> None:
    export = table("SELECT 1 AS a")
    stop = Stop()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(export.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        threading.Timer(0.2, stop.request).start()
        pipeline = export.pipeline("csv", source={"table": "t", "lock_wait": "50s"})
        with pytest.raises(Stopped):
            export.build(pipeline, stop=stop)
        holder.communicate()


def test_a_reader_does_not_wait_for_another_and_lets_go(table: Table) -> None:
    export = table("SELECT 1 AS a")
    with duckdb.connect(str(export.database), read_only=True):
        done = subprocess.run(
            [sys.executable, "-c", _READER, str(export.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout == "a\n1\n", done.stderr
    export.text("csv")
    with duckdb.connect(str(export.database)) as connection:
        connection.execute("INSERT INTO t SELECT 2")


_READER = """
import sys
from pathlib import Path
from unittest import mock
from tests.formats.exporting import Export
with mock.patch.object(Export, "__post_init__"):
    export = Export(Path(sys.argv[1]), "")
print(export.text("csv"), end="")
"""


def test_a_query_reads_other_files_and_needs_no_database(table: Table, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    export = table("SELECT 5 AS k")
    query = f"SELECT x + y AS z FROM read_csv('{tmp_path}/*.csv') -- all of them"
    assert text(export, query=query) == "z\n3\n"
    pipeline = export.pipeline("csv", source={"query": "FROM t;"})
    assert export.build(pipeline).path.read_text() == "k\n5\n"


def test_files_that_a_query_does_not_find_are_missing(table: Table) -> None:
    error = failure(table("SELECT 1"), query="FROM read_parquet('/nowhere/*.parquet')")
    assert isinstance(error, SourceMissing)
    assert "/nowhere" in error.message


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1) x, (SELECT 2",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/never.csv'",
        "SELECT 1 /* open",
        "ATTACH '/tmp/never.duckdb'",
        "",
    ],
)
def test_a_query_must_be_one_select(table: Table, query: str) -> None:
    assert isinstance(failure(table("SELECT 1"), query=query), ConfigurationInvalid)


def test_a_table_source_reads_no_other_file(table: Table) -> None:
    export = table("SELECT 1 AS a")
    for call in ("read_text('/etc/hostname')", "read_csv('/etc/passwd')", "glob('/etc/*')"):
        pipeline = export.pipeline("csv", keys={"where": f"EXISTS (SELECT 1 FROM {call})"})
        with pytest.raises(ProfexdError, match="Permission"):
            export.build(pipeline)


def test_a_view_over_files_says_why_it_cannot_be_read(table: Table, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    export = table("SELECT 1")
    with duckdb.connect(str(export.database)) as connection:
        connection.execute(f"CREATE VIEW v AS FROM read_csv('{tmp_path}/a.csv')")
    error = failure(export, table="v")
    assert isinstance(error, QueryFailed)
    assert "use query" in error.hint


def test_python_values_are_not_tables(table: Table) -> None:
    error = failure(table("SELECT 1"), query="SELECT * FROM source")
    assert isinstance(error, QueryFailed)


def test_the_session_zone_is_utc_whatever_the_host(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    export = table("SELECT TIMESTAMPTZ '2024-01-01 00:30:00Z' AS tz")
    query = "SELECT tz::DATE AS d, tz::VARCHAR AS t, tz FROM t"
    assert text(export, query=query) == (
        "d,t,tz\n2024-01-01,2024-01-01 00:30:00+00,2024-01-01T00:30:00Z\n"
    )
