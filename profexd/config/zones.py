"""Time zones by name, and wall clock to instants."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@lru_cache(maxsize=1024)
def zone_problem(name: str) -> tuple[str, str] | None:
    """Return message and hint if ``name`` is no time zone, else None."""
    try:
        if name.strip() == name and name:
            ZoneInfo(name)
            return None
    except (ValueError, OSError, KeyError):
        pass
    known = sorted(available_timezones())
    folded = {zone.casefold(): zone for zone in known}
    near = get_close_matches(name.strip().casefold().replace(" ", "_"), folded, 1)
    meant = f'; did you mean "{folded[near[0]]}"?' if near else ""
    return (
        f'"{name}" is not a time zone{meant}',
        'write the name of a region and city, as "Europe/Rome", or "UTC"',
    )


def written_date(value: Any) -> date | None:
    """Return the date, or date with a time, that TOML or a text says; None where it says none."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.match(value):
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return None


def instant_of(local: datetime, zone: str) -> datetime:
    """Return the instant of a wall clock time in ``zone``, in UTC.

    A time that exists twice is its first occurrence; one that a gap swallows is the first
    instant after the gap. An aware ``local`` keeps its own offset.
    """
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    where = ZoneInfo(zone)
    instant = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) == local:
        return instant
    # fold=0 within a gap lands after it; the gap ends at the last instant whose predecessor
    # still has the old offset, at most a day back.
    low, high = instant - timedelta(days=1), instant
    offset_after = high.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(where).utcoffset() == offset_after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)
