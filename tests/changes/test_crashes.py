"""Killed at any step, the next run delivers every change exactly once, and nothing is left over."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.daemon.life.once import export
from tests.changes.home import PIPELINE, SOURCE, Home
from tests.end_to_end.site import BIN, Site

KILLING = Path(__file__).parent / "killing"
STEPS = (
    "planned",
    "keeping",
    "built",
    "staging",
    "staging:2",
    "publishing",
    "published",
    "finished",
)


def killing(folder: Path, step: str, whom: str) -> dict[str, str]:
    """The environment in which a worker kills once."""
    return {
        "PYTHONPATH": str(KILLING),
        "KILL_AT": step,
        "KILL_WHOM": whom,
        "KILL_MARK": str(folder / "killed"),
    }


def change(home: Home, number: int) -> None:
    """One profile more, one changed, one gone."""
    home.sql(
        f"INSERT INTO profiles VALUES ('new{number}', 'New', 1)",
        f"UPDATE profiles SET visits = {100 + number} WHERE id = 'b'",
        f"DELETE FROM profiles WHERE id = 'gone{number}'",
    )


@pytest.fixture
def changing(home: Home) -> Home:
    """A pipeline that has delivered once, and three changes since."""
    home.pipeline(PIPELINE + '[changes]\noperation = "op"\ndeletes = "include"\n')
    home.sql("INSERT INTO profiles VALUES ('gone1', 'Gone', 1)")
    home.done()
    change(home, 1)
    return home


def changes(home: Home) -> list[tuple[str, str]]:
    """What all files after the first say."""
    _, *later = sorted(home.everything())
    return sorted((row["id"], row["op"]) for name in later for row in home.read(name))


EXPECTED = [("b", "changed"), ("gone1", "removed"), ("new1", "added")]


def settled(home: Home) -> None:
    """Assert that one more run, and then another, leave every change delivered once."""
    home.done()
    assert changes(home) == EXPECTED
    assert home.done().rows == []
    assert [path.name for path in home.kept()] == [home.state()["changes"]["file"]]


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_is_killed_repeats_and_loses_nothing(changing: Home, step: str) -> None:
    environ = {**os.environ, **killing(changing.folder, step, "worker")}
    run = export(changing.paths, "p", environ=environ)
    assert (changing.folder / "killed").exists()
    assert run["status"] == ("done" if step in ("published", "finished") else "failed")
    settled(changing)


@pytest.mark.parametrize("step", ["keeping", "built", "publishing", "published", "finished"])
def test_a_core_that_is_killed_repeats_and_loses_nothing(changing: Home, step: str) -> None:
    paths = changing.paths
    subprocess.run(
        [
            *(str(BIN / "profexd"), "export", "p", f"--config={paths.config}"),
            *(f"--state={paths.state}", f"--spool={paths.spool}"),
        ],
        env={**os.environ, **killing(changing.folder, step, "core")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=150,
    )
    assert (changing.folder / "killed").exists()
    settled(changing)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    site = Site(folder, tmp_path / "warehouse.duckdb")
    site.write("sources/warehouse.toml", SOURCE.replace("%s", str(tmp_path / "warehouse.duckdb")))
    yield site
    if site.daemon is not None:
        site.kill()


@pytest.mark.parametrize("step", ["built", "published"])
def test_a_daemon_that_is_killed_repeats_and_loses_nothing(
    site: Site, home: Home, step: str
) -> None:
    site.write("pipelines/p.toml", PIPELINE)

    def run() -> str:
        answer = site.profexctl("run", "p", "--wait", "--json")
        return str(answer.json["status"])

    def settled_runs() -> bool:
        runs = site.profexctl("runs", "--json").json
        return all(run["status"] not in ("pending", "running") for run in runs)

    def rows() -> list[str]:
        return [
            line.partition(",")[0]
            for name in site.delivered()
            for line in (site.outbox / name).read_text().splitlines()[1:]
        ]

    site.start()
    assert run() == "done"
    site.stop()
    home.sql("UPDATE profiles SET visits = 9 WHERE id = 'b'")
    site.start(**killing(home.folder, step, "core"))
    site.profexctl("run", "p")
    assert site.daemon is not None
    site.daemon.wait(timeout=90)
    home.sql("INSERT INTO profiles VALUES ('d', 'Dan', 4)")
    site.start()
    site.until(settled_runs, "what was published is finished")
    assert run() == "done"
    assert sorted(rows()) == ["a", "b", "b", "c", "d"]
    assert run() == "done"
    assert len(rows()) == 5
    [kept] = (site.state / "kept" / "p").iterdir()
    assert kept.stat().st_size > 0
