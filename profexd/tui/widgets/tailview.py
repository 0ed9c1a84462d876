"""A log view that fetches what it shows: the log of one run, to its end."""

from __future__ import annotations

from datetime import tzinfo

from textual.message import Message
from textual.timer import Timer

from profexd.tui.ports import ControlClient
from profexd.tui.store import Failure
from profexd.tui.tail import Tail
from profexd.tui.widgets.logview import LogView

_FLUSH_SECONDS = 0.2


class TailView(LogView):
    """``show_run`` chooses the run; lines are drawn at most every 200 ms."""

    class Woke(Message):
        """The tail has lines, or has ended."""

        def __init__(self, tail: Tail) -> None:
            super().__init__()
            self.tail = tail

    def __init__(self, *, zone: tzinfo | None, id: str | None = None) -> None:
        super().__init__(zone=zone, id=id)
        self._client: ControlClient | None = None
        self._tail: Tail | None = None
        self._timer: Timer | None = None

    @property
    def run_id(self) -> str | None:
        """The run whose log is shown."""
        return self._tail.run_id if self._tail else None

    @property
    def ended(self) -> bool:
        """Whether the log is complete."""
        return self._tail is not None and self._tail.ended

    @property
    def failure(self) -> Failure | None:
        """Why the log could not be read, or not to its end."""
        return self._tail.failure if self._tail else None

    def show_run(self, client: ControlClient, run_id: str | None) -> None:
        """Show the log of ``run_id``; nothing happens where it is shown already."""
        if run_id == self.run_id:
            return
        self.leave()
        self.clear()
        self._client = client
        if run_id is not None:
            self._start(client, run_id)

    def reload(self) -> None:
        """Read the log anew, as after a lost connection."""
        run_id = self.run_id
        self.leave()
        if self._client is not None:
            self.show_run(self._client, run_id)

    def leave(self) -> None:
        """Stop reading; what was read stays."""
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def on_unmount(self) -> None:
        self.leave()

    def on_tail_view_woke(self, message: Woke) -> None:
        if message.tail is not self._tail or self._timer is not None:
            return
        if self.buffer.end == self.buffer.first:
            self._flush()
        else:
            self._timer = self.set_timer(_FLUSH_SECONDS, self._flush)

    def _start(self, client: ControlClient, run_id: str) -> None:
        tail = Tail(client, run_id, lambda: self._wake(tail))
        self._tail = tail
        self.run_worker(tail.run, thread=True, exclusive=True, group="tail")

    def _wake(self, tail: Tail) -> None:
        self.post_message(self.Woke(tail))

    def _flush(self) -> None:
        self._timer = None
        if self._tail is not None:
            lines = self._tail.drain()
            if lines:
                self.add(lines)
            else:
                self.post_message(self.Changed())
