"""What is counted for the checks is what is in the files, whatever their format."""

from __future__ import annotations

import pytest

from tests.checks.shop import Shop


@pytest.mark.parametrize(
    "format_",
    [
        'type = "json"\nlayout = "array"',
        'type = "json"\nlayout = "clevertap"',
        'type = "parquet"',
        'type = "xml"',
        'type = "excel"\nsheet = "S"',
        'type = "csv"\nlayout = "clevertap"',
    ],
)
def test_rows_are_counted_alike_in_every_format(shop: Shop, format_: str) -> None:
    shop.checked(checks='min_rows = 1000\nunique = ["email"]', path='"news"', format=format_)
    run = shop.exported()
    assert run["rows"] == 1000
    assert [check["check"] for check in run["checks"]] == ["min_rows", "unique"]
