"""The benchmark runs, compares the ways and writes its page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_benchmark_writes_a_section_and_keeps_the_others(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\n## Beside other tools\n\nMeasured before.\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--own", "--memory", "--rows", "300"),
            *("--memory-rows", "300", "--repeat", "1", "--only", "csv"),
            *("--folder", str(tmp_path), "--report", str(page)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    text = page.read_text(encoding="utf-8")
    assert "Measured before." in text
    assert text.count("| csv | none |") == text.count("| csv | by the key |") == 1
    assert text.count("| csv |") == 3
    assert list(tmp_path.iterdir()) == [page]


def test_exports_of_several_files_are_read_again_and_measured(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--split", "--split-rows", "8200"),
            *("--partition-rows", "5000", "--folder", str(tmp_path), "--report", str(page)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    text = page.read_text(encoding="utf-8")
    assert "| split | 8,200 |" in text
    assert "| partitions | 5,000 |" in text
    assert list(tmp_path.iterdir()) == [page]
