"""What the feeds have said and nobody has looked at: one ring for many letters."""

from __future__ import annotations

import threading
from collections.abc import Callable

from profexd.tui.store import Message, Received
from profexd.wire import EventJson

_UNHURRIED = ("progress", "heartbeat")
"""Many runs tell of their progress a hundred times a second; to look once is enough."""


class Mailbox:
    """``put`` may be called from any thread; ``ring`` is called there, with whether it hurries."""

    def __init__(self, ring: Callable[[bool], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._letters: list[tuple[str, Message]] = []
        self._progress: dict[tuple[str, str], int] = {}
        self._rung: bool | None = None

    def put(self, sender: str, message: Message) -> None:
        """Leave a message; ring where nobody has, or not as loud."""
        event = message.event if isinstance(message, Received) else None
        hurries = event is None or event["type"] not in _UNHURRIED
        with self._lock:
            self._leave(sender, message, event)
            rings = self._rung is None or (hurries and not self._rung)
            self._rung = hurries or bool(self._rung)
        if rings:
            self._ring(hurries)

    def empty(self) -> list[tuple[str, Message]]:
        """Return all messages in their order; the next one rings again."""
        with self._lock:
            letters, self._letters, self._rung = self._letters, [], None
            self._progress.clear()
        return letters

    def _leave(self, sender: str, message: Message, event: EventJson | None) -> None:
        """Progress takes the place of progress that nobody has read: a slow reader drowns not."""
        about = (sender, _about(event) if event is not None else "")
        place = self._progress.pop(about, None)
        if event is not None and event["type"] == "progress":
            self._progress[about] = len(self._letters) if place is None else place
            if place is not None:
                self._letters[place] = (sender, message)
                return
        self._letters.append((sender, message))


def _about(event: EventJson) -> str:
    """Return the pipeline that an event is about."""
    if "run" in event:
        return event["run"]["pipeline"]
    if "pipeline" in event:
        return event["pipeline"]["name"]
    return event.get("name") or event.get("gone") or ""
