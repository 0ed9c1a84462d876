"""The format passes profexd's kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.testing.formats import FormatBench, FormatConformance


def ids(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")[1:-1]
    return [line[:8].rstrip() for line in lines]


class TestFixedWidth(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="fixed-width", ids=ids, options={"width": 8})
