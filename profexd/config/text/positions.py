"""Where each key of a TOML text stands: a scan over text that is known to be valid."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

Path = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[^\s.=\[\]{}\",'#]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


def positions(text: str) -> Mapping[Path, tuple[int, int]]:
    """Return line and column, both from 1, of every key, table header and list item.

    A table that only dotted keys or longer headers bring into being stands where the first of
    them does.
    """
    return _Scan(text).run()


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._found: dict[Path, tuple[int, int]] = {}
        self._lengths: dict[Path, int] = {}
        """How many tables each ``[[list]]`` has so far."""

    def run(self) -> dict[Path, tuple[int, int]]:
        table: Path = ()
        while self._gap() < len(self._text):
            start = self._at
            if self._text[start] == "[":
                table = self._header(start)
            else:
                self._pair(table)
        return self._found

    def _gap(self) -> int:
        gap = _GAP.match(self._text, self._at)
        if gap:
            self._at = gap.end()
        return self._at

    def _header(self, start: int) -> Path:
        of_list = self._text.startswith("[[", start)
        self._at += 2 if of_list else 1
        path: Path = ()
        keys = self._key()
        for number, (key, _) in enumerate(keys, 1):
            path = (*path, key)
            if of_list and number == len(keys):
                index = self._lengths.get(path, 0)
                self._lengths[path] = index + 1
                self._note(path, start)
                path = (*path, index)
            elif path in self._lengths:
                path = (*path, self._lengths[path] - 1)
            self._note(path, start, again=number == len(keys))
        self._at += 2 if of_list else 1
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for key, start in self._key():
            path = (*path, key)
            self._note(path, start)
        self._at += 1  # the =
        self._gap()
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        """Read a key with its dots up to ``=`` or ``]``; return each part with where it starts."""
        parts: list[tuple[str, int]] = []
        while True:
            start = self._gap()
            quoted = _STRING.match(self._text, start)
            found = quoted or _BARE_KEY.match(self._text, start)
            if found is None:
                raise ValueError(f"no key at offset {start}")
            self._at = found.end()
            key = tomllib.loads(f"key = {found[0]}")["key"] if quoted else found[0]
            parts.append((key, start))
            if self._text[self._gap()] != ".":
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening in "\"'":
            string = _STRING.match(self._text, self._at)
            if string is None:
                raise ValueError(f"no text at offset {self._at}")
            self._at = string.end()
        elif opening == "[":
            self._list(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            bare = _BARE_VALUE.match(self._text, self._at)
            self._at = bare.end() if bare else self._at + 1

    def _list(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._text[self._gap()] != "]":
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1
            if self._text[self._gap()] == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._text[self._gap()] != "}":
            self._pair(path)
            if self._text[self._gap()] == ",":
                self._at += 1
        self._at += 1

    def _note(self, path: Path, offset: int, *, again: bool = False) -> None:
        if again or path not in self._found:
            line = bisect_right(self._line_starts, offset)
            self._found[path] = (line, offset - self._line_starts[line - 1] + 1)
