"""Preview in mode ``changed``, and how one profile stands to the last delivered run."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.export.build import rows_of
from profexd.export.selection.changes import Standing, baseline_files, standing
from profexd.export.selection.preview import preview
from profexd.export.selection.query import select
from profexd.export.source.opening import open_source
from profexd.export.stop import Stop
from profexd.wire import PreviewJson
from tests.changes.building import CATALOG, Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    runs = Runs(tmp_path, keys={"mode": "changed", "changes": {"operation": "op"}})
    runs.sql("CREATE TABLE t AS SELECT chr(97 + i::INTEGER) AS id, i AS n FROM range(3) r(i)")
    return runs


def previewed(runs: Runs) -> PreviewJson:
    pipeline, plan = runs.planned()
    folder = runs.folder / "preview"
    folder.mkdir()
    return preview(pipeline, plan, catalog=CATALOG, folder=folder, limit=2, stop=Stop())


def stands(runs: Runs, key: str) -> Standing | None:
    pipeline, plan = runs.planned()
    limits = pipeline.settings.limits
    with open_source(
        pipeline.source,
        limits=limits,
        folder=runs.folder,
        stop=Stop(),
        beside=baseline_files(pipeline, plan),
    ) as source:
        selection = select(
            source, pipeline, plan, stop=Stop(), folder=runs.folder, warn=lambda words: None
        )
        rows = rows_of(source, pipeline, selection, folder=runs.folder, stop=Stop())
        return standing(rows, selection, pipeline, plan, key)


def test_a_preview_shows_what_the_next_run_would_hold_and_moves_nothing(runs: Runs) -> None:
    runs.run()
    kept = sorted((runs.folder / "kept" / "p").iterdir())
    runs.sql("UPDATE t SET n = 7 WHERE id = 'b'")
    shown = previewed(runs)
    assert shown["text"] == "id,n,op\nb,7,changed\n"
    assert shown["rows_matching"] == 1
    assert sorted((runs.folder / "kept" / "p").iterdir()) == kept
    assert runs.ids() == ["b"]


def test_a_preview_names_the_file_of_removed_profiles_where_there_are_any(runs: Runs) -> None:
    runs.keys["changes"] = {"deletes": "separate-file"}
    assert list(runs.run()) == ["out-1.csv"]
    runs.sql("DELETE FROM t WHERE id = 'b'")
    shown = previewed(runs)
    assert [file["path"] for file in shown["files"]] == ["out-2.csv", "out-2-removed.csv"]
    assert list(runs.run()) == ["out-2.csv", "out-2-removed.csv"]


def test_a_preview_before_the_first_run_shows_it_full(runs: Runs) -> None:
    shown = previewed(runs)
    assert shown["text"] == "id,n,op\na,0,added\nb,1,added\n"
    assert shown["rows_matching"] == 3
    assert not (runs.folder / "kept").exists()


def test_a_profile_is_unchanged_since_the_last_delivered_run(runs: Runs) -> None:
    assert stands(runs, "a") is None
    runs.run()
    runs.run()
    assert stands(runs, "a") == Standing(state="unchanged", since="2")
    assert stands(runs, "nobody") is None


def test_a_profile_is_changed_or_added_or_removed(runs: Runs) -> None:
    runs.run()
    runs.sql(
        "UPDATE t SET n = 7 WHERE id = 'b'",
        "DELETE FROM t WHERE id = 'c'",
        "INSERT INTO t VALUES ('d', 3)",
    )
    states = {key: found.state for key in "abcd" if (found := stands(runs, key)) is not None}
    assert states == {"a": "unchanged", "b": "changed", "c": "removed", "d": "added"}


def test_where_the_next_run_is_full_nothing_is_said_of_one_profile(runs: Runs) -> None:
    runs.run()
    runs.sql("ALTER TABLE t ADD COLUMN more INTEGER")
    assert stands(runs, "a") is None
