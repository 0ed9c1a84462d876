"""Files of a run stay in the spool while a resend needs them, however old they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.wire import RunStatus, Trigger

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "profexd.db")
    yield store
    store.close()


def done(store: Store, number: int) -> Run:
    run = Run(
        run_id=str(number),
        pipeline="news",
        trigger=Trigger.MANUAL,
        instant=NOW,
        status=RunStatus.DONE,
        finished_at=NOW,
        spooled=True,
        state={},
    )
    return store.create_run(run)


def test_files_stay_while_a_resend_waits_or_goes_on(store: Store) -> None:
    origin, other = done(store, 1), done(store, 2)
    resend = store.create_run(
        replace(
            origin,
            trigger=Trigger.RESEND,
            origin=origin.run_id,
            spooled=False,
            status=RunStatus.PENDING,
            finished_at=None,
            sinks=("lake", "(inline)"),
        )
    )
    assert [run.run_id for run in store.spooled(before=NOW)] == [other.run_id]
    kept = store.run(resend.run_id)
    assert kept is not None
    assert (kept.origin, kept.sinks) == (origin.run_id, ("lake", "(inline)"))
    store.save_run(replace(resend, status=RunStatus.DONE, finished_at=NOW))
    assert len(store.spooled(before=NOW)) == 2


def test_a_later_resend_does_not_keep_a_run_from_moving_the_state(store: Store) -> None:
    origin = done(store, 1)
    going = store.create_run(replace(origin, status=RunStatus.RUNNING, finished_at=None))
    store.create_run(replace(origin, trigger=Trigger.RESEND, origin=origin.run_id))
    store.save_state("news", going.run_id, {"manifest": "new"})
    assert store.state("news") == {"manifest": "new"}
    assert store.last_started()["news"].run_id == going.run_id


def test_what_was_built_is_remembered_until_its_folder_goes(store: Store) -> None:
    run = done(store, 1)
    assert store.parts(run.run_id) == []
    store.save_parts(run.run_id, [{"path": "a"}])
    store.save_run(replace(run, rows=1))
    assert store.parts(run.run_id) == [{"path": "a"}]
    store.save_parts(run.run_id, None)
    assert store.parts(run.run_id) == []
