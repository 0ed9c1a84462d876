"""A page over the list that shows what it fetched: asked at the start, on r, and after a break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rich.text import Text
from textual.message import Message

from profexd.client import ClientError
from profexd.tui.actions import Place
from profexd.tui.feed import failure_of
from profexd.tui.fleet import Member
from profexd.tui.ports import ControlClient
from profexd.tui.screens.base import ActionScreen
from profexd.tui.store import Failure
from profexd.tui.widgets.bars import Bar
from profexd.tui.widgets.notice import Notice, failure_text
from profexd.tui.widgets.tables import QuietTable
from profexd.tui.widgets.textpane import TextPane


class FetchedScreen(ActionScreen, inherit_bindings=False):
    """Its children say what to ``ask`` and how ``draw`` shows the answer."""

    PLACE: ClassVar[Place] = Place.PAGE
    NEEDS: ClassVar = ("#header", "#banner", "#footer", "#title", "#notice", "#body")
    DEFAULT_CSS = """
    FetchedScreen #title { background: $surface; padding: 0 1; }
    FetchedScreen QuietTable { margin-left: 1; }
    FetchedScreen.-old #body { text-opacity: 60%; }
    """

    class Came(Message):
        """An answer, or why there is none."""

        def __init__(self, result: Any) -> None:
            super().__init__()
            self.result = result

    def __init__(self, about: Member, ask: Callable[[ControlClient], Any]) -> None:
        super().__init__()
        self._about: Member = about
        self.answer: Any = None
        self._ask = ask
        self._failure: Failure | None = None
        self._was_connected = False

    @property
    def body(self) -> QuietTable | TextPane:
        """What the keys move."""
        widget = self.query_one("#body")
        assert isinstance(widget, QuietTable | TextPane)
        return widget

    def draw(self) -> None:
        """Draw ``answer``, which has come."""

    def headline(self) -> Text:
        """Return the line above."""
        return Text()

    def report(self) -> str:
        """Return all of it as plain text."""
        return ""

    def on_mount(self) -> None:
        self.body.focus()

    def do_refresh(self) -> None:
        client = self._about.client

        def work() -> None:
            try:
                result = self._ask(client)
            except ClientError as error:
                result = failure_of(error)
            self.post_message(self.Came(result))

        self.run_worker(work, thread=True, exclusive=True, group="page")

    def on_fetched_screen_came(self, message: Came) -> None:
        if isinstance(message.result, Failure):
            self._failure = message.result
        else:
            self._failure, self.answer = None, message.result
        self.refresh_view()

    def refresh_view(self) -> None:
        if not self.drawable:
            return
        state = self.tui.fleet.states[self._about.name]
        if state.connected and not self._was_connected:
            self.do_refresh()
        self._was_connected = state.connected
        self.set_class(not state.connected, "-old")
        notice = self.query_one(Notice)
        text = None
        if self.answer is None and self._failure is not None:
            text = failure_text(self._failure, "r asks again")
        elif self.answer is None:
            text = Text("asking the daemon" if state.connected else "not connected")
        notice.show(text)
        self.body.display = text is None
        self.query_one("#title", Bar).show(self.headline())
        if self.answer is not None:
            self.draw()
        super().refresh_view()

    def do_page_open(self) -> None:
        """Nothing lies behind a line, unless a child says so."""

    def do_copy_page(self) -> None:
        self.copy(self.report(), "the page")

    def do_page_down_line(self) -> None:
        self.body.move(1)

    def do_page_up_line(self) -> None:
        self.body.move(-1)

    def do_page_top(self) -> None:
        self.body.move(-1_000_000)

    def do_page_bottom(self) -> None:
        self.body.move(1_000_000)

    def do_page_forward(self) -> None:
        self.body.page(1)

    def do_page_backward(self) -> None:
        self.body.page(-1)

    def do_close_page(self) -> None:
        self.dismiss()
