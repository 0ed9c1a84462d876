"""Tables for people: aligned, as wide as the terminal, the least needed columns left out first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profexd.cli.console import Console, one_line

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Heading:
    """A column. The highest ``drop`` is left out first where there is no room; 0 always stays.

    ``least`` is how narrow it may get before columns are left out; None: it is never cut.
    """

    title: str
    drop: int = 0
    least: int | None = None
    right: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and its colour."""

    text: str
    colour: str = ""


def write_table(
    console: Console, headings: Sequence[Heading], rows: Sequence[Sequence[Cell | str]]
) -> int:
    """Write a heading and rows, each on one line; return how many columns had room."""
    cells = [
        [Cell(one_line(c)) if isinstance(c, str) else Cell(one_line(c.text), c.colour) for c in row]
        for row in rows
    ]
    natural = [
        max([cell_width(heading.title), *(cell_width(row[i].text) for row in cells)])
        for i, heading in enumerate(headings)
    ]
    shown, widths = _fit(headings, natural, console.width)
    titles = [Cell(heading.title, "dim") for heading in headings]
    for row in [titles, *cells]:
        pieces = [
            _piece(console, row[i], widths[i], right=headings[i].right, last=i == shown[-1])
            for i in shown
        ]
        console.print(_GAP.join(pieces))
    return len(shown)


def cell_width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` columns, with an ellipsis where something is missing."""
    if cell_width(text) <= width:
        return text
    kept = ""
    used = 1
    for character in text:
        used += cell_width(character)
        if used > width:
            break
        kept += character
    return f"{kept}…"


def _fit(
    headings: Sequence[Heading], natural: Sequence[int], width: int | None
) -> tuple[list[int], list[int]]:
    shown = list(range(len(headings)))
    widths = list(natural)
    if width is None:
        return shown, widths
    least = [
        n if h.least is None else min(n, max(h.least, len(h.title)))
        for h, n in zip(headings, natural, strict=True)
    ]
    while _total(shown, least) > width and any(headings[i].drop for i in shown):
        shown.remove(max(shown, key=lambda i: headings[i].drop))
    while _total(shown, widths) > width:
        shrinkable = [i for i in shown if widths[i] > least[i]]
        if not shrinkable:
            break
        widest = max(shrinkable, key=lambda i: widths[i] - least[i])
        widths[widest] -= 1
    return shown, widths


def _total(shown: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + len(_GAP) * (len(shown) - 1)


def _piece(console: Console, cell: Cell, width: int, *, right: bool, last: bool) -> str:
    text = cut(cell.text, width)
    padding = " " * (width - cell_width(text))
    painted = console.paint(text, cell.colour)
    if right:
        return padding + painted
    return painted if last else painted + padding
