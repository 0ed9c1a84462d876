"""Times, durations and sizes as people read them, in the reader's own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def parse(instant: str | None) -> datetime | None:
    """Return the instant that an RFC 3339 text of the API names."""
    return datetime.fromisoformat(instant) if instant else None


def duration(span: timedelta) -> str:
    """Return a span in at most two units: ``0.4s``, ``12s``, ``2m 04s``, ``3h 12m``."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def rough(span: timedelta) -> str:
    """Return a span in its largest unit alone: ``40s``, ``4m``, ``2h``, ``3d``."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 2 * 86400:
        return f"{seconds // 3600}h"
    return f"{seconds // 86400}d"


def ago(instant: datetime, now: datetime) -> str:
    """Return how long ago an instant was, as in ``4m ago``."""
    return f"{since(instant, now)} ago"


def since(instant: datetime, now: datetime) -> str:
    """Return the same without a word; seconds are not counted, so that idle rows rest."""
    span = now - instant
    return "<1m" if span < timedelta(minutes=1) else rough(span)


def upcoming(instant: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return when something will happen, in at most ten characters."""
    span = instant - now
    if span < timedelta(minutes=1):
        return "soon"
    if span < timedelta(hours=1):
        return f"in {rough(span)}"
    local, today = instant.astimezone(zone), now.astimezone(zone)
    days = (local.date() - today.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if days < 7:
        return f"{local:%a %H:%M}"
    return f"{local:%Y-%m-%d}"


def moment(instant: datetime, zone: tzinfo | None) -> str:
    """Return an instant to the second: ``2026-11-22 06:00:00``."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def zone_name(instant: datetime, zone: tzinfo | None) -> str:
    """Return the abbreviation of the zone that times are shown in."""
    return instant.astimezone(zone).tzname() or ""


def size(count: int) -> str:
    """Return a number of bytes in at most seven characters, in powers of a thousand."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 999.5 or unit == _UNITS[-1]:
            break
        amount /= 1000
    return f"{count} B" if unit == "B" else f"{amount:.{1 if amount < 99.95 else 0}f} {unit}"


def number(count: int) -> str:
    """Return a number with its thousands apart: ``18 420``."""
    return f"{count:,}".replace(",", " ")


def count(amount: int, noun: str) -> str:
    """Return an amount and its noun in the plural where it needs one."""
    return f"{number(amount)} {noun}" if amount == 1 else f"{number(amount)} {noun}s"
