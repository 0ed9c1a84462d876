"""What becomes of a run that a check fails, that is empty, or whose bytes are as before."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.checks.shop import Shop

FEW = "DELETE FROM profiles WHERE profile_id >= 380"
NONE = "DELETE FROM profiles"


def test_a_failed_check_may_fail_the_run(shop: Shop) -> None:
    shop.checked(checks='max_row_drop = "20%"\non_failure = "fail"')
    shop.exported()
    before = shop.digests()
    shop.sql(FEW)
    run = shop.export()
    assert run["status"] == "failed"
    assert run["error"]["code"] == "check_failed"
    assert "rows fell from 1,000 to 380" in run["error"]["message"]
    assert run["hold"] is None
    assert shop.digests() == before
    assert not (shop.spool / run["run_id"]).exists()


def test_a_failed_check_may_only_warn(shop: Shop) -> None:
    shop.checked(checks='max_row_drop = "20%"\non_failure = "warn"')
    shop.exported()
    shop.sql(FEW)
    run = shop.exported()
    assert run["rows"] == 380
    assert run["warnings"] == ["rows fell from 1,000 to 380, by 62 %; max_row_drop is 20%"]
    assert [check["ok"] for check in run["checks"]] == [False]


def test_a_drop_to_the_limit_passes(shop: Shop) -> None:
    shop.checked(checks='max_row_drop = "62%"')
    shop.exported()
    shop.sql(FEW)
    assert shop.exported()["checks"][0]["ok"]


def test_a_run_without_checks_shows_none(shop: Shop) -> None:
    shop.pipeline("news")
    assert shop.exported()["checks"] == []


def test_the_first_run_has_nothing_to_be_compared_with(shop: Shop) -> None:
    shop.checked(checks='max_row_drop = "0%"\nmax_null = { EMAIL = "0%" }\nunique = ["email"]')
    run = shop.exported()
    assert [(check["check"], check["before"], check["ok"]) for check in run["checks"]] == [
        ("max_row_drop", None, True),
        ("max_null", None, True),
        ("unique", None, True),
    ]


def test_runs_before_checks_were_written_are_compared_with(shop: Shop) -> None:
    shop.pipeline("news")
    shop.exported()
    shop.checked(checks='max_row_drop = "20%"\nmax_null = { email = "0%" }')
    shop.sql(FEW)
    run = shop.export()
    assert [check["before"] for check in run["checks"]] == ["1,000", None]
    assert run["status"] == "held"


@pytest.mark.parametrize(
    ("on_empty", "status", "code"),
    [("deliver", "done", None), ("skip", "skipped", None), ("fail", "failed", "check_failed")],
)
@pytest.mark.parametrize("by", ["", "country"])
def test_an_empty_result_is_dealt_with_as_asked(
    shop: Shop, on_empty: str, status: str, code: str | None, by: str
) -> None:
    shop.sql("ALTER TABLE profiles ADD COLUMN country VARCHAR DEFAULT 'IT'")
    keys = {"partition_by": '["country"]', "path": '"${column:country}.csv"'} if by else {}
    shop.checked(checks=f'on_empty = "{on_empty}"', **keys)
    shop.exported()
    before = shop.digests()
    shop.sql(NONE)
    run = shop.export()
    assert run["status"] == status
    assert (run["error"] and run["error"]["code"]) == code
    assert (shop.digests() == before) == (on_empty != "deliver" or bool(by))
    if on_empty == "skip":
        assert run["warnings"][-1] == "there is no row to deliver; on_empty is skip"


def test_an_empty_result_that_is_skipped_still_asks_the_sink_whether_it_could_deliver(
    shop: Shop,
) -> None:
    """What is misconfigured would otherwise show only once there are rows again."""
    shop.checked(checks='on_empty = "skip"')
    shop.sql(NONE)
    assert len(shop.export()["warnings"]) == 1
    shop.outbox.parent.joinpath("file").write_text("")
    shop.write("sinks/outbox.toml", f'type = "file"\nroot = "{shop.outbox.parent}/file/in"\n')
    run = shop.export()
    assert run["status"] == "skipped"
    assert run["warnings"][0].startswith("the sink outbox could not have delivered: ")


def test_the_log_of_a_run_tells_its_memory_and_how_its_files_were_verified(shop: Shop) -> None:
    shop.checked(checks="")
    run = shop.exported()
    log = (shop.state / "logs" / f"{run['run_id']}.log").read_text()
    assert re.search(r'"peak memory [1-9][0-9]* MB"', log)
    assert '"outbox: 1 file published, 1 verified"' in log


def test_an_empty_result_that_is_skipped_is_not_held(shop: Shop) -> None:
    shop.checked(checks='min_rows = 1\nmax_row_drop = "20%"\non_empty = "skip"')
    shop.exported()
    shop.sql(NONE)
    assert shop.export()["status"] == "skipped"


def test_an_empty_result_without_a_policy_is_held_by_min_rows(shop: Shop) -> None:
    shop.checked(checks="min_rows = 1")
    shop.sql(NONE)
    assert shop.export()["status"] == "held"
    assert shop.everything() == []


def unchanged(shop: Shop, **keys: str) -> Any:
    shop.checked(checks='unchanged = "skip"', **keys)
    return shop.export()


def test_the_same_bytes_are_not_sent_again(shop: Shop) -> None:
    first = unchanged(shop, path='"news-${run_id}.csv"')
    assert first["status"] == "done"
    second = shop.export()
    assert second["status"] == "skipped"
    assert second["warnings"] == [
        f"the files are byte for byte those of run {first['run_id']}; unchanged is skip"
    ]
    shop.sql("UPDATE profiles SET visits = 2 WHERE profile_id = 1")
    assert shop.export()["status"] == "done"
    # Back to the first bytes: they are not those of the last delivered run.
    shop.sql("UPDATE profiles SET visits = 1 WHERE profile_id = 1")
    assert shop.export()["status"] == "done"
    assert len(shop.everything()) == 3


def test_the_same_bytes_are_sent_to_another_place(shop: Shop) -> None:
    assert unchanged(shop)["status"] == "done"
    assert unchanged(shop)["status"] == "skipped"
    assert unchanged(shop, path='"other.csv"')["status"] == "done"
    shop.write("sinks/outbox.toml", f'type = "file"\nroot = "{shop.outbox}/deeper"\n')
    assert unchanged(shop, path='"other.csv"')["status"] == "done"


def test_partitions_that_change_their_name_are_sent_again(shop: Shop) -> None:
    shop.sql("ALTER TABLE profiles ADD COLUMN country VARCHAR DEFAULT 'IT'")
    keys = {
        "partition_by": '["country"]',
        "path": '"${column:country}.csv"',
        "columns": '{ properties = ["email"] }',
    }
    assert unchanged(shop, **keys)["status"] == "done"
    assert unchanged(shop, **keys)["status"] == "skipped"
    shop.sql("UPDATE profiles SET country = 'FR'")
    assert shop.export()["status"] == "done"
    assert shop.everything() == ["FR.csv", "IT.csv"]


def test_changed_rows_are_checked_by_the_whole_selection(shop: Shop) -> None:
    shop.checked(
        checks='min_rows = 500\nmax_row_drop = "20%"\nmax_null = { email = "10%" }',
        mode='"changed"',
        path='"news-${run_id}.csv"',
    )
    shop.exported()
    shop.sql("UPDATE profiles SET email = NULL WHERE profile_id < 10")
    delta = shop.exported()
    assert delta["rows"] == 10
    assert [check["value"] for check in delta["checks"]] == ["1,000", "1,000", "1%"]
    before = shop.digests()
    shop.sql(FEW)
    run = shop.export()
    assert run["status"] == "held"
    assert "rows fell from 1,000 to 380" in run["error"]["message"]
    assert shop.digests() == before


def test_a_run_in_which_nothing_has_changed_may_be_skipped(shop: Shop) -> None:
    shop.checked(checks='on_empty = "skip"\nmax_row_drop = "20%"', mode='"changed"')
    shop.exported()
    assert shop.export()["status"] == "skipped"
    # What is skipped for its delta is still held for its selection.
    shop.sql(FEW)
    assert shop.export()["status"] == "held"


def test_an_approved_delta_moves_what_the_next_one_is_compared_with(shop: Shop) -> None:
    shop.checked(checks="max_rows = 1000", mode='"changed"')
    shop.exported()
    shop.sql("INSERT INTO profiles VALUES (2000, 'new@example.com', 1)")
    run = shop.export()
    assert run["status"] == "held"
    shop.start()
    shop.client.approve(run["run_id"])
    assert shop.finished(run["run_id"])["rows"] == 1
    shop.stop()
    shop.checked(checks="max_rows = 2000", mode='"changed"')
    assert shop.exported()["rows"] == 0


def test_a_changed_header_is_shown_beside_what_was_checked(shop: Shop) -> None:
    shop.checked(checks="min_rows = 1")
    shop.exported()
    shop.sql("ALTER TABLE profiles ADD COLUMN city VARCHAR")
    run = shop.exported()
    assert run["checks"][-1] == {
        "check": "header",
        "column": "",
        "limit": "",
        "value": "profile_id, email, visits, city",
        "before": "profile_id, email, visits",
        "ok": True,
    }


def test_columns_of_every_type_can_be_checked(shop: Shop) -> None:
    columns = {
        "a": "[i]",
        "b": "{'x': i}",
        "c": "MAP {'k': i}",
        "d": "to_json([i])",
        "e": "i::DECIMAL(10, 2)",
        "f": "INTERVAL 1 day * i",
        "g": "('x' || i)::BLOB",
    }
    shown = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    shop.sql(
        f"CREATE OR REPLACE TABLE profiles AS SELECT i AS profile_id, {shown} FROM range(9) r(i)"
    )
    named = ", ".join(f'"{name}"' for name in columns)
    shop.checked(checks=f'unique = [{named}, "b.x"]\nmax_null = {{ a = "0%" }}')
    assert all(check["ok"] for check in shop.exported()["checks"])
