"""The store: what is written is there after a restart, private, and forgotten in time."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from profexd.daemon.state.database import StoreUnusable
from profexd.daemon.state.records import FileRecord, Pause, Run
from profexd.daemon.state.store import Store
from profexd.export.job import Handle
from profexd.wire import RunStatus, Trigger
from tests.daemon.stage import NOON


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "profexd.db")
    yield opened
    opened.close()


def run(run_id: str = "100", **more: object) -> Run:
    values = {"run_id": run_id, "pipeline": "p", "trigger": Trigger.MANUAL, "instant": NOON, **more}
    return Run(**values)  # type: ignore[arg-type]


def test_a_run_is_read_back_as_it_was_written_after_a_restart(tmp_path: Path) -> None:
    written = run(
        status=RunStatus.FAILED,
        by="ada",
        attempt=3,
        scheduled_at=NOON,
        started_at=NOON + timedelta(microseconds=1),
        finished_at=NOON + timedelta(seconds=5),
        phase="deliver",
        rows=2**40,
        bytes=2**41,
        files=(FileRecord(sink="lake", path="a", uri="file:///a", status="published"),),
        warnings=("one", "zwei ü"),
        error={"code": "timeout", "message": "m", "hint": "h"},
        publishing=True,
        owed=True,
        documents={"pipeline": {"path": "x"}},
    )
    first = Store(tmp_path / "profexd.db")
    first.create_run(written)
    first.save_files(written)
    first.close()
    second = Store(tmp_path / "profexd.db")
    assert second.run("100") == written
    second.close()


def test_ids_are_raised_until_unique(store: Store) -> None:
    ids = [store.create_run(run()).run_id for _ in range(3)]
    assert ids == ["100", "101", "102"]
    exports = [store.create_memory(name, NOON).export_id for name in "abc"]
    second = int(NOON.timestamp())
    assert exports == [str(second), str(second + 1), str(second + 2)]


def test_an_id_is_greater_than_all_before_it(store: Store) -> None:
    assert store.create_run(run("500")).run_id == "500"
    assert store.create_run(run("100")).run_id == "501"
    assert store.create_run(run("501")).run_id == "502"


def test_runs_are_listed_newest_first_by_pipeline_and_status(store: Store) -> None:
    for number in range(4):
        store.create_run(run(pipeline="ab"[number % 2], status=[*RunStatus][number]))
    assert [r.run_id for r in store.runs()] == ["103", "102", "101", "100"]
    assert [r.run_id for r in store.runs(pipeline="b")] == ["103", "101"]
    assert [r.run_id for r in store.runs(status="held")] == ["102"]
    assert [r.run_id for r in store.runs(limit=1)] == ["103"]


@pytest.mark.parametrize("run_id", ["", "x", "1; DROP TABLE runs", "²", "9" * 40, "-1"])
def test_what_is_no_run_id_is_no_run(store: Store, run_id: str) -> None:
    assert store.run(run_id) is None


def test_handles_are_remembered_until_they_are_forgotten(store: Store) -> None:
    created = store.create_run(run())
    staged = {"target": "a.csv", "size": 1, "sha256": "", "handle": {"name": ".tmp"}}
    handle = Handle(sink="lake", staged=staged)
    store.save_handle(created.run_id, handle)
    store.save_handle(created.run_id, handle)
    assert store.handles(created.run_id) == (handle,)
    assert [r.run_id for r in store.with_handles()] == ["100"]
    store.mark_published(created.run_id, "lake", "a.csv")
    assert store.with_handles() == []
    store.forget_handle(created.run_id, "lake", "a.csv")
    assert store.handles(created.run_id) == ()


def test_pauses_and_memories_outlive_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / "profexd.db")
    memory = replace(first.create_memory("p", NOON), once_done=True, timing="t", active=True)
    first.save_memory(memory)
    pause = Pause(by="ada", at=NOON, reason="audit", until=NOON + timedelta(days=1))
    first.save_pause("p", pause)
    first.close()
    second = Store(tmp_path / "profexd.db")
    assert second.memories() == {"p": memory}
    assert second.pauses() == {"p": pause}
    second.save_pause("p", None)
    assert second.pauses() == {}
    second.close()


def test_pruning_keeps_the_last_run_and_whatever_is_still_needed(store: Store) -> None:
    old = NOON - timedelta(days=100)
    for number, more in enumerate(
        [
            {},
            {"spooled": True},
            {"owed": True},
            {},
            {"finished_at": NOON},
        ]
    ):
        store.create_run(
            run(str(100 + number), **{"status": RunStatus.DONE, "finished_at": old, **more})
        )
    staged = {"target": "a", "size": 1, "sha256": "", "handle": {}}
    store.save_handle("103", Handle(sink="lake", staged=staged))
    store.create_run(run("200", pipeline="q", status=RunStatus.DONE, finished_at=old))
    gone = store.prune(NOON - timedelta(days=90), keep=frozenset())
    assert gone == ["100"]


def test_pruning_forgets_names_whose_file_is_long_gone(store: Store) -> None:
    for name in ("kept", "gone", "fresh"):
        store.create_memory(name, NOON)
        store.save_pause(name, Pause(by="ada", at=NOON))
    store.touch(["fresh"], NOON + timedelta(days=60))
    store.prune(NOON + timedelta(days=30), keep=frozenset({"kept"}))
    assert set(store.memories()) == set(store.pauses()) == {"kept", "fresh"}


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def half_done() -> None:
        with store.transaction():
            store.create_run(run())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert store.runs() == []


def test_the_first_error_is_told_where_the_transaction_is_gone_already(store: Store) -> None:
    def rolled_back() -> None:
        with store.transaction():
            store.create_run(run())
            store._db.execute("ROLLBACK")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rolled_back()
    assert store.runs() == []


def test_a_commit_that_fails_leaves_no_transaction_open(store: Store) -> None:
    def uncommittable() -> None:
        with store.transaction():
            store._db.execute("PRAGMA defer_foreign_keys = ON")
            staged = {"target": "a", "size": 1, "sha256": "", "handle": {}}
            store.save_handle("404", Handle(sink="lake", staged=staged))

    with pytest.raises(sqlite3.IntegrityError):
        uncommittable()
    created = store.create_run(run())
    assert not store._db.in_transaction
    assert store.runs() == [created]


def test_what_follows_a_transaction_is_done_once_it_is_committed(store: Store) -> None:
    done: list[str] = []
    with store.transaction():
        store.then(lambda: done.append("after"))
        assert done == []
    assert done == ["after"]
    store.then(lambda: done.append("now"))

    def failing() -> None:
        with store.transaction():
            store.then(lambda: done.append("never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert done == ["after", "now"]


def test_the_files_are_private(tmp_path: Path, store: Store) -> None:
    store.create_run(run())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) == {"profexd.db", "profexd.db-wal", "profexd.db-shm"}
    assert set(modes.values()) == {0o600}


def test_a_store_of_a_newer_profexd_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "profexd.db").close()
    with sqlite3.connect(tmp_path / "profexd.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreUnusable, match="version 99"):
        Store(tmp_path / "profexd.db")


def test_an_upgrade_leaves_the_old_tables_to_go_back_to(tmp_path: Path, store: Store) -> None:
    store.create_run(run())
    store.close()
    file = tmp_path / "profexd.db"
    with closing(sqlite3.connect(file)) as database:  # as an older profexd had left it
        (newest,) = database.execute("PRAGMA user_version").fetchone()
        database.executescript("DROP TABLE late; DROP TABLE notices;")
        database.execute(f"PRAGMA user_version = {newest - 1}")
    Store(file).close()
    kept = tmp_path / f"profexd.db.{newest - 1}"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with closing(sqlite3.connect(kept)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (newest - 1,)
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_what_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "profexd.db").write_text("certainly no database, and long enough to be one" * 30)
    with pytest.raises(StoreUnusable, match="not a database"):
        Store(tmp_path / "profexd.db")
