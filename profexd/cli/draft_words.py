"""How a draft is shown to people while it is made: its path, its header, its first rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from profexd.cli.console import Console, plain
from profexd.cli.preview_words import write_preview

if TYPE_CHECKING:
    from profexd.edit.target import Kind
    from profexd.edit.trial import Glance


def write_glance(console: Console, glance: Glance, kind: Kind) -> None:
    """Say on stderr what a draft would export, or why that cannot be told."""
    if glance.preview is None:
        if glance.why_not:
            console.say(f"no preview yet: {plain(glance.why_not)}")
        return
    if kind == "sink":
        for file in glance.preview["files"]:
            console.say(f"files go to  {plain(file['uri'].removesuffix('example.json'))}…")
        return
    shown = glance.preview
    if kind == "source":
        shown = {**shown, "files": []}
    write_preview(replace(console, out=console.err), shown, as_text=False)
