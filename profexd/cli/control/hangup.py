"""Notices, while a stream is silent, that nobody reads what is written any more."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO


@contextmanager
def until_reader_is_gone(out: TextIO, end: Callable[[], None]) -> Iterator[None]:
    """Call ``end`` once the other end of ``out`` is closed; leaving raises BrokenPipeError then.

    A write would say so too, but only when there is something to write.
    """
    try:
        descriptor = out.fileno()
    except OSError:  # a buffer in memory
        yield
        return
    gone = Event()
    wake, woken = os.pipe()

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)  # errors and hang-ups are always reported
        poll.register(wake, 0)
        if any(ready == descriptor for ready, _ in poll.poll()):
            gone.set()
            end()

    watcher = Thread(target=watch, name="hangup", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        os.close(woken)
        watcher.join()
        os.close(wake)
    if gone.is_set():
        raise BrokenPipeError
