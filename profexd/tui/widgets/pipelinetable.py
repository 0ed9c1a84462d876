"""The list of pipelines: it makes and draws only the rows that are on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from profexd.tui.columns import TREND, Column, Look, View, cells, fitting, titles
from profexd.wire import PipelineJson, RunJson, TrendJson

_HEAD_ROWS = 1
_RESTING_SECONDS = 10
"""How often the ages of a row are made anew in which nothing goes on."""
_ROWS_KEPT = 500

RunOf = Callable[[str], RunJson | None]


@dataclass(frozen=True, slots=True)
class _Made:
    """A row, and what it was made of."""

    pipeline: PipelineJson
    run: RunJson | None
    marked: bool
    look: Look | None
    trend: Sequence[TrendJson] | None
    moment: float
    row: Text


class PipelineTable(ScrollView, can_focus=True, inherit_bindings=False):
    """A table with a cursor that stays on its pipeline; the screen's actions move it."""

    COMPONENT_CLASSES: ClassVar = {"pipelines--head", "pipelines--cursor"}
    DEFAULT_CSS = """
    PipelineTable { height: 1fr; background: $background; color: $foreground;
                    overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    PipelineTable > .pipelines--head { background: $surface; color: $foreground;
                                       text-style: bold; }
    PipelineTable:ansi > .pipelines--head { background: ansi_bright_blue; color: ansi_default; }
    PipelineTable > .pipelines--cursor { background: $block-cursor-blurred-background;
                                         color: $block-cursor-blurred-foreground;
                                         text-style: $block-cursor-blurred-text-style; }
    PipelineTable:focus > .pipelines--cursor { background: $block-cursor-background;
                                               color: $block-cursor-foreground;
                                               text-style: $block-cursor-text-style; }
    """

    class Moved(Message):
        """The cursor stands on another pipeline."""

    class Resized(Message):
        """There is room for other columns now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns: tuple[Column, ...] = ()
        self._head = Text()
        self._pipelines: Sequence[PipelineJson] = ()
        self._names: list[str] = []
        self._run_of: RunOf = lambda _: None
        self._view: View | None = None
        self._marked: frozenset[str] = frozenset()
        self._cursor = 0
        self._made: dict[str, _Made] = {}
        self._painted: dict[int, Text] = {}
        self._width = 0

    @property
    def current(self) -> str | None:
        """The name under the cursor."""
        return self._names[self._cursor] if self._names else None

    @property
    def shows_trends(self) -> bool:
        """Whether there is room for how the last runs did."""
        return any(column.key == TREND.key for column in self._columns)

    def show(
        self,
        pipelines: Sequence[PipelineJson],
        run_of: RunOf,
        view: View,
        *,
        marked: frozenset[str],
        sorted_by: str,
        reverse: bool,
        width: int,
    ) -> None:
        """Draw ``pipelines`` in this order, and what has changed alone; a row that is not on the
        screen costs nothing.
        """
        columns = fitting(width, tuple(view.hosts))
        head = _joined(columns, titles(columns, sorted_by, reverse=reverse))
        names = [pipeline["name"] for pipeline in pipelines]
        other_columns = [(c.key, c.width) for c in columns] != [
            (c.key, c.width) for c in self._columns
        ]
        if other_columns or len(self._made) > _ROWS_KEPT:
            self._made.clear()
        anew = other_columns or names != self._names or head != self._head
        self._pipelines, self._run_of = pipelines, run_of
        self._columns, self._head, self._view, self._marked = columns, head, view, marked
        if names != self._names:
            self._rename(names)
        if anew:
            self.refresh()
            return
        for index in self._rows_on_screen():
            if self._painted.get(index) is not self._row(index):
                self._refresh_row(index)

    def move(self, rows: int) -> None:
        """Move the cursor by ``rows``, and stop at the ends."""
        self._put(max(0, min(len(self._names) - 1, self._cursor + rows)))

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * max(1, self.size.height - _HEAD_ROWS - 1))

    def go_to(self, name: str) -> bool:
        """Put the cursor on ``name``; False where it is not shown."""
        if name not in self._names:
            return False
        self._put(self._names.index(name))
        return True

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < _HEAD_ROWS:
            style = self.get_component_rich_style("pipelines--head")
            return self._strip(self._head, style, Style()).extend_cell_length(width, style)
        index = self.scroll_offset.y + y - _HEAD_ROWS
        if index >= len(self._names) or self._view is None:
            return Strip.blank(width, self.rich_style)
        row = self._painted[index] = self._row(index)
        if index != self._cursor:
            return self._strip(row, self.rich_style, Style()).extend_cell_length(
                width, self.rich_style
            )
        cursor = self.get_component_rich_style("pipelines--cursor")
        # The colours of the words would not be read on the cursor's own.
        over = Style.from_color(cursor.color, cursor.bgcolor)
        return self._strip(row, cursor, over).extend_cell_length(width, cursor)

    def on_resize(self) -> None:
        if self.size.width != self._width:
            self._width = self.size.width
            self.post_message(self.Resized())
        self._to_cursor()

    def on_click(self, event: events.Click) -> None:
        if event.y >= _HEAD_ROWS and self._names:
            self._put(min(len(self._names) - 1, self.scroll_offset.y + event.y - _HEAD_ROWS))

    def _rename(self, names: list[str]) -> None:
        current, self._names = self.current, names
        self._painted.clear()
        if current in names:
            self._cursor = names.index(current)
        self._cursor = max(0, min(self._cursor, len(names) - 1))
        self.virtual_size = Size(0, len(names) + _HEAD_ROWS)
        self._to_cursor()

    def _put(self, index: int) -> None:
        if index == self._cursor or not self._names:
            return
        before, self._cursor = self._cursor, index
        self._refresh_row(before)
        self._refresh_row(index)
        self._to_cursor()
        self.post_message(self.Moved())

    def _to_cursor(self) -> None:
        top, rows = self.scroll_offset.y, self.size.height - _HEAD_ROWS
        if rows > 0 and not top <= self._cursor < top + rows:
            to = self._cursor if self._cursor < top else self._cursor - rows + 1
            self.scroll_to(y=to, animate=False, force=True, immediate=True)

    def _rows_on_screen(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(len(self._names), top + self.size.height - _HEAD_ROWS))

    def _refresh_row(self, index: int) -> None:
        self.refresh_line(index + _HEAD_ROWS)

    def _row(self, index: int) -> Text:
        """Return a row, made anew only where it can be another."""
        assert self._view is not None
        pipeline, view = self._pipelines[index], self._view
        name = pipeline["name"]
        run, marked, look = self._run_of(name), name in self._marked, view.look(pipeline)
        trend = view.trends.get(name)
        moving = pipeline["running"] is not None or (run is not None and run["retry_at"])
        moment = view.now.timestamp() // (1 if moving else _RESTING_SECONDS)
        made = self._made.get(name)
        if (
            made is None
            or made.pipeline is not pipeline
            or made.run is not run
            or made.trend is not trend
            or (made.marked, made.look, made.moment) != (marked, look, moment)
        ):
            row = _joined(self._columns, cells(self._columns, pipeline, run, view, marked=marked))
            if made is not None and made.row == row and made.row.style == row.style:
                row = made.row
            made = self._made[name] = _Made(pipeline, run, marked, look, trend, moment, row)
        return made.row

    def _strip(self, text: Text, under: Style, over: Style) -> Strip:
        return Strip(list(self._segments(text, under, over)))

    def _segments(self, text: Text, under: Style, over: Style) -> Iterator[Segment]:
        for segment in text.render(self.app.console):
            yield Segment(segment.text, under + (segment.style or Style()) + over)


def _joined(columns: Sequence[Column], row: Sequence[Text]) -> Text:
    """Return the cells as one line, each as wide as its column."""
    line = Text(no_wrap=True, end="")
    for column, cell in zip(columns, row, strict=True):
        line.append_text(cell)
        line.append(" " * (column.width - cell.cell_len))
    return line
