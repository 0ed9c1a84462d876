"""Kept files through whole installations: what is named stays, all else goes."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta

from tests.changes.home import PIPELINE, Home


def test_only_the_file_that_the_state_names_is_kept(home: Home) -> None:
    for _ in range(3):
        home.done()
        [kept] = home.kept()
        assert kept.name == home.state()["changes"]["file"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for folder in (kept.parent, kept.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_run_that_fails_to_deliver_leaves_the_file_of_the_one_before(home: Home) -> None:
    home.done()
    before = home.kept()
    home.sql("UPDATE profiles SET visits = 9 WHERE id = 'b'")
    home.outbox.rename(home.folder / "away")
    home.outbox.write_text("in the way")
    assert home.export_failing()["status"] == "failed"
    assert home.kept() == before
    home.outbox.unlink()
    (home.folder / "away").rename(home.outbox)
    assert home.done().ids() == ["b"]


def test_strangers_in_the_folder_are_removed(home: Home) -> None:
    home.done()
    [kept] = home.kept()
    kept.with_name("1.parquet").write_text("left by a crash")
    kept.with_name("junk").write_text("from nobody")
    home.done()
    assert len(home.kept()) == 1


def test_a_pipeline_that_is_no_longer_in_mode_changed_keeps_nothing(home: Home) -> None:
    home.done()
    home.pipeline(PIPELINE.replace('mode = "changed"\n', ""))
    home.done()
    assert home.kept() == []
    assert not (home.paths.state / "kept" / "p").exists()


def test_a_forgotten_pipeline_keeps_nothing(home: Home) -> None:
    home.write("pipelines/q.toml", PIPELINE)
    home.write("profexd.toml", '[history]\nkeep = "1s"\n')
    home.done()
    (home.paths.config / "pipelines" / "p.toml").unlink()
    home.seen("p", datetime.now(UTC) - timedelta(days=1))
    home.done("q")
    home.done("q")
    assert {path.parent.name for path in home.kept()} == {"q"}


def test_events_since_the_last_delivered_window_come_once(home: Home) -> None:
    home.sql(
        "CREATE TABLE events (id INTEGER, name VARCHAR, seen TIMESTAMPTZ)",
        "INSERT INTO events VALUES (1, 'Charged', now()), (2, 'Other', now())",
    )
    home.write(
        "sources/clicks.toml",
        f'type = "duckdb"\ndatabase = "{home.database}"\ntable = "events"\nkind = "events"\n'
        '[events]\nname = "name"\ntime = "seen"\n',
    )
    home.pipeline(
        'source = "clicks"\nsink = "outbox"\npath = "out-${event}-${run_id}.csv"\norder_by = "id"\n'
        '[format]\ntype = "csv"\n[events]\nnames = ["Charged"]\nwindow = "last"\n'
    )
    assert home.done().ids() == ["1"]
    home.sql("INSERT INTO events VALUES (3, 'Charged', now()), (4, 'Other', now())")
    assert home.done().ids() == ["3"]
    assert home.done().files == {}
