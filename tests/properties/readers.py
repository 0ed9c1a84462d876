"""Readers of our own: CSV that tells what was quoted, JSON that keeps digits and doubles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A bare number, as it was written."""

    written: str


class Members(tuple[tuple[str, Any], ...]):
    """The members of an object, in order, doubles too."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and tuple.__eq__(self, other)

    __hash__ = tuple.__hash__


def tree_of(text: str) -> Any:
    """Return what JSON text says, each number as it was written."""
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=Members,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    quoted: bool


def csv_records(text: str, *, separator: str = ",", line_end: str = "\n") -> list[list[Cell]]:
    """Read RFC 4180 to the letter: what it does not allow is an error."""
    records: list[list[Cell]] = []
    at = 0
    while at < len(text):
        record: list[Cell] = []
        while True:
            cell, at = _cell(text, at, separator, line_end)
            record.append(cell)
            if text.startswith(line_end, at):
                at += len(line_end)
                break
            assert text.startswith(separator, at), f"neither separator nor line end at {at}"
            at += len(separator)
        records.append(record)
    return records


def _cell(text: str, at: int, separator: str, line_end: str) -> tuple[Cell, int]:
    if not text.startswith('"', at):
        ends = (text.find(separator, at), text.find(line_end, at))
        end = min(place for place in ends if place >= 0)
        bare = text[at:end]
        assert not set(bare) & set('"\r\n'), f"{bare!r} must be quoted"
        return Cell(bare, False), end
    pieces = []
    for piece, end in _quoted_pieces(text, at + 1):
        pieces.append(piece)
        at = end
    return Cell('"'.join(pieces), True), at


def _quoted_pieces(text: str, at: int) -> Iterator[tuple[str, int]]:
    while True:
        end = text.index('"', at)
        yield text[at:end], end + 1
        if not text.startswith('"', end + 1):
            return
        at = end + 2
