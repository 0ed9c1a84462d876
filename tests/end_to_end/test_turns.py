"""Two pipelines that write one file take turns, and the log of the second says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.site import Site


@pytest.fixture
def held(site: Site, warehouse: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection that keeps the run of ``first`` from its source until it is closed."""
    database = tmp_path / "held.duckdb"
    shutil.copy(warehouse, database)
    text = (site.config / "sources/warehouse.toml").read_text()
    site.write("sources/held.toml", text.replace(str(warehouse), str(database)))
    site.pipeline("first", source='"held"', path='"both.csv"')
    site.pipeline("second", path='"both.csv"', where='"visits > 40"')
    with duckdb.connect(str(database)) as connection:
        yield connection


def both(site: Site) -> tuple[str, str]:
    """Run both; the second waits for the first, which waits for its source."""
    site.start()
    first = site.profexctl("run", "first", "--json").json["run_id"]
    site.until(lambda: site.run(first)["files"], "the first has its names")
    second = site.profexctl("run", "second", "--json").json["run_id"]
    words = f"waits for run {first} of first, which writes file://{site.outbox}/both.csv too"
    site.until(lambda: words in site.profexctl("logs", second).out, "the second waits")
    return first, second


def test_the_second_waits_for_the_first_and_its_file_is_the_last(
    site: Site, held: duckdb.DuckDBPyConnection
) -> None:
    first, second = both(site)
    held.close()
    earlier, later = site.finished(first), site.finished(second)
    assert earlier["status"] == later["status"] == "done"
    assert earlier["finished_at"] <= later["finished_at"]
    assert "waits no longer" in site.profexctl("logs", second).out
    lines = (site.outbox / "both.csv").read_text().count("\np0")
    assert lines == later["rows"] < earlier["rows"]


def test_a_run_that_waits_is_stopped_at_once(site: Site, held: duckdb.DuckDBPyConnection) -> None:
    first, second = both(site)
    assert site.profexctl("stop", second).code == 0
    assert site.finished(second)["status"] == "stopped"
    assert site.run(first)["status"] == "running"
    held.close()
    assert site.finished(first)["status"] == "done"
