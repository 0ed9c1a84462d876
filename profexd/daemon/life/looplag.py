"""Measures how late the event loop is: a timer that should have fired, and when it did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY = 1.0


def watch_loop(loop: asyncio.AbstractEventLoop, lag: Callable[[float], None]) -> Callable[[], None]:
    """Tell ``lag`` each second how late the loop was; the function returned ends that."""
    timer = loop.call_later(0, lambda: None)

    def fire(planned: float) -> None:
        nonlocal timer
        lag(max(loop.time() - planned, 0.0))
        following = loop.time() + _EVERY
        timer = loop.call_at(following, fire, following)

    fire(loop.time())
    return lambda: timer.cancel()
