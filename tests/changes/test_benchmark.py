"""The benchmark of changed rows runs, and writes its section."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_benchmark_of_changes_writes_its_section(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--changed", "--changed-rows", "3000"),
            *("--folder", str(tmp_path), "--report", str(page)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    text = page.read_text(encoding="utf-8")
    assert "## Changed rows" in text
    assert text.count("| changed, ") == 2
    assert list(tmp_path.iterdir()) == [page]
