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
    shop.daemon.wait(timeout=30)
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


def test_an_approved_run_whose_process_dies_fails_and_publishes_nothing(shop: Shop) -> None:
    shop.checked(checks="max_rows = 10")
    run = shop.export()
    start(shop, "publishing", "worker")
    shop.client.approve(run["run_id"])
    run = shop.finished(run["run_id"])
    assert run["status"] == "failed"
    assert run["error"]["code"] == "worker_died"
    shop.until(lambda: shop.everything() == [], "what was staged is removed")
