"""The runs of one pipeline, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from profexd.tui import humane
from profexd.tui.columns import RUN_STYLES, View, elapsed, fit
from profexd.tui.widgets.tables import QuietTable
from profexd.wire import RunJson

_COLUMNS = (
    ("status", "Status", 12),
    ("started", "Started", 17),
    ("took", "Took", 9),
    ("rows", "Rows", 12),
    ("bytes", "Bytes", 9),
    ("trigger", "Trigger", 9),
)
_NARROW_COLUMNS = (("status", "Status", 12), ("started", "Started", 17), ("took", "Took", 9))
_NARROW = 78
_RIGHT = ("took", "rows", "bytes")
_NOTE_LEAST = 8

Columns = tuple[tuple[str, str, int], ...]


class RunsTable(QuietTable):
    """``show`` draws again only what has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: tuple[RunJson, ...] = ()
        self._rows: list[tuple[Text, ...]] = []
        self._columns: Columns = ()

    @property
    def current(self) -> RunJson | None:
        """The run under the cursor."""
        return self._runs[min(self.cursor_row, len(self._runs) - 1)] if self._runs else None

    @property
    def plain(self) -> str:
        """All rows as lines of text."""
        return "\n".join(" ".join(cell.plain for cell in row).rstrip() for row in self._rows)

    def show(self, runs: Sequence[RunJson], view: View, width: int) -> None:
        """Draw ``runs``; the cursor stays on its run."""
        columns = _fitting(width)
        rows = [_row(run, view, columns) for run in runs]
        ids = [run["run_id"] for run in runs]
        same = columns == self._columns and ids == [run["run_id"] for run in self._runs]
        current = self.current
        with self.app.batch_update():
            if same:
                self._touch(rows)
            else:
                self._refill(ids, rows, columns)
        self._runs, self._rows = tuple(runs), rows
        if not same and current is not None and current["run_id"] in ids:
            self.move_cursor(row=ids.index(current["run_id"]), animate=False)

    def _refill(
        self, ids: Sequence[str], rows: Sequence[tuple[Text, ...]], columns: Columns
    ) -> None:
        self.clear(columns=columns != self._columns)
        if columns != self._columns:
            for key, title, width in columns:
                head = title.rjust(width - 2) if key in _RIGHT else title
                self.add_column(head, key=key, width=width)
            self._columns = columns
        for run_id, row in zip(ids, rows, strict=True):
            self.add_row(*row, key=run_id)

    def _touch(self, rows: list[tuple[Text, ...]]) -> None:
        for run, before, row in zip(self._runs, self._rows, rows, strict=True):
            for (key, _, _), old, new in zip(self._columns, before, row, strict=True):
                if old != new:
                    self.update_cell(run["run_id"], key, new, update_width=False)


def _fitting(width: int) -> Columns:
    columns = _NARROW_COLUMNS if width < _NARROW else _COLUMNS
    rest = width - sum(column[2] for column in columns)
    return (*columns, ("note", "Note", rest)) if rest >= _NOTE_LEAST else columns


def _row(run: RunJson, view: View, columns: Columns) -> tuple[Text, ...]:
    started = humane.parse(run["started_at"] or run["scheduled_at"])
    values = {
        "status": Text(run["status"], style=RUN_STYLES.get(run["status"], "")),
        "started": Text(humane.moment(started, view.zone)[:16] if started else view.glyphs.dash),
        "took": Text(elapsed(run, view.now) or view.glyphs.dash),
        "rows": Text(humane.number(run["rows"])),
        "bytes": Text(humane.size(run["bytes"])),
        "trigger": Text(run["trigger"]),
        "note": Text(_note(run)),
    }
    return tuple(
        fit(values[key], width - (2 if key in _RIGHT else 1), view.glyphs, right=key in _RIGHT)
        for key, _, width in columns
    )


def _note(run: RunJson) -> str:
    """Say what a reader of the list should know: the error, the attempt, warnings."""
    error = run["error"]
    notes = []
    if error is not None:
        notes.append(f"{error['code']}: {error['message']}".splitlines()[0])
    elif run["warnings"]:
        notes.append(humane.count(len(run["warnings"]), "warning"))
    if run["attempt"] > 1:
        notes.append(f"attempt {run['attempt']}")
    return ", ".join(notes)
