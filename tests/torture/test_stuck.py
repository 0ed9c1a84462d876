"""A run that began to publish only goes forward, and nothing newer comes before it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.daemon import inbox
from profexd.daemon.state.store import Store
from profexd.export.job import Handle, Job
from profexd.export.messages import Finished, Message, Published, Staging
from profexd.export.redact import Secrets
from profexd.export.run import perform
from profexd.export.stop import Stop
from profexd.torture.warehouse import Warehouse
from profexd.wire import RunStatus
from tests.daemon.stage import Stage, run_async


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
    perform(
        job, catalog=load_catalog(), journal=journal, secrets=Secrets(os.environ), stop=stop
    )


def test_a_process_that_publishes_the_rest_is_stopped_by_no_signal(tmp_path: Path) -> None:
    from random import Random

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
