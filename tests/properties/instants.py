"""Dates and times beyond what Python's datetime can hold, written from the numbers they are."""

from __future__ import annotations

DAY = 86_400
INFINITE_DAYS = 2**31 - 1
"""How DuckDB and Parquet store a date that is infinite; minus it is the other end."""
INFINITE_TICKS = 2**63 - 1


def civil(days: int) -> tuple[int, int, int]:
    """Year (0 is 1 BC), month and day of a day counted from 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def date_text(days: int) -> str:
    if abs(days) == INFINITE_DAYS:
        return "infinity" if days > 0 else "-infinity"
    year, month, day = civil(days)
    era = "" if year > 0 else " (BC)"
    return f"{year if year > 0 else 1 - year:04}-{month:02}-{day:02}{era}"


def fraction(ticks: int, per_second: int) -> str:
    """As many digits as needed, none if zero."""
    digits = f"{ticks:0{len(str(per_second)) - 1}}" if per_second > 1 else ""
    return f".{digits.rstrip('0')}" if digits.strip("0") else ""


def time_text(ticks: int, per_second: int) -> str:
    """A time of day; a day's worth of ticks is 24:00:00."""
    seconds, rest = divmod(ticks, per_second)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{fraction(rest, per_second)}"


def is_rfc3339(ticks: int, per_second: int) -> bool:
    """Whether the instant is one that RFC 3339 can write: finite, and not before year 1."""
    return abs(ticks) != INFINITE_TICKS and civil(ticks // (DAY * per_second))[0] > 0


def timestamp_text(ticks: int, per_second: int, *, zone: str = "") -> str:
    if abs(ticks) == INFINITE_TICKS:
        return "infinity" if ticks > 0 else "-infinity"
    days, of_day = divmod(ticks, DAY * per_second)
    if not is_rfc3339(ticks, per_second):
        return f"{date_text(days)} {time_text(of_day, per_second)}"
    return f"{date_text(days)}T{time_text(of_day, per_second)}{zone}"


def compact_text(ticks: int, per_second: int) -> str:
    """yyyyMMddHHmmss."""
    days, of_day = divmod(ticks, DAY * per_second)
    year, month, day = civil(days)
    seconds = of_day // per_second
    return (
        f"{year:04}{month:02}{day:02}{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
    )


def offset_text(seconds: int) -> str:
    """``+02:00``; seconds only where there are any."""
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3_600)
    tail = f":{rest % 60:02}" if rest % 60 else ""
    return f"{sign}{hours:02}:{rest // 60:02}{tail}"


def interval_text(months: int, days: int, micros: int) -> str:
    """The words that DuckDB writes; months and years carry their own signs."""

    def quotient(number: int) -> tuple[int, int]:
        sign = -1 if number < 0 else 1
        return sign * (abs(number) // 12), sign * (abs(number) % 12)

    years, left = quotient(months)
    words = [
        f"{number} {unit}{'' if abs(number) == 1 else 's'}"
        for number, unit in ((years, "year"), (left, "month"), (days, "day"))
        if number
    ]
    if micros or not words:
        words.append(("-" if micros < 0 else "") + time_text(abs(micros), 10**6))
    return " ".join(words)
