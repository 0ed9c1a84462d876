"""What a sheet carries otherwise than it was: counted by column in the finished text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from profexd.api import Column
from profexd_formats.excel_cells import CUT, LONG, LONG_SIGN, MAX_DIGITS, MAX_TEXT, letters
from profexd_formats.xml_text import Cleaner, as_array, escaped_name

_REFERENCE = "(?P<letters>[A-Z]+)[0-9]+$"
_REFERENCE_LENGTH = 10
"""``XFD1048576``."""


class Losses:
    """Cleans the text of rows; knows afterwards what that changed."""

    def __init__(self, long: Sequence[int] = ()) -> None:
        """``long`` are the places of the columns whose numbers may have too many digits."""
        self._cleaner = Cleaner('<c r="', "[A-Z]+", mark=CUT)
        self._may_be_long = [letters(place) for place in long]
        self._long: Counter[str] = Counter()

    def clean(self, data: memoryview) -> bytes | memoryview:
        """Return ``data`` as it may stand in a sheet."""
        raw = bytes(data)
        # No text holds the sign, and a look for one byte costs next to nothing.
        if LONG_SIGN in raw:
            self._count_long(raw)
        return self._cleaner.clean(memoryview(raw))

    def add(self, other: Losses) -> None:
        """Count also what ``other`` counted."""
        self._cleaner.lost.update(other._cleaner.lost)
        self._cleaner.marked.update(other._cleaner.marked)
        self._long.update(other._long)

    def told(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield a sentence for each column and kind of loss."""
        for place, column in enumerate(columns):
            key, lost = escaped_name(column.name)
            if lost:
                yield (
                    f"the name of column {key}: {_many(lost, 'character')} that Excel cannot"
                    " carry became ?"
                )
            where = letters(place)
            if lost := self._cleaner.lost[where]:
                yield (
                    f"column {column.name}: {_many(lost, 'character')} that Excel cannot carry"
                    " became ?"
                )
            if cut := self._cleaner.marked[where]:
                yield (
                    f"column {column.name}: {_many(cut, 'cell')} cut to the {MAX_TEXT}"
                    " characters that Excel holds"
                )
            if long := self._long[where]:
                yield (
                    f"column {column.name}: {_many(long, 'number')} of more than {MAX_DIGITS}"
                    " digits, which Excel would round, written as text"
                )

    def _count_long(self, raw: bytes) -> None:
        if len(self._may_be_long) == 1:
            self._long[self._may_be_long[0]] += raw.count(LONG_SIGN)
            return
        import pyarrow.compute as pc

        pieces = pc.split_pattern(as_array(raw), LONG).flatten()[:-1]
        ends = pc.utf8_slice_codeunits(pieces, start=-_REFERENCE_LENGTH)
        names = pc.struct_field(pc.extract_regex(ends, _REFERENCE), "letters")
        for counted in names.value_counts().to_pylist():
            self._long[counted["values"]] += counted["counts"]


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
