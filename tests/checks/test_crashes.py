"""A daemon that is killed at any step of a hold or of its delivery: once, whole, never before."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from profexd.client import ClientError
from tests.checks.shop import Shop

KILLING = Path(__file__).parents[1] / "changes" / "killing"


def start(shop: Shop, step: str, whom: str = "core") -> None:
    """Start a daemon that is killed, with its worker, just before the worker says ``step``."""
    shop.start(
        PYTHONPATH=str(KILLING),
        KILL_AT=step,
        KILL_WHOM=whom,
        KILL_MARK=str(shop.folder / "killed"),
    )


def killed(shop: Shop) -> None:
    """Wait until the daemon is gone."""
    assert shop.daemon is not None
    shop.until(lambda: (shop.folder / "killed").exists(), "somebody is killed")
    shop.daemon.wait(timeout=90)
    shop.daemon = None


@pytest.mark.parametrize(
    "step", ["planned", "staging", "staging:2", "publishing", "published", "finished"]
)
def test_an_approved_run_is_delivered_once_whenever_the_daemon_is_killed(
    shop: Shop, step: str
) -> None:
    shop.checked(checks="max_rows = 10", path='"news-${part}.csv"', split="{ max_rows = 600 }")
    run = shop.export()
    assert run["status"] == "held"
    start(shop, step)
    with suppress(ClientError):
        # Whoever is killed may not answer any more.
        shop.client.approve(run["run_id"])
    killed(shop)
    shop.start()
    run = shop.finished(run["run_id"])
    assert run["status"] == "done"
    # Nothing else is there: no temporary name, no second file.
    assert shop.digests() == {file["path"]: file["sha256"] for file in run["files"]}
    assert len(run["files"]) == 2


@pytest.mark.parametrize("step", ["built", "checked", "finished"])
def test_a_run_whose_daemon_is_killed_before_it_is_held_is_made_up_for_and_held(
    shop: Shop, step: str
) -> None:
    shop.checked(checks="max_rows = 10", schedule='"once"')
    start(shop, step)
    killed(shop)
    assert shop.everything() == []
    shop.start()
    shop.until(lambda: shop.state_of("news") == "held", "the next run is held")
    assert [run["status"] for run in shop.client.runs()] == [
        "held",
        "interrupted",
    ]
    assert shop.everything() == []


def test_an_approved_run_that_cannot_be_delivered_is_held_again_with_its_files_and_the_reason(
    shop: Shop,
) -> None:
    told = shop.folder / "told"
    tell = f'[{{ on = ["failed", "held"], command = ["/bin/sh", "-c", "cat >> {told}"] }}]'
    shop.checked(checks="max_rows = 10", mode='"changed"', notify=tell, path='"${run_id}.csv"')
    start(shop, "publishing", "worker")
    run_id = shop.client.run_now("news")["run_id"]
    built = shop.finished(run_id)
    assert (built["status"], built["error"]["code"]) == ("held", "check_failed")
    shop.client.approve(run_id, "looked at")
    died = shop.finished(run_id)
    assert (died["status"], died["error"]["code"]) == ("held", "worker_died")
    assert died["hold"]["decision"] is None
    assert "approved by root: looked at" in died["warnings"]
    shop.until(lambda: shop.everything() == [], "what was staged is removed")
    # The storage is gone.
    shop.outbox.rmdir()
    shop.outbox.write_text("")
    shop.client.approve(run_id)
    refused = shop.finished(run_id)
    assert (refused["status"], refused["error"]["code"]) == ("held", "sink_refused")
    assert refused["error"]["message"].startswith("approved, and not delivered: ")
    assert f"profexctl approve {run_id}" in refused["error"]["hint"]
    shop.outbox.unlink()
    shop.outbox.mkdir()
    shop.sql("UPDATE profiles SET visits = 2")
    # Whatever restarts.
    shop.stop()
    shop.start()
    shop.client.approve(run_id)
    done = shop.finished(run_id)
    assert (done["status"], done["rows"]) == ("done", 1000)
    before = {file["path"]: file["sha256"] for file in built["files"]}
    for run in (died, refused, done):
        assert {file["path"]: file["sha256"] for file in run["files"]} == before
    assert shop.digests() == before
    shop.until(lambda: told.read_text().count('"event": "held"') == 3, "everybody is told")
    assert '"event": "failed"' not in told.read_text()
    # What changed after its build is still to come: it moved the state that it was built with.
    following = shop.finished(shop.client.run_now("news")["run_id"])
    assert [one["check"] for one in following["checks"]] == ["max_rows"]
    shop.client.approve(following["run_id"])
    assert shop.finished(following["run_id"])["rows"] == 1000
