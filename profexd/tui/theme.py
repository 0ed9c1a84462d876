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


class PlainScrollBars(ScrollBarRender):
    """Scroll bars of blanks in two colours, without the fractions of a block."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8
