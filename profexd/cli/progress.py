"""How far a run is: one line on stderr, written over and over, where stderr is a terminal."""

from __future__ import annotations

from profexd.cli.console import Console
from profexd.cli.words import number, size
from profexd.wire import EventJson, RunJson, RunningJson


class Progress:
    """Shows the events of one run; of whichever run begins first where no id is given."""

    def __init__(self, console: Console, run_id: str | None = None) -> None:
        self._console = console
        self._run_id = run_id
        self._shown = False

    def show(self, event: EventJson) -> None:
        """Show what an event says about the run, if it does."""
        if event["type"] == "run":
            run = event["run"]
            if self._run_id is None:
                self._run_id = run["run_id"]
            if run["run_id"] == self._run_id:
                self._write(_of_run(run))
        elif event["type"] == "progress" and event["running"]["run_id"] == self._run_id:
            self._write(_of_running(event["running"]))

    def clear(self) -> None:
        """Leave no trace on the terminal."""
        if self._shown:
            self._console.err.write("\r\x1b[K")
            self._console.err.flush()
            self._shown = False

    def _write(self, text: str) -> None:
        if self._console.err_is_terminal:
            self._shown = True
            self._console.err.write(f"\r\x1b[Krun {self._run_id}: {text}")
            self._console.err.flush()


def _of_run(run: RunJson) -> str:
    return f"waiting to retry (attempt {run['attempt']})" if run["retry_at"] else run["status"]


def _of_running(running: RunningJson) -> str:
    percent = f" {running['percent']:.0f}%" if running["percent"] is not None else ""
    counts = f"{number(running['rows'])} rows, {size(running['bytes'])}"
    return f"{running['phase'] or 'pending'}{percent}, {counts}"
