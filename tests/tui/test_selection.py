"""What the list shows and what is marked."""

from __future__ import annotations

from profexd.tui.order import Order
from profexd.tui.selection import Selection
from tests.tui.fakes import sample_pipelines

PIPELINES = {made["name"]: made for made in sample_pipelines()}


def names(selection: Selection) -> list[str]:
    return [made["name"] for made in selection.shown(PIPELINES)]


def test_the_same_order_again_goes_the_other_way_round() -> None:
    selection = Selection()
    assert names(selection) == sorted(PIPELINES)
    selection.sort_by(Order.NAME)
    assert names(selection) == sorted(PIPELINES, reverse=True)
    selection.sort_by(Order.STATE)
    assert names(selection)[0] == "test_export"
    assert not selection.reverse


def test_rows_that_have_no_next_run_come_last() -> None:
    selection = Selection(order=Order.NEXT)
    assert names(selection)[0] == "newsletter"
    assert names(selection)[-1] == "yearly_archive"


def test_without_marks_the_cursor_chooses() -> None:
    selection = Selection()
    assert [made["name"] for made in selection.targets(PIPELINES, "returns")] == ["returns"]
    assert selection.targets(PIPELINES, None) == ()
    assert selection.targets(PIPELINES, "gone") == ()


def test_what_is_not_shown_is_no_longer_marked() -> None:
    selection = Selection()
    selection.mark("returns")
    selection.mark("winback")
    selection.text = "win"
    assert names(selection) == ["winback"]
    assert [made["name"] for made in selection.targets(PIPELINES, "returns")] == ["winback"]
    selection.widen()
    assert names(selection) == sorted(PIPELINES)
    assert selection.marked == {"winback"}


def test_mark_all_marks_what_is_shown_and_then_nothing() -> None:
    selection = Selection(problems_only=True)
    shown = selection.shown(PIPELINES)
    selection.mark_all(shown)
    assert selection.marked == {"partner_feed", "test_export"}
    selection.mark_all(shown)
    assert not selection.marked


def test_a_problem_that_is_over_stays_until_all_are_shown_again() -> None:
    selection = Selection()
    selection.toggle_problems()
    assert "partner_feed" in names(selection)
    mended = {**PIPELINES["partner_feed"], "state": "pending", "last_run": None}
    pipelines = {**PIPELINES, "partner_feed": mended}
    assert "partner_feed" in [made["name"] for made in selection.shown(pipelines)]  # type: ignore[arg-type]
    selection.toggle_problems()
    selection.toggle_problems()
    assert "partner_feed" not in [made["name"] for made in selection.shown(pipelines)]  # type: ignore[arg-type]
