"""A run that a check holds: nothing is published until somebody decides, and then the same bytes."""

from __future__ import annotations

from tests.checks.shop import Shop

_LOST = "DELETE FROM profiles WHERE profile_id >= 380"


def test_a_run_that_lost_rows_is_held_until_it_is_approved(shop: Shop) -> None:
    shop.checked(checks='max_row_drop = "20%"', path='"news-${run_id}.csv"')
    shop.exported()
    before = shop.digests()
    shop.sql(_LOST)
    run = shop.export()
    assert run["status"] == "held"
    assert run["error"]["code"] == "check_failed"
    assert run["error"]["message"] == ("rows fell from 1,000 to 380, by 62 %; max_row_drop is 20%")
    assert run["checks"] == [
        {
            "check": "max_row_drop",
            "column": "",
            "limit": "20%",
            "value": "380",
            "before": "1,000",
            "ok": False,
        }
    ]
    assert run["finished_at"] is None
    assert shop.digests() == before
    built = run["files"][0]["sha256"]

    assert shop.export()["status"] == "skipped"
    shop.start()
    assert shop.listed()["news"]["state"] == "held"
    answer = shop.approve(run["run_id"], "--note", "they left us")
    assert answer.code == 0, answer.err
    run = shop.finished(run["run_id"])
    assert run["status"] == "done"
    assert run["hold"]["decision"] == "approved"
    assert run["hold"]["note"] == "they left us"
    assert run["error"] is None
    assert shop.digests() == before | {f"news-{run['run_id']}.csv": built}
    assert shop.listed()["news"]["state"] == "pending"
    # What was approved is what the next run is compared with.
    assert shop.profexctl("run", "news", "--wait").code == 0
