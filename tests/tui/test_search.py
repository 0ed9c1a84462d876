"""The grammar of the filter line."""

from __future__ import annotations

import pytest

from profexd.tui.search import compile_filter, is_problem
from tests.tui.fakes import pipeline, problem, run, sample_pipelines


def found(text: str) -> list[str]:
    wanted = compile_filter(text)
    return [made["name"] for made in sample_pipelines() if wanted(made)]


ALL = [made["name"] for made in sample_pipelines()]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("   ", ALL),
        ("!", ALL),
        ("stock", ["stock_master"]),
        ("STOCK", ["stock_master"]),
        ("all customers", ["customers_daily"]),
        ("!stock", [name for name in ALL if "stock" not in name]),
        ("~ctd", ["customers_daily"]),
        ("state:failed", ["partner_feed"]),
        ("state:failed,invalid", ["partner_feed", "test_export"]),
        ("state:F", ["partner_feed"]),
        ("!state:pending !state:done !state:disabled state:r", ["customers_daily"]),
        ("sink:partner", ["partner_feed"]),
        ("format:parquet", ["stock_master"]),
        ("kind:profiles stock", ["stock_master"]),
        ("freq:once", ["yearly_archive"]),
        ("id:newsletter-r1", ["newsletter"]),
        ("state:", ALL),
        ("nothing:at:all", []),
    ],
)
def test_the_filter_finds(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_problem_is_what_somebody_should_look_at() -> None:
    assert not is_problem(pipeline("a", last_run=run("a")))
    assert is_problem(pipeline("a", state="failed"))
    assert is_problem(pipeline("a", problems=[problem("pipelines/a.toml", "unknown key")]))
    error = {"code": "disk_full", "message": "", "hint": ""}
    paused_after_failure = pipeline("a", state="paused", last_run=run("a", error=error))
    assert is_problem(paused_after_failure)


def test_a_schedule_is_found_by_a_part_of_it() -> None:
    wanted = compile_filter("schedule:daily !source:shop")
    assert wanted(pipeline("a", schedule="daily at 03:00"))
    assert not wanted(pipeline("a", schedule="every 15m"))
    assert not wanted(pipeline("a", schedule="daily at 03:00", source="shop"))
