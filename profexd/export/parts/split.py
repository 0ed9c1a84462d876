"""Split: where one part ends and the next begins, by rows and by bytes as delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profexd.api.codec import Codec
    from profexd.api.format import Encode, TextBlock
    from profexd.config.model import Split

_END = 64
"""Bytes left for what a format writes after the last row."""
_SPARE = 0.03
"""What one stream may take more than its blocks by themselves."""
_FULL = 0.98
_AIM = 0.95
_WASTE = 0.8
"""A part that is smaller, and could hold more rows, is written again."""
_TRIES = 8
_FIRST_ROWS = 10_000


class Meter:
    """Decides how many rows of text go into a part.

    A threaded codec says too late how much it made of what it was given, and never at the same
    moment: each block is compressed by itself to learn its size. One stream differs by little.
    """

    def __init__(self, split: Split, codec: Codec, ratio: float = 1.0) -> None:
        self.written = 0
        """Bytes that the format wrote, before the codec."""
        self.ratio = ratio
        """What the codec makes of one byte of text, as far as is known."""
        self._split = split
        self._codec = codec
        self._rows = 0
        self._text = 0
        self._size = 0

    def take(self, block: TextBlock, encode: Encode) -> int:
        """Return how many rows of ``block`` the part takes; 0 once it is full."""
        rows = block.rows
        if self._split.max_rows is not None:
            rows = min(rows, self._split.max_rows - self._rows)
        if rows and self._split.max_size is not None:
            spare = _SPARE if self._codec.extension else 0
            rows = self._fitting(block, rows, encode, int(self._split.max_size * (1 - spare)))
        if self._rows == 0:
            rows = max(rows, 1)
        self._rows += rows
        return rows

    def _fitting(self, block: TextBlock, rows: int, encode: Encode, max_size: int) -> int:
        # Header and separators are few: they count as if nothing could compress them.
        used = self._size + max(0, self.written - self._text) + _END
        room = max_size - used
        if self._rows and used > max_size * _FULL:
            return 0
        rows = min(rows, block.within(int(room / self.ratio))) if room > 0 else 0
        while rows:
            taken = block.first(rows)
            data = taken.data if encode is bytes else memoryview(encode(taken.data))
            size = self._packed(data)
            self.ratio = max(size, 1) / max(len(taken.data), 1)
            if size <= room:
                self._size += size
                self._text += len(data)
                return rows
            rows = min(rows - 1, block.within(int(room / self.ratio * _AIM)))
        return 0

    def _packed(self, data: memoryview) -> int:
        counter = _Counter()
        stream = self._codec.open(counter, member="", threads=1)
        stream.write(data)
        stream.close()
        return counter.size


class _Counter:
    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        self.size += memoryview(data).nbytes
        return len(data)

    def close(self) -> None: ...


class RangeFinder:
    """Finds how many rows a part holds whose size is known only once it is written."""

    def __init__(self, split: Split) -> None:
        self.rows = 0
        """How many to write now."""
        self._split = split
        self._guess = _FIRST_ROWS
        self._most = 0
        self._fits = 0
        self._exceeds = 0
        self._tries = 0

    def begin(self, left: int) -> None:
        """Start a part of up to ``left`` rows."""
        self._most = left if self._split.max_rows is None else min(left, self._split.max_rows)
        self._fits, self._exceeds, self._tries = 0, self._most + 1, 0
        self.rows = self._most
        if self._split.max_size is not None:
            self.rows = min(self._most, self._guess)

    def settles(self, size: int) -> bool:
        """Say whether the part of ``rows`` rows and ``size`` bytes stays; else try ``rows`` now."""
        limit = self._split.max_size
        if limit is None:
            return True
        self._tries += 1
        aim = int(self.rows * limit * _AIM / max(size, 1))
        if size > limit and self.rows > 1:
            self._exceeds = self.rows
            if self._tries < _TRIES or not self._fits:
                self.rows = max(1, self._fits, min(aim, self._exceeds - 1))
            else:
                self.rows = self._fits
            return False
        self._fits = self.rows
        wanted = min(aim, self._exceeds - 1)
        if size >= limit * _WASTE or wanted <= self.rows or self._tries >= _TRIES:
            self._guess = max(1, aim)
            return True
        self.rows = wanted
        return False
