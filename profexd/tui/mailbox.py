"""What the feeds have said and nobody has looked at: one ring for many letters."""

from __future__ import annotations

import threading
from collections.abc import Callable

from profexd.tui.store import Message, Received

_UNHURRIED = ("progress", "heartbeat")
"""A thousand pipelines tell of their progress a hundred times a second; once is enough."""


class Mailbox:
    """``put`` may be called from any thread; ``ring`` is called there, with whether it hurries."""

    def __init__(self, ring: Callable[[bool], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._letters: list[tuple[str, Message]] = []
        self._rung: bool | None = None

    def put(self, sender: str, message: Message) -> None:
        """Leave a message; ring where nobody has, or not as loud."""
        hurries = not (isinstance(message, Received) and message.event["type"] in _UNHURRIED)
        with self._lock:
            self._letters.append((sender, message))
            rings = self._rung is None or (hurries and not self._rung)
            self._rung = hurries or bool(self._rung)
        if rings:
            self._ring(hurries)

    def empty(self) -> list[tuple[str, Message]]:
        """Return all messages in their order; the next one rings again."""
        with self._lock:
            letters, self._letters, self._rung = self._letters, [], None
        return letters
