"""Tries a draft while it is written: what it gives, which columns there are, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from profexd.edit import trial
from profexd.edit.composing import Columns, Composing
from profexd.edit.errors import EditError
from profexd.edit.target import Kind
from profexd.edit.trial import Glance, Verdict

_PAUSE_SECONDS = 0.4
"""How long nothing is typed before the draft is tried."""

Found = Glance | Columns | Verdict | EditError


class Tried(Message):
    """A child has answered."""

    def __init__(self, text: str, found: Found) -> None:
        super().__init__()
        self.text = text
        self.found = found


class Trying:
    """Belongs to a screen, which gets the answers as messages."""

    def __init__(self, screen: Screen[Any], composing: Composing) -> None:
        self._screen = screen
        self._composing = composing
        self._tried = ""
        self._columns_of = ""
        self._timer: Timer | None = None
        self.glance = Glance(None, "")
        self.columns: Columns = ()
        self.columns_wanted = False
        self._judged = ""
        self.judging = False
        """Whether a verdict on the draft is on its way."""
        self.busy = False
        """Whether the glance is of another draft than the one there is."""

    @property
    def resting(self) -> bool:
        """Whether nothing is left to try."""
        return self._timer is None and not self.judging and not self.busy

    def soon(self) -> None:
        """Try the draft once nothing is typed any more."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(_PAUSE_SECONDS, self._try)

    def judge(self) -> None:
        """Have the draft checked, to save it."""
        self.judging = True
        text = self._judged = self._composing.text
        self._in_thread("judge", partial(self._composing.check_of, text))

    def came(self, tried: Tried) -> None:
        """Take what a child has answered."""
        match tried.found:
            case EditError():
                self.judging = self.busy = False
            case Glance() if tried.text == self._tried:  # else a newer one is on its way
                self.glance = tried.found
                self.busy = False
                shown = tried.found.preview
                if shown is not None and self._composing.target.kind is Kind.SOURCE:
                    self.columns = tuple((one["name"], one["type"]) for one in shown["columns"])
            case Verdict():
                self.judging = False
                if self._composing.text != self._judged:  # written on meanwhile
                    self.judge()
            case tuple():
                self.columns = tried.found
                if not tried.found:  # to be asked for again after the next change
                    self._columns_of = ""

    def _try(self) -> None:
        self._timer = None
        text = self._composing.text
        if text != self._tried:
            self._tried, self.busy = text, True
            if missing := self._composing.missing:
                glance = Glance(None, f"Still needed: {', '.join(missing)}.")
                self._screen.post_message(Tried(text, glance))
            else:
                self._in_thread("glance", partial(trial.preview, self._composing.target, text))
        source = repr(self._composing.draft.get(("source",)))
        if self.columns_wanted and source != self._columns_of:
            self._columns_of = source
            self._in_thread("columns", self._composing.columns())

    def _in_thread(self, what: str, call: Callable[[], Glance | Columns | Verdict]) -> None:
        text = self._tried

        def work() -> None:
            try:
                found: Found = call()
            except EditError as why:
                found = why
            self._screen.post_message(Tried(text, found))

        self._screen.run_worker(work, thread=True, exclusive=True, group=f"form-{what}")
