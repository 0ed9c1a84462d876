"""``profexd demo`` shows everything once, and again."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.end_to_end.site import BIN


def test_the_demonstration_makes_its_files_and_can_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            [str(BIN / "profexd"), "demo", str(tmp_path / "demo"), "--no-tui"],
            capture_output=True,
            text=True,
            timeout=150,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        made = [line.strip() for line in done.stdout.splitlines() if "file://" in line]
        assert len(made) == 4
        for uri in made:
            assert Path(uri.removeprefix("file://")).stat().st_size > 0
