"""docs/tui.md has the keys of the form."""

from __future__ import annotations

from pathlib import Path

from profexd.tui.forms.keys import markdown

TEXT = (Path(__file__).parents[2] / "docs/tui.md").read_text(encoding="utf-8")


def test_the_keys_of_the_form_are_documented() -> None:
    assert f"<!-- form keys: begin -->\n{markdown()}<!-- form keys: end -->" in TEXT
