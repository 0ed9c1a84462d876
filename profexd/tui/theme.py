"""The colours of the interface, and what is drawn otherwise on a terminal with ASCII alone."""

from __future__ import annotations

from typing import ClassVar

from rich.terminal_theme import TerminalTheme
from textual.scrollbar import ScrollBarRender
from textual.theme import Theme

PROFEXD_THEME = Theme(
    name="profexd",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#5fd7af",
    warning="#d7af5f",
    error="#ff5f5f",
    success="#87d787",
    foreground="#e4e4e4",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
)

# Cells name colours as terminals do; on more than sixteen colours they look like this.
NAMED_COLORS = TerminalTheme(
    (18, 18, 18),
    (228, 228, 228),
    [
        (0, 0, 0),
        (255, 95, 95),
        (135, 215, 135),
        (255, 215, 95),
        (95, 175, 255),
        (215, 135, 255),
        (95, 215, 215),
        (228, 228, 228),
    ],
)


_ACCENTS = {
    "red": "#af3030",
    "green": "#3f8f3f",
    "yellow": "#d7af5f",
    "blue": "#3f6fbf",
    "magenta": "#9f5fbf",
    "cyan": "#2f8f8f",
    "white": "#d0d0d0",
}
_DARK_TEXT = ("yellow", "white")


def accent_colors(accent: str, *, ansi: bool) -> tuple[str, str]:
    """Return background and text of the header of a host; ``ansi``: the terminal's own colours."""
    dark = accent in _DARK_TEXT
    if ansi:
        return f"ansi_{accent}", "ansi_black" if dark else "ansi_bright_white"
    return _ACCENTS[accent], "#000000" if dark else "#ffffff"


class PlainScrollBars(ScrollBarRender):
    """Scroll bars of blanks in two colours, without the fractions of a block."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8
