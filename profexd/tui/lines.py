"""Lines of text that keep to a width."""

from __future__ import annotations

import textwrap

from rich.text import Text


class Lines:
    """Lines of at most ``width`` cells; what is longer goes on under its own beginning."""

    def __init__(self, width: int) -> None:
        self._width = max(20, width - 3)
        self._lines: list[Text] = []

    @property
    def text(self) -> Text:
        """All lines."""
        return Text("\n").join(self._lines)

    def add(
        self, value: str, style: str = "", *, head: Text | None = None, indent: int = 0
    ) -> None:
        """Add ``value`` after ``head``, which stands once in the room of the indent."""
        start = head if head is not None else Text(" " * indent)
        pieces = textwrap.wrap(
            value,
            max(10, self._width - indent),
            break_on_hyphens=False,
            initial_indent=" " * max(0, start.cell_len - indent),
        ) or [""]
        first = pieces[0][max(0, start.cell_len - indent) :]
        self._lines.append(Text.assemble(start, (first, style)))
        self._lines.extend(Text.assemble(" " * indent, (piece, style)) for piece in pieces[1:])

    def append(self, line: Text) -> None:
        """Add a line that is short enough."""
        self._lines.append(line)
