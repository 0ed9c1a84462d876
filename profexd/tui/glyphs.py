"""The few characters that are drawn differently on a terminal with ASCII alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters of certain width one; no emoji and none of ambiguous width."""

    dot: str
    ellipsis: str
    dash: str
    full: str
    empty: str
    multiply: str
    bars: str
    wrong: str = "x"


UNICODE = Glyphs(
    dot="·", ellipsis="…", dash="–", full="━", empty="─", multiply="×", bars="▁▂▃▄▅▆▇█"
)
ASCII = Glyphs(dot="|", ellipsis="~", dash="-", full="#", empty=".", multiply="x", bars="_.-:=+*#")


def bar(percent: float, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return the full and the empty half of a progress bar."""
    done = max(0, min(width, round(percent / 100 * width)))
    return glyphs.full * done, glyphs.empty * (width - done)
