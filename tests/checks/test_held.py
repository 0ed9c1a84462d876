"""A run that a check holds publishes nothing until somebody decides, and then the same bytes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.shop import Shop

DROP = 'max_row_drop = "20%"'
LOST = "DELETE FROM profiles WHERE profile_id >= 380"


def held(shop: Shop) -> Any:
    """Deliver, lose most rows, and return the run that is held for it."""
    shop.checked(checks=DROP, path='"news-${run_id}.csv"')
    shop.exported()
    shop.sql(LOST)
    run = shop.export()
    assert run["status"] == "held"
    return run


def test_a_run_that_lost_rows_is_held_with_the_reason_in_words_and_numbers(shop: Shop) -> None:
    shop.checked(checks=DROP)
    shop.exported()
    before = shop.digests()
    shop.sql(LOST)
    answer = shop.profexd("export", "news", "--json")
    assert answer.code == 1
    run = answer.json
    assert run["status"] == "held"
    assert run["finished_at"] is None
    assert run["phase"] == "check"
    assert run["error"]["code"] == "check_failed"
    assert run["error"]["message"] == "rows fell from 1,000 to 380, by 62 %; max_row_drop is 20%"
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
    assert shop.digests() == before


def test_what_is_approved_is_what_was_built(shop: Shop) -> None:
    run = held(shop)
    before = shop.digests()
    built = run["files"][0]["sha256"]
    shop.sql("DELETE FROM profiles")
    shop.start()
    assert shop.state_of("news") == "held"
    words = shop.profexctl("show", run["run_id"]).out
    assert "max_row_drop: 380, limit 20%, before 1,000: failed" in words
    assert "max_row_drop: 380, limit 20%" in shop.profexctl("logs", "news").out
    answer = shop.profexctl("approve", run["run_id"], "--note", "they left us", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["status"] == "running"
    run = shop.finished(run["run_id"])
    assert run["status"] == "done"
    assert run["error"] is None
    assert run["hold"]["decision"] == "approved"
    assert run["hold"]["by"]
    assert run["hold"]["note"] == "they left us"
    assert any("they left us" in warning for warning in run["warnings"])
    assert shop.digests() == before | {f"news-{run['run_id']}.csv": built}
    assert shop.state_of("news") == "pending"
    # The next run is compared with what was approved: 380 rows.
    again = shop.profexctl("run", "news", "--wait", "--json")
    assert again.code == 1
    assert again.json["error"]["message"].startswith("rows fell from 380 to 0, by 100 %")


def test_a_byte_that_has_flipped_in_the_spool_is_not_published(shop: Shop) -> None:
    run = held(shop)
    before = shop.digests()
    [part] = shop.spooled(run["run_id"])
    content = bytearray(part.read_bytes())
    content[100] ^= 1
    part.write_bytes(content)
    shop.start()
    assert shop.profexctl("approve", "news").code == 0
    run = shop.finished(run["run_id"])
    assert run["status"] == "failed"
    assert run["error"]["code"] == "spool_corrupt"
    assert shop.digests() == before


def test_a_rejected_run_leaves_nothing_and_the_next_one_may_run(shop: Shop) -> None:
    run = held(shop)
    before = shop.digests()
    shop.start()
    refused = shop.profexctl("run", "news", "--json")
    assert refused.code == 1
    assert "(held)" in refused.err
    answer = shop.profexctl("reject", "news", "--note", "ask the loaders", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["status"] == "stopped"
    assert answer.json["hold"]["decision"] == "rejected"
    assert answer.json["hold"]["note"] == "ask the loaders"
    assert any("rows fell" in warning for warning in answer.json["warnings"])
    assert shop.digests() == before
    shop.until(lambda: not shop.spooled(run["run_id"]), "its parts are gone")
    again = shop.profexctl("reject", run["run_id"])
    assert again.code == 1
    assert "is stopped, not held" in again.err
    assert shop.profexctl("approve", "news").code == 1
    assert shop.state_of("news") == "stopped"
    shop.stop()
    shop.sql("INSERT INTO profiles SELECT i, 'x' || i, 2 FROM range(380, 1000) r(i)")
    # No state has moved: what is compared with are the thousand of the first run.
    assert shop.exported()["checks"][0]["before"] == "1,000"


def test_while_a_run_is_held_others_are_skipped(shop: Shop) -> None:
    run = held(shop)
    skipped = shop.export()
    assert skipped["status"] == "skipped"
    assert skipped["warnings"] == [f"run {run['run_id']} is held: approve or reject it first"]


def test_a_hold_outlives_a_daemon_that_is_killed(shop: Shop) -> None:
    run = held(shop)
    for _ in range(2):
        shop.start()
        assert shop.run(run["run_id"])["status"] == "held"
        assert shop.state_of("news") == "held"
        shop.kill()
    assert shop.spooled(run["run_id"])


@pytest.mark.parametrize(
    ("statement", "checks", "words"),
    [
        ("DELETE FROM profiles", "min_rows = 1", "there are 0 rows, fewer than 1; min_rows is 1"),
        (
            "UPDATE profiles SET email = NULL",
            'max_null = { email = "5%" }',
            "email is NULL in 1,000 of 1,000 rows, 100 %; max_null is 5%; it was in 0 %",
        ),
        (
            "ALTER TABLE profiles DROP email",
            'max_null = { email = "5%" }',
            "email is NULL in 1,000 of 1,000 rows, 100 %; max_null is 5%; it was in 0 %",
        ),
        (
            "UPDATE profiles SET email = 'same' WHERE profile_id < 3",
            'unique = ["email"]',
            "email is not unique: 1,000 rows have a value, and there are 998 different ones",
        ),
        (
            "INSERT INTO profiles SELECT i, 'x' || i, 1 FROM range(1000, 1600) r(i)",
            'max_row_growth = "50%"',
            "rows grew from 1,000 to 1,600, by 60 %; max_row_growth is 50%",
        ),
        (
            "INSERT INTO profiles SELECT i, 'x' || i, 1 FROM range(1000, 1600) r(i)",
            "max_rows = 1500",
            "there are 1,600 rows, more than 1,500; max_rows is 1500",
        ),
    ],
)
def test_what_is_wrong_is_said_in_numbers(
    shop: Shop, statement: str, checks: str, words: str
) -> None:
    shop.checked(checks=checks)
    shop.exported()
    before = shop.digests()
    shop.sql(statement)
    run = shop.export()
    assert run["status"] == "held"
    assert words in run["error"]["message"]
    assert shop.digests() == before


def test_every_check_that_failed_is_named(shop: Shop) -> None:
    shop.checked(checks='min_rows = 500\nmax_row_drop = "20%"\nmax_null = { email = "0%" }')
    shop.exported()
    shop.sql(LOST, "UPDATE profiles SET email = NULL WHERE profile_id = 1")
    run = shop.export()
    message = run["error"]["message"]
    assert "min_rows is 500" in message
    assert "max_row_drop is 20%" in message
    assert "email is NULL in 1 of 380 rows, 0.3 %; max_null is 0%" in message
    assert [check["ok"] for check in run["checks"]] == [False, False, False]


def test_a_source_that_was_cut_short_is_held(shop: Shop) -> None:
    feed = shop.folder / "feed.csv"
    feed.write_text("id,email\n" + "".join(f"{i},c{i}@example.com\n" for i in range(1000)))
    source = f'{{ type = "duckdb", query = "FROM read_csv(\'{feed}\')" }}'
    shop.checked(checks=DROP, source=source)
    shop.exported()
    before = shop.digests()
    feed.write_text(feed.read_text()[:5000])
    run = shop.export()
    assert run["status"] == "held"
    assert "rows fell from 1,000 to" in run["error"]["message"]
    assert shop.digests() == before


def test_a_split_run_sends_nothing_ahead_and_is_approved_whole(shop: Shop) -> None:
    shop.checked(
        checks="max_rows = 999",
        path='"news-${part}.csv"',
        split="{ max_rows = 300 }",
    )
    run = shop.export()
    assert run["status"] == "held"
    assert shop.everything() == []
    assert len(run["files"]) == 4
    shop.start()
    shop.client.approve(run["run_id"])
    shop.finished(run["run_id"])
    assert shop.digests() == {file["path"]: file["sha256"] for file in run["files"]}
