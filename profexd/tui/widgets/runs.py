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
    ("started", "Started", 18),
    ("took", "Took", 9),
    ("rows", "Rows", 12),
    ("bytes", "Bytes", 9),
    ("trigger", "Trigger", 9),
    ("note", "Note", 60),
)


class RunsTable(QuietTable):
    """``show`` draws again only what has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: tuple[RunJson, ...] = ()
        self._rows: list[tuple[Text, ...]] = []

    @property
    def current(self) -> RunJson | None:
        """The run under the cursor."""
        return self._runs[min(self.cursor_row, len(self._runs) - 1)] if self._runs else None

    def on_mount(self) -> None:
        for key, title, width in _COLUMNS:
            right = key in ("took", "rows", "bytes")
            self.add_column(title.rjust(width - 2) if right else title, key=key, width=width)

    def show(self, runs: Sequence[RunJson], view: View) -> None:
        """Draw ``runs``; the cursor stays on its run."""
        if not self.columns:
            return
        rows = [_row(run, view) for run in runs]
        same = [run["run_id"] for run in runs] == [run["run_id"] for run in self._runs]
        current = self.current
        with self.app.batch_update():
            if same:
                self._touch(rows)
            else:
                self.clear()
                for run, row in zip(runs, rows, strict=True):
                    self.add_row(*row, key=run["run_id"])
        self._runs, self._rows = tuple(runs), rows
        if not same and current is not None:
            ids = [run["run_id"] for run in runs]
            if current["run_id"] in ids:
                self.move_cursor(row=ids.index(current["run_id"]), animate=False)

    def _touch(self, rows: list[tuple[Text, ...]]) -> None:
        for run, before, row in zip(self._runs, self._rows, rows, strict=True):
            for (key, _, _), old, new in zip(_COLUMNS, before, row, strict=True):
                if old != new:
                    self.update_cell(run["run_id"], key, new, update_width=False)


def _row(run: RunJson, view: View) -> tuple[Text, ...]:
    started = humane.parse(run["started_at"] or run["scheduled_at"])
    attempts = f"attempt {run['attempt']}  " if run["attempt"] > 1 else ""
    error = run["error"]
    note = f"{attempts}{error['code']}: {error['message']}" if error else attempts
    if run["warnings"] and not error:
        note += humane.count(len(run["warnings"]), "warning")
    values = (
        Text(run["status"], style=RUN_STYLES.get(run["status"], "")),
        Text(humane.moment(started, view.zone)[:16] if started else view.glyphs.dash),
        Text(elapsed(run, view.now) or view.glyphs.dash),
        Text(humane.number(run["rows"])),
        Text(humane.size(run["bytes"])),
        Text(run["trigger"]),
        Text(note.splitlines()[0] if note else ""),
    )
    return tuple(
        fit(text, width - 2, view.glyphs, right=key in ("took", "rows", "bytes"))
        for text, (key, _, width) in zip(values, _COLUMNS, strict=True)
    )
