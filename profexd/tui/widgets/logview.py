"""Shows a log buffer: follows its end or stands still, wraps, filters, searches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from profexd.tui.logbuffer import Line, LogBuffer, plain

_STYLES = {
    "debug": Style(dim=True),
    "warning": Style(color="yellow"),
    "error": Style(color="red", bold=True),
    "mark": Style(color="cyan"),
}
_PLAIN = Style()
_MATCH = Style(reverse=True)
_HERE = Style(reverse=True, bold=True, color="yellow")


@dataclass(frozen=True, slots=True)
class Row:
    """One row on the screen: a line, or a piece of a wrapped one."""

    number: int
    text: str
    level: str


class LogView(ScrollView, can_focus=True, inherit_bindings=False):
    """``add`` takes lines in at any time; the screen's actions do the rest."""

    DEFAULT_CSS = """
    LogView { height: 1fr; background: $background; scrollbar-size-vertical: 1;
              scrollbar-size-horizontal: 1; overflow-x: auto; overflow-y: auto; }
    """

    class Changed(Message):
        """Following, level, search or the number of waiting lines has changed."""

    def __init__(self, *, zone: tzinfo | None, id: str | None = None) -> None:
        super().__init__(id=id)
        self.buffer = LogBuffer()
        self.wrap = True
        self.times = True
        self.needle = ""
        self.following = True
        self._zone = zone
        self._rows: list[Row] = []
        self._taken = 0
        self._widest = 0
        self._match: int | None = None

    @property
    def plain_lines(self) -> list[str]:
        """The lines of the chosen levels, whole."""
        return [plain(line, self._zone, times=self.times) for _, line in self.buffer.shown_from(0)]

    @property
    def lines_on_screen(self) -> list[str]:
        """The lines of which some part is to be seen now, whole."""
        top = self.scroll_offset.y
        numbers = {row.number for row in self._rows[top : top + self.size.height]}
        return [
            plain(line, self._zone, times=self.times)
            for number, line in self.buffer.shown_from(min(numbers, default=0))
            if number in numbers
        ]

    def add(self, lines: Iterable[Line]) -> None:
        """Take in lines."""
        self.buffer.add(lines)
        if not self.buffer.held:
            self._take()
        self.post_message(self.Changed())

    def mark(self, at: str, text: str) -> None:
        """Draw a line of our own after the last one that is shown."""
        self.buffer.mark({"at": at, "level": "mark", "message": text})
        self._take()

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self.buffer.clear()
        self.following = True
        self._match = None
        self._rebuild()

    def follow(self) -> None:
        """Go to the end, and stay there."""
        self.following = True
        self.buffer.release()
        self._take()
        self._to_end()
        self.post_message(self.Changed())

    def hold(self) -> None:
        """Stand still; new lines wait."""
        self.following = False
        self.buffer.hold()
        self.post_message(self.Changed())

    def move(self, rows: int) -> None:
        """Scroll by rows; upwards stops following, reaching the end follows again."""
        if rows < 0 and self.max_scroll_y > 0 and self.following:
            self.hold()
        target = self.scroll_offset.y + rows
        if rows > 0 and target >= self.max_scroll_y and not self.following:
            self.follow()
        else:
            self.scroll_to(y=target, animate=False, force=True, immediate=True)

    def page(self, direction: int) -> None:
        """Scroll by a page."""
        self.move(direction * max(1, self.size.height - 1))

    def to_top(self) -> None:
        """Go to the first line."""
        self.move(-len(self._rows))

    def sideways(self, cells: int) -> None:
        """Scroll to the right, or with a negative number to the left."""
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False, force=True, immediate=True)

    def set_wrap(self, wrap: bool) -> None:
        """Wrap long lines, or let them run out at the right."""
        self.wrap = wrap
        self._rebuild()

    def set_times(self, times: bool) -> None:
        """Show the time of every line, or not."""
        self.times = times
        self._rebuild()

    def next_level(self) -> str:
        """Show the next lowest level and above."""
        level = self.buffer.next_level()
        self._rebuild()
        return level

    def show_since(self, instant: datetime | None) -> None:
        """Show the lines from ``instant`` on, or all."""
        self.buffer.since = f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" if instant else ""
        self._rebuild()

    def search(self, needle: str) -> bool:
        """Mark what contains ``needle`` and go to the last match on or above the screen's end."""
        self.needle = needle
        self._match = None
        self.refresh()
        return not needle or self.step(-1)

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the one before (-1), round at the ends."""
        wanted = self.needle.lower()
        matches = [i for i, row in enumerate(self._rows) if wanted in row.text.lower()]
        if not wanted or not matches:
            return False
        here = self._match
        if here is None:
            here = self.scroll_offset.y + (self.size.height if direction < 0 else -1)
        at = bisect_left(matches, here)
        if direction < 0:
            index = at - 1
        else:
            index = at + 1 if at < len(matches) and matches[at] == here else at
        self._match = matches[index % len(matches)]
        self.hold()
        self.scroll_to(
            y=self._match - self.size.height // 2, animate=False, force=True, immediate=True
        )
        self.refresh()
        return True

    def render_line(self, y: int) -> Strip:
        offset_x, offset_y = self.scroll_offset
        width = self.size.width
        index = offset_y + y
        if index >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        strip = Strip(list(self._segments(self._rows[index], here=index == self._match)))
        return strip.crop_extend(offset_x, offset_x + width, self.rich_style).apply_style(
            self.rich_style
        )

    def on_resize(self) -> None:
        if self.wrap:
            self._rebuild()
        elif self.following:
            self._to_end()

    def on_mouse_scroll_up(self) -> None:
        if self.following and self.max_scroll_y > 0:
            self.hold()

    def _rebuild(self) -> None:
        self._rows = []
        self._taken = 0
        self._widest = 0
        self._take()
        self.refresh()

    def _take(self) -> None:
        """Bring the rows up to date with the buffer."""
        gone = bisect_left(self._rows, self.buffer.first, key=lambda row: row.number)
        del self._rows[:gone]
        width = max(10, self.size.width - 1)
        for number, line in self.buffer.shown_from(self._taken):
            text = plain(line, self._zone, times=self.times).expandtabs(4)
            pieces = chop_cells(text, width) if self.wrap else [text]
            self._rows.extend(Row(number, piece, line["level"]) for piece in pieces or [""])
            self._widest = max(self._widest, *(cell_len(piece) for piece in pieces or [""]))
        self._taken = self.buffer.end
        # As wide as the view where lines are wrapped: nothing to scroll to at the right.
        self.virtual_size = Size(0 if self.wrap else self._widest, len(self._rows))
        self.refresh()
        if self.following:
            self._to_end()

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

    def _segments(self, row: Row, *, here: bool) -> Iterable[Segment]:
        style = _STYLES.get(row.level, _PLAIN)
        needle = self.needle.lower()
        text, low = row.text, row.text.lower()
        at = 0
        while needle and (found := low.find(needle, at)) >= 0:
            yield Segment(text[at:found], style)
            at = found + len(needle)
            yield Segment(text[found:at], style + (_HERE if here else _MATCH))
        yield Segment(text[at:], style)
