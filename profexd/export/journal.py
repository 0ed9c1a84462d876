"""How a run tells what happens to it, and waits until that is written down."""

from __future__ import annotations

from typing import Protocol

from profexd.export.messages import Message


class Journal(Protocol):
    """The run's way to the one writer of state; usable from any thread."""

    def tell(self, message: Message) -> None:
        """Send it; do not wait."""

    def ask(self, message: Message) -> bool:
        """Send it, wait until it is in the store, and return whether to go on."""
