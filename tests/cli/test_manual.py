"""The man pages and the completions of shells say what the commands and the schema say."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_scripts_manual_has_been_run() -> None:
    pages = runpy.run_path(str(ROOT / "scripts/manual"))["pages"]()
    assert len(pages) == 6
    for path, text in pages.items():
        assert (ROOT / "etc" / path).read_text(encoding="utf-8") == text, (
            f"etc/{path} is older than the commands or the schema: run scripts/manual"
        )
