"""The benchmark runs, compares the ways and writes its page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_benchmark_writes_a_whole_page(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--rows", "300", "--memory-rows", "300"),
            *(
                "--repeat",
                "1",
                "--only",
                "csv",
                "--only",
                "csv.gz",
                "--folder",
                str(tmp_path),
                "--report",
                str(page),
            ),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    text = page.read_text(encoding="utf-8")
    for export in ("csv", "csv.gz"):
        assert text.count(f"| {export} |") == 3
    assert list(tmp_path.iterdir()) == [page]
