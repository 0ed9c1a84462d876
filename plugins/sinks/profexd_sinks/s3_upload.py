"""A spooled file cut into pieces that are sent in parallel, none of them held in memory."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from profexd.api import Permanent, Retryable, SpoolCorrupt

_MIB = 2**20
_BLOCK = 256 * 2**10
_SMALLEST_PART = 8 * _MIB
_MOST_PARTS = 10_000
_COMFORTABLE_PARTS = 64
_COMFORTABLE_SIZE = 64 * _MIB
_PAUSES = (0.5, 2.0)
"""Seconds, jittered, before a piece is sent again; then the run's own retries decide."""


def part_size(size: int) -> int:
    """Return the bytes of each part of a file of ``size`` bytes: never more than 10,000 parts.

    Large files go in larger parts: each costs a round trip and, at most storages, a file.
    """
    comfortable = min(size // _COMFORTABLE_PARTS, _COMFORTABLE_SIZE)
    needed = -(-size // _MOST_PARTS)
    return max(_SMALLEST_PART, -(-max(comfortable, needed) // _MIB) * _MIB)


class Halted(Permanent):
    """Another piece failed, so this one does not go on."""


class Piece:
    """Some bytes of a file as a file: read, counted while they are sent, and read again."""

    def __init__(
        self, descriptor: int, start: int, size: int, progress: Callable[[int], None]
    ) -> None:
        self.counted = False
        self._descriptor = descriptor
        self._start = start
        self._size = size
        self._place = 0
        self._told = 0
        self._progress = progress

    def __len__(self) -> int:
        return self._size

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = origin + offset
        return self._place

    def read(self, amount: int | None = None) -> bytes:
        """Return the next bytes, as a rule more than were asked for: http.client asks for 16 KiB
        at a time, and sends whatever it gets."""
        left = self._size - self._place
        wanted = left if amount is None or amount < 0 else min(left, max(amount, _BLOCK))
        data = os.pread(self._descriptor, wanted, self._start + self._place)
        if len(data) < wanted:
            raise SpoolCorrupt("a built part became shorter while it was sent")
        self._place += len(data)
        if self.counted and self._place > self._told:
            # What is sent again was counted before.
            self._progress(self._place - self._told)
            self._told = self._place
        return data

    def sha256(self) -> bytes:
        """Return the SHA-256 of the bytes, without a word of progress."""
        digest = hashlib.sha256()
        for offset in range(0, self._size, _MIB):
            length = min(_MIB, self._size - offset)
            digest.update(os.pread(self._descriptor, length, self._start + offset))
        return digest.digest()


@contextmanager
def pieces(
    path: Path, size: int, each: int, progress: Callable[[int], None]
) -> Iterator[list[Piece]]:
    """Open ``path`` and cut it into pieces of ``each`` bytes; an empty file is one empty piece."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        starts = range(0, size, each) if size else [0]
        yield [Piece(descriptor, start, min(each, size - start), progress) for start in starts]
    finally:
        os.close(descriptor)


class Parallel:
    """Sends many pieces at a time, and none once one of them has failed for good."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._halted = threading.Event()
        self._first: BaseException | None = None

    def check(self) -> None:
        """Raise Halted once a piece has failed: sending calls it now and then."""
        if self._halted.is_set():
            raise Halted("another piece failed")

    def send(self, one: Callable[[int], None], numbers: Iterable[int]) -> None:
        """Call ``one`` for all numbers; raises what failed first.

        What can pass is tried again after a short pause.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="upload") as pool:
            for number in numbers:
                pool.submit(self._guarded, one, number)
        if self._first is not None:
            raise self._first

    def _guarded(self, one: Callable[[int], None], number: int) -> None:
        if self._halted.is_set():
            return
        try:
            self._patiently(one, number)
        except BaseException as why:  # noqa: BLE001 - the thread that waits raises it
            if not self._halted.is_set():
                self._first = why
                self._halted.set()

    def _patiently(self, one: Callable[[int], None], number: int) -> None:
        for pause in _PAUSES:
            try:
                return one(number)
            except Retryable:
                if self._halted.wait(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - jitter
                    raise
        one(number)
