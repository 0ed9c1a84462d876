"""What the run state tells of the files: times gone by, new names, intervals too short."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from profexd.config.loading import check_file, load
from profexd.config.past import Past, Remembered
from tests.config.tree import PIPELINE, Tree, told

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def warnings(tree: Tree, **names: Remembered) -> list[str]:
    past = Past(NOW, names)
    problems = load(tree.root, tree.catalog, past=past).problems
    assert {one["severity"] for one in problems} <= {"warning"}
    return [told(one) for one in problems]


@pytest.mark.parametrize(
    ("schedule", "known", "warned"),
    [
        ("schedule = 'once at 2026-01-01T03:00'", None, True),
        ("schedule = 'once at 2026-01-01T03:00'", Remembered(cursor=NOW), True),
        ("schedule = 'once at 2026-01-01T03:00'", Remembered(cursor=LONG_AGO), False),
        (
            "schedule = 'once at 2026-01-01T03:00'",
            Remembered(cursor=NOW, once_done=True),
            False,
        ),
        ("schedule = 'once at 2026-12-01T03:00'", None, False),
        ("schedule = 'once'", None, False),
        ("schedule = { when = 'once at 2026-06-01T02:00', jitter = '1h' }", None, True),
        ("schedule = { when = 'once at 2026-06-01T02:00', jitter = '3h' }", None, False),
    ],
)
def test_a_time_that_passed_before_anybody_saw_the_file_is_warned_of(
    tree: Tree, schedule: str, known: Remembered | None, warned: bool
) -> None:
    tree.write("pipelines/a.toml", f"{schedule}\n{PIPELINE}")
    past = Past(NOW, {"a": known} if known else {})
    problems = load(tree.root, tree.catalog, past=past).problems
    draft = check_file(tree.root / "pipelines/a.toml", tree.root, tree.catalog, past=past)
    assert draft == problems
    assert [one["severity"] for one in problems] == ["warning"] * warned
    assert all(one["message"].endswith("lies in the past: it will never run") for one in problems)


def test_a_file_with_the_content_of_one_that_is_gone_is_warned_of(tree: Tree) -> None:
    tree.write("pipelines/old.toml", PIPELINE)
    content = load(tree.root, tree.catalog).pipelines["old"].content
    (tree.root / "pipelines/old.toml").unlink()
    # Comments and blanks are no content.
    tree.write("pipelines/new.toml", f"# moved\n\n{PIPELINE}")
    old = Remembered(cursor=NOW, content=content, ran=True)
    warning = (
        "pipelines/new.toml:1:1: : says what pipelines/old.toml said, which is gone: under the name"
        ' "new" it is a new pipeline, and begins anew'
    )
    assert warnings(tree, old=old) == [warning]
    assert warnings(tree, old=old, new=Remembered(cursor=NOW, content=content)) == [warning]
    assert warnings(tree, old=old, new=Remembered(cursor=NOW, content=content, ran=True)) == []
    assert warnings(tree, old=Remembered(cursor=NOW, content="other")) == []
    tree.write("pipelines/old.toml", PIPELINE.replace("customers", "others"))
    assert warnings(tree, old=old) == []


@pytest.mark.parametrize(
    ("schedule", "minutes", "message"),
    [
        (
            '"every 5m"',
            7,
            '5:1: schedule: "every 5m" is less than the last run took, 7m:'
            " what is due while a run works is skipped",
        ),
        (
            '{ when = "every 5m", overlap = "queue" }',
            7,
            '5:14: schedule.when: "every 5m" is less than the last run took, 7m:'
            " what is due while a run works waits",
        ),
        ('"every 5m"', 5, None),
        ('"hourly"', 90, None),
    ],
)
def test_an_interval_shorter_than_the_last_run_is_warned_of(
    tree: Tree, schedule: str, minutes: int, message: str | None
) -> None:
    tree.write("pipelines/a.toml", f"{PIPELINE}schedule = {schedule}\n")
    found = warnings(tree, a=Remembered(cursor=NOW, took=timedelta(minutes=minutes)))
    assert found == ([f"pipelines/a.toml:{message}"] if message else [])
