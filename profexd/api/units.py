"""Sizes, durations and percentages as people write them: ``100MB``, ``30s``, ``7d``, ``20%``."""

from __future__ import annotations

import re
from decimal import Decimal

_SIZE_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PERCENT = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*%\s*")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_DURATION = re.compile(r"\s*(\d+)\s*([smhd])\s*")


def parse_size(text: str) -> int:
    """Return the bytes of ``text`` (``MB`` = 10⁶, ``MiB`` = 2²⁰); ValueError says why not."""
    match = _SIZE.fullmatch(text)
    if match is None or match[2].upper() not in _SIZE_UNITS:
        raise ValueError(f'"{text}" is not a size; write a number and B, KB, MB, GB, MiB or GiB')
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` means (``30s 5m 2h 7d``; ``0``); ValueError says why not."""
    if text.strip() == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f'"{text}" is not a duration; write a number and s, m, h or d, as in "30s"'
        )
    return float(int(match[1]) * _DURATION_UNITS[match[2]])


def parse_percent(text: str) -> Decimal:
    """Return the percentage that ``text`` means (``20%``, ``0.5%``); ValueError says why not."""
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a percentage; write a number and %, as in "20%"')
    return Decimal(match[1])
