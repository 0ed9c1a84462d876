"""Tables that hear no keys of their own: the table of actions rules them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from profexd.tui.columns import Column, View, cells, fitting, titles
from profexd.wire import PipelineJson, RunJson

_RESTING_SECONDS = 10
"""How often the ages of a row are made anew in which nothing goes on."""


class QuietTable(DataTable[Text], inherit_bindings=False):
    """A table of rows with a cursor, moved by the screen's actions alone."""

    DEFAULT_CSS = """
    QuietTable { height: 1fr; background: $background; scrollbar-size-vertical: 1;
                 scrollbar-size-horizontal: 1; }
    QuietTable > .datatable--header { background: $surface; }
    QuietTable:focus > .datatable--header { background-tint: $foreground 0%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False)

    def move(self, rows: int) -> None:
        """Move the cursor by ``rows``, and stop at the ends."""
        if self.row_count:
            target = max(0, min(self.row_count - 1, self.cursor_row + rows))
            self.move_cursor(row=target, animate=False)

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * max(1, self.scrollable_content_region.height - 2))


@dataclass(frozen=True, slots=True)
class _Made:
    """A row, and what it was made of."""

    pipeline: PipelineJson
    run: RunJson | None
    marked: bool
    moment: float
    row: tuple[Text, ...]


class PipelineTable(QuietTable):
    """The list of pipelines. ``show`` touches only what has changed."""

    class Moved(Message):
        """The cursor stands on another pipeline."""

    class Resized(Message):
        """There is room for other columns now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns: tuple[Column, ...] = ()
        self._heads: list[Text] = []
        self._names: list[str] = []
        self._drawn: dict[str, tuple[Text, ...]] = {}
        self._made: dict[str, _Made] = {}
        self._width = 0

    @property
    def current(self) -> str | None:
        """The name under the cursor."""
        if not self._names:
            return None
        return self._names[min(self.cursor_row, len(self._names) - 1)]

    def show(
        self,
        pipelines: Sequence[PipelineJson],
        runs: Mapping[str, RunJson | None],
        view: View,
        *,
        marked: frozenset[str],
        sorted_by: str,
        reverse: bool,
        width: int,
    ) -> None:
        """Draw ``pipelines`` in this order; the cursor stays on its pipeline."""
        columns = fitting(width)
        if columns_differ(columns, self._columns):
            self._made.clear()
        heads = titles(columns, sorted_by, reverse=reverse)
        names = [pipeline["name"] for pipeline in pipelines]
        rows = {
            pipeline["name"]: self._cells(
                columns,
                pipeline,
                runs[pipeline["name"]],
                view,
                marked=pipeline["name"] in marked,
            )
            for pipeline in pipelines
        }
        with self.app.batch_update():
            if columns_differ(columns, self._columns) or heads != self._heads:
                self._rebuild(columns, heads, names, rows)
            elif names != self._names:
                self._refill(names, rows)
            else:
                self._touch(rows)
        self._drawn = rows
        if len(self._made) > len(rows):
            self._made = {name: self._made[name] for name in rows}

    def _cells(
        self,
        columns: tuple[Column, ...],
        pipeline: PipelineJson,
        run: RunJson | None,
        view: View,
        *,
        marked: bool,
    ) -> tuple[Text, ...]:
        """Return a row, made anew only where it can be another: among a thousand few are."""
        name = pipeline["name"]
        moving = pipeline["running"] is not None or (run is not None and run["retry_at"])
        moment = view.now.timestamp() // (1 if moving else _RESTING_SECONDS)
        made = self._made.get(name)
        if (
            made is None
            or made.pipeline is not pipeline
            or made.run is not run
            or (made.marked, made.moment) != (marked, moment)
        ):
            row = cells(columns, pipeline, run, view, marked=marked)
            made = self._made[name] = _Made(pipeline, run, marked, moment, row)
        return made.row

    def go_to(self, name: str) -> bool:
        """Put the cursor on ``name``; False where it is not shown."""
        if name not in self._names:
            return False
        self.move_cursor(row=self._names.index(name), animate=False)
        return True

    def _rebuild(
        self,
        columns: tuple[Column, ...],
        heads: list[Text],
        names: list[str],
        rows: Mapping[str, tuple[Text, ...]],
    ) -> None:
        current = self.current
        self.clear(columns=True)
        for column, head in zip(columns, heads, strict=True):
            self.add_column(head, key=column.key, width=column.width)
        self._columns, self._heads = columns, heads
        self._fill(names, rows, current)

    def _refill(self, names: list[str], rows: Mapping[str, tuple[Text, ...]]) -> None:
        current, top = self.current, self.scroll_offset.y
        self.clear()
        self._fill(names, rows, current)
        self.scroll_to(y=top, animate=False, force=True)

    def _fill(
        self, names: list[str], rows: Mapping[str, tuple[Text, ...]], current: str | None
    ) -> None:
        before = self._names.index(current) if current in self._names and current else 0
        for name in names:
            self.add_row(*rows[name], key=name)
        self._names = names
        if names:
            row = names.index(current) if current in names and current else before
            self.move_cursor(row=min(row, len(names) - 1), animate=False)

    def _touch(self, rows: Mapping[str, tuple[Text, ...]]) -> None:
        for name, row in rows.items():
            drawn = self._drawn[name]
            if row is drawn:
                continue
            for column, old, new in zip(self._columns, drawn, row, strict=True):
                if old != new or old.style != new.style:
                    self.update_cell(name, column.key, new, update_width=False)

    def on_resize(self) -> None:
        if self.size.width != self._width:
            self._width = self.size.width
            self.post_message(self.Resized())

    def on_data_table_row_highlighted(self) -> None:
        self.post_message(self.Moved())


def columns_differ(one: Sequence[Column], other: Sequence[Column]) -> bool:
    """Whether two sets of columns need another table."""
    return [(c.key, c.width) for c in one] != [(c.key, c.width) for c in other]
