"""``[checks]``: its values, what is wrong with them, and columns that the source does not have."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from profexd.config.readers.checks import Checks
from profexd.export.judging.inspect import inspected
from profexd.export.stop import Stop
from tests.config.tree import PIPELINE, Tree, told

ALL = """
[checks]
min_rows = 1
max_rows = 5_000
max_row_drop = "20%"
max_row_growth = "300 %"
max_null = { email = "0.5%", city = "100%" }
unique = ["email"]
on_empty = "skip"
on_failure = "fail"
unchanged = "skip"
hold_expiry = "2h"
"""


def test_nothing_is_checked_that_is_not_written(tree: Tree) -> None:
    checks = tree.pipeline(PIPELINE).checks
    assert checks == Checks()
    assert not checks.may_end


def test_every_check_is_read(tree: Tree) -> None:
    assert tree.pipeline(PIPELINE + ALL).checks == Checks(
        min_rows=1,
        max_rows=5000,
        max_row_drop=Decimal(20),
        max_row_growth=Decimal(300),
        max_null=(("email", Decimal("0.5")), ("city", Decimal(100))),
        unique=("email",),
        on_empty="skip",
        on_failure="fail",
        unchanged="skip",
        hold_expiry=7200.0,
    )


def test_defaults_hold_for_every_pipeline_key_by_key(tree: Tree) -> None:
    tree.write("profexd.toml", '[defaults.checks]\nmin_rows = 1\nmax_row_drop = "20%"\n')
    checks = tree.pipeline(f"{PIPELINE}\n[checks]\nmin_rows = 7\n").checks
    assert (checks.min_rows, checks.max_row_drop) == (7, Decimal(20))


@pytest.mark.parametrize(
    ("lines", "may_end"),
    [
        ("min_rows = 1", True),
        ("unique = ['email']", True),
        ("min_rows = 1\non_failure = 'warn'", False),
        ("min_rows = 1\non_failure = 'warn'\nunchanged = 'skip'", True),
        ("on_empty = 'fail'", True),
        ("hold_expiry = '1d'", False),
    ],
)
def test_a_run_may_end_at_what_can_hold_fail_or_skip_it(
    tree: Tree, lines: str, may_end: bool
) -> None:
    assert tree.pipeline(f"{PIPELINE}\n[checks]\n{lines}\n").checks.may_end is may_end


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        ("min_rows = -1", "checks.min_rows", "must be at least 0"),
        ("min_rows = '1'", "checks.min_rows", "must be a whole number"),
        ("max_row_drop = 20", "checks.max_row_drop", "must be text"),
        ("max_row_drop = '20'", "checks.max_row_drop", "is not a percentage"),
        ("max_row_drop = '-1%'", "checks.max_row_drop", "is not a percentage"),
        ("max_row_drop = '101%'", "checks.max_row_drop", "must be at most 100%"),
        ("max_null = { email = '101%' }", "checks.max_null.email", "must be at most 100%"),
        ("max_null = { email = 5 }", "checks.max_null.email", "must be text"),
        ("max_null = '5%'", "checks.max_null", "must be a table"),
        ("unique = 'email'", "checks.unique", "must be a list"),
        ("unique = ['email', 'EMAIL']", "checks.unique", "there twice"),
        ("on_failure = 'stop'", "checks.on_failure", "is not known"),
        ("hold_expiry = '0s'", "checks.hold_expiry", 'must be at least "1s"'),
        ("max_drop = '20%'", "checks.max_drop", "unknown key"),
        ("min_rows = 5\nmax_rows = 4", "checks.min_rows", "is more than max_rows, which is 4"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tree: Tree, line: str, key: str, message: str) -> None:
    tree.write("pipelines/a.toml", f"{PIPELINE}\n[checks]\n{line}\n")
    [problem] = tree.load().problems
    assert problem["key"] == key
    assert message in problem["message"]


def test_columns_that_the_source_does_not_have_are_errors(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE profiles (profile_id BIGINT, email VARCHAR, address STRUCT(city VARCHAR))"
        )
    tree.write("sources/warehouse.toml", f'database = "{file}"\ntable = "profiles"\n')
    tree.write(
        "pipelines/a.toml",
        PIPELINE
        + """
[columns]
rename = { email = "Mail" }
[checks]
max_null = { emial = "5%", Mail = "5%", "address.city" = "5%" }
unique = ["EMAIL", "phone"]
""",
    )
    found = inspected(tree.load(), lambda name: {}, folder=tmp_path / "spill", stop=Stop())
    lines = len(PIPELINE.splitlines())
    assert [told(one) for one in found.problems] == [
        f'pipelines/a.toml:{lines + 5}:14: checks.max_null.emial: the source has no column "emial"',
        f'pipelines/a.toml:{lines + 6}:20: checks.unique: the source has no column "phone"',
    ]
    assert found.problems[0]["hint"] == 'did you mean "email"?'
