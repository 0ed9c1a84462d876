"""Text within markup: SQL that escapes it, names, and what XML 1.0 cannot carry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from profexd.api import DataType, literal
from profexd_formats.values import BARE, TIMESTAMPS

if TYPE_CHECKING:
    import pyarrow as pa

_SAFE = (
    BARE
    | TIMESTAMPS
    | {"date", "time", "time_ns", "time with time zone", "bit", "uuid", "interval", "blob"}
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_TO_QUESTION_MARKS = bytes.maketrans(_CONTROLS + b"\r", b"?" * len(_CONTROLS) + b" ")
_LAST_BYTE = b"\xef"
"""Begins U+FFFE and U+FFFF, and little else."""
_NO_CHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_LOOKED_FOR = tuple(bytes([code]) for code in (*_CONTROLS, *b"\r", *_LAST_BYTE))
_ONLY_CR = frozenset({b"\r"})
_LOOK = 2**18
"""Bytes that are looked at in one go."""
_LOST = "[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x{FFFE}\\x{FFFF}]"
_LOST_IN_NAME = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_START = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
"""What an XML name may begin with; the colon is left to namespaces."""
_ILLEGAL = re.compile(f"[^{_START}\\-.0-9\xb7\u0300-\u036f\u203f-\u2040]")
_LEGAL_START = re.compile(f"[{_START}]")


def is_name(name: str) -> bool:
    """Say whether ``name`` may be the name of an element."""
    return bool(name) and name == element_name(name)


def element_name(name: str) -> str:
    """Return ``name`` with ``_`` for what no XML name may hold, and before a wrong beginning."""
    legal = _ILLEGAL.sub("_", name)
    return legal if _LEGAL_START.match(legal) else "_" + legal


def escaped_name(name: str) -> tuple[str, int]:
    """Return a column's name as text of markup, and how many characters became ``?``."""
    carried, lost = _LOST_IN_NAME.subn("?", name)
    return escaped_text(carried), lost


def escaped_text(written: str) -> str:
    """Return text as it stands between two tags."""
    for sign, entity in _ENTITIES.items():
        written = written.replace(sign, entity)
    return written


def is_safe(type_: DataType) -> bool:
    """Say whether no text of the type holds a sign that markup knows."""
    return type_.id in _SAFE


def escaped(value: str) -> str:
    """Return SQL for the text ``value`` as it stands between two tags; it is repeated."""
    replaced = value
    for sign, entity in _ENTITIES.items():
        replaced = f"replace({replaced}, {literal(sign)}, {literal(entity)})"
    # Four quick looks cost a third of four copies.
    return f"CASE WHEN {has_markup(value)} THEN {replaced} ELSE {value} END"


def has_markup(value: str) -> str:
    """Return SQL that says whether the text ``value`` holds a sign that markup knows."""
    return " OR ".join(f"contains({value}, {literal(sign)})" for sign in _ENTITIES)


_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    # A reader would make a line feed of it.
    "\r": "&#13;",
}


class Cleaner:
    """Puts ``?`` for what XML cannot carry, a whole buffer at a time, and counts it by column.

    It looks at the finished text: that costs a fraction of a look at each value. Only buffers
    that do hold such characters are cut into their cells.
    """

    def __init__(
        self, before_cell: str, cell_name: str, *, mark: str = "", elements: Sequence[str] = ()
    ) -> None:
        """``before_cell`` stands before each cell, ``cell_name`` (RE2) matches what names it.

        ``mark`` is a word with a control character that is counted by itself and taken out.
        ``elements`` are cells as well, by the names they have.
        """
        self._elements = [
            (f"<{name}>".encode(), f"{before_cell}{name}<".encode()) for name in elements
        ]
        self.lost: Counter[str] = Counter()
        self.marked: Counter[str] = Counter()
        self._mark = mark
        self._before_cell = before_cell
        self._cell_name = f"^(?P<name>{cell_name})"

    def clean(self, data: memoryview) -> bytes | memoryview:
        """Return ``data`` without them; a bare CR, which stands in no text, becomes a space."""
        seen = _seen(data)
        if not seen:
            return data
        # A replacement of one byte by another is quick; looks at each byte are not.
        raw = bytes(data).replace(b"\r", b" ")
        if seen == _ONLY_CR:
            return raw
        if self._mark and self._mark.encode() in raw:
            self._count(self.marked, raw, re.escape(self._mark))
            raw = raw.replace(self._mark.encode(), b"")
        named = raw
        for element, cell in self._elements:
            named = named.replace(element, cell)
        self._count(self.lost, named, _LOST)
        raw = raw.translate(_TO_QUESTION_MARKS)
        for sign in _NO_CHARACTERS:
            raw = raw.replace(sign, b"?")
        return raw

    def _count(self, counter: Counter[str], data: bytes, pattern: str) -> None:
        """Add how often ``pattern`` (RE2) is in each cell of ``data``; Arrow does the work."""
        # Only damaged data needs them, and they take long to load.
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = pc.split_pattern(as_array(data), self._before_cell).flatten()
        cells = cells.filter(pc.match_substring_regex(cells, pattern))
        names = pc.struct_field(pc.extract_regex(cells, self._cell_name), "name")
        counts = pc.count_substring_regex(cells, pattern)
        table = pa.table({"name": names, "count": counts})
        sums = table.group_by("name", use_threads=False).aggregate([("count", "sum")])
        for name, count in zip(
            sums.column("name").to_pylist(), sums.column("count_sum").to_pylist(), strict=True
        ):
            counter[name or ""] += count


def _seen(data: memoryview) -> frozenset[bytes]:
    """Return what of ``_LOOKED_FOR`` is in ``data``; one look after another keeps to the cache."""
    pieces = (bytes(data[at : at + _LOOK]) for at in range(0, len(data), _LOOK))
    found = {sign for piece in pieces for sign in _LOOKED_FOR if sign in piece}
    if _LAST_BYTE in found and not any(sign in bytes(data) for sign in _NO_CHARACTERS):
        found.discard(_LAST_BYTE)
    return frozenset(found)


def as_array(text: bytes) -> pa.Array:
    """Return an Arrow array of one text, without a copy."""
    import pyarrow as pa

    offsets = pa.py_buffer(b"".join(place.to_bytes(8, "little") for place in (0, len(text))))
    return pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(text)])
