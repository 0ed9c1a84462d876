"""A run that began to publish only goes forward, and nothing newer comes before it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from profexd.api.options import Secret
from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.daemon import inbox
from profexd.daemon.state.store import Store
from profexd.daemon.state.withheld import withhold
from profexd.daemon.timing.decide import Refused
from profexd.export.job import Handle, Job
from profexd.export.messages import Finished, Message, Published, Staging
from profexd.export.redact import Secrets
from profexd.export.run import perform
from profexd.export.stop import Stop
from profexd.torture.warehouse import Warehouse
from profexd.wire import RunStatus
from tests.daemon.stage import Stage, run_async
from tests.daemon.test_core_restart import crashed


class Dies(BaseException):
    """The process ends here."""


class Journal:
    """Remembers the handles; the process dies when its first file is published."""

    def __init__(self, *, dies: bool) -> None:
        self.handles: dict[str, Handle] = {}
        self.ended = ""
        self._dies = dies

    def tell(self, message: Message) -> None:
        return

    def ask(self, message: Message) -> bool:
        match message:
            case Staging(sink=sink, staged=staged):
                self.handles[staged["target"]] = Handle(sink=sink, staged=staged)
            case Published(path=path):
                if self._dies:
                    raise Dies
                self.handles[path] = replace(self.handles[path], published=True)
            case Finished(status=status):
                self.ended = str(status)
        return True


def performed(job: Job, journal: Journal, stop: Stop) -> None:
    perform(job, catalog=load_catalog(), journal=journal, secrets=Secrets(os.environ), stop=stop)


def test_a_process_that_publishes_the_rest_is_stopped_by_no_signal(tmp_path: Path) -> None:
    Warehouse(tmp_path / "w.duckdb", Random(1))
    stage = Stage(tmp_path)
    stage.write("news", path='"${part}.csv"', split="{ max_rows = 40 }")
    source = stage.config / "sources/warehouse.toml"
    source.write_text(source.read_text().replace("profiles", "customers"))
    entry = load(stage.config, load_catalog()).pipelines["news"]
    assert entry.pipeline is not None
    job = Job(
        action="run",
        run_id="1",
        export_id="1",
        pipeline="news",
        instant=datetime.now(UTC),
        documents=entry.pipeline.documents,
        spool=str(tmp_path / "spool"),
    )
    dead = Journal(dies=True)
    with pytest.raises(Dies):
        performed(job, dead, Stop())
    assert len(dead.handles) > 2
    stop = Stop()
    # The daemon ends, and asks the process to, before it has begun.
    stop.request()
    living = Journal(dies=False)
    living.handles = dict(dead.handles)
    handles = tuple(dead.handles.values())
    performed(replace(job, action="finish", handles=handles), living, stop)
    assert living.ended == "done"
    assert {path.name for path in (tmp_path / "out").iterdir()} == dead.handles.keys()


def test_no_run_starts_by_a_state_that_the_last_one_is_still_to_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, settings='[spool]\nkeep = "0"')
    stage.write("die-published")
    stage.write("quick")
    forget = Store.forget_handle
    full = True

    def half_full(store: Store, run_id: str, sink: str, target: str) -> None:
        # Room for little, and not for the end of a run.
        if full and "die-published" in str(store.run(run_id)):
            raise sqlite3.OperationalError("database or disk is full")
        forget(store, run_id, sink, target)

    async def scene() -> None:
        nonlocal full
        monkeypatch.setattr(Store, "forget_handle", half_full)
        async with stage.playing() as play:
            first = await play.run_now("die-published")
            await play.until(lambda: first.run_id in play.core.roster.unwritten)
            second = await play.run_now("die-published")
            other = await play.over((await play.run_now("quick")).run_id)
            assert other.status is RunStatus.DONE
            assert play.run(second.run_id).status is RunStatus.PENDING
            stored = play.store.run(first.run_id)
            assert stored is not None
            assert stored.status is RunStatus.RUNNING, "what is done has moved the state"
            full = False
            assert (await play.over(second.run_id)).status is RunStatus.DONE
            await play.spool.removed()
            assert list(stage.spool.iterdir()) == []

    run_async(scene())


@pytest.mark.parametrize("back", [False, True])
def test_a_half_published_run_whose_pipeline_is_gone_stays_in_the_way_of_what_is_newer(
    tmp_path: Path, back: bool
) -> None:
    """And it goes on as soon as its file is back."""
    stage = Stage(tmp_path)
    file = stage.write("slow-publishing_x")
    stage.write("quick_x")

    async def scene() -> None:
        run_id = await crashed(stage, "slow-publishing_x", condition="publishing")
        good = file.read_text()
        file.unlink()
        secret_withheld(tmp_path, run_id)
        async with stage.playing() as play:
            other = await play.run_now("quick_x")
            await play.until(lambda: play.run(other.run_id).files)
            assert f"waits for run {run_id} of slow-publishing_x" in play.log(other.run_id)
            assert play.run(run_id).error is not None
            if not back:
                play.core.post(inbox.Drain())
                await play.core.quiet()
                assert play.run(other.run_id).status is RunStatus.INTERRUPTED
                assert play.run(run_id).status is RunStatus.RUNNING
                return
            file.write_text(good)
            await play.reload()
            with pytest.raises(Refused, match=run_id):
                await play.run_now("slow-publishing_x")
            assert (await play.over(run_id)).status is RunStatus.DONE
            assert (await play.over(other.run_id)).status is RunStatus.DONE

    run_async(scene())


def test_a_half_published_run_whose_pipeline_is_gone_for_good_can_be_given_up(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    file = stage.write("slow-publishing_x")
    stage.write("quick_x")

    async def scene() -> None:
        run_id = await crashed(stage, "slow-publishing_x", condition="publishing")
        file.unlink()
        secret_withheld(tmp_path, run_id)
        async with stage.playing() as play:
            other = await play.run_now("quick_x")
            given_up = await play.core.ask(inbox.StopRun(run_id, "ada"))
            assert given_up.status is RunStatus.FAILED
            assert "given up by ada" in play.log(run_id)
            assert (await play.over(other.run_id)).status is RunStatus.DONE
            assert not play.core.roster.stranded

    run_async(scene())


def test_a_run_that_was_published_in_full_needs_no_configuration_to_be_done(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    file = stage.write("slow-publishing_x")

    async def scene() -> None:
        run_id = await crashed(stage, "slow-publishing_x", condition="publishing")
        file.unlink()
        secret_withheld(tmp_path, run_id)
        store = Store(tmp_path / "state/profexd.db")
        store.mark_published(run_id, "lake", "out.csv")
        store.mark_file(run_id, "lake", "out.csv", "published")
        store.close()
        async with stage.playing() as play:
            assert play.run(run_id).status is RunStatus.DONE
            assert play.store.handles(run_id) == ()

    run_async(scene())


def secret_withheld(folder: Path, run_id: str) -> None:
    """Make the store hold the run's configuration without what its file alone says."""
    store = Store(folder / "state/profexd.db")
    run = store.run(run_id)
    assert run is not None
    assert run.documents is not None
    held = withhold(run.documents, [Secret("literal", str(folder / "out"))])
    store.save_run(replace(run, documents=held))
    store.close()
