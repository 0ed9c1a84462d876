"""Reads schedules: every way to say when, in text or as a table."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any, TypeGuard

from cronsim import CronSim, CronSimError

from profexd.api.units import parse_duration
from profexd.config.model import Schedule
from profexd.config.readers.documents import ScheduleTable
from profexd.config.readers.parts import PIPELINE_HOMES
from profexd.config.readers.reading import kind_of, not_a_date, read
from profexd.config.text.problems import Mistake, Scope, nearest
from profexd.config.zones import instant_of, written_date, zone_problem

DAY = 86400
_WORDS = ("manual", "once", "hourly", "daily at 03:00", "every 5m", "once at 2026-12-01T03:00")
_FORMS = (
    'write "manual", "once", "once at 2026-12-01T03:00", "every 5m" (1m to 24h), "hourly", '
    '"daily at 03:00", or five fields of cron as "0 3 * * mon-fri"'
)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_MACROS = {
    "@hourly": "hourly",
    "@daily": "daily at 00:00",
    "@midnight": "daily at 00:00",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class ScheduleInvalid(Mistake):
    """The text is no schedule."""

    def __init__(self, message: str, hint: str = _FORMS) -> None:
        super().__init__(message, hint)


def parse_schedule(text: str, timezone: str) -> Schedule:
    """Return the schedule that ``text`` says, in ``timezone``; ScheduleInvalid says why not."""
    words = " ".join(text.split())
    lower = words.lower()
    plain = Schedule(text=text.strip(), timezone=timezone)
    if lower in ("manual", "once"):
        return replace(plain, kind="manual" if lower == "manual" else "once")
    if lower == "hourly":
        return replace(plain, kind="cron", expression="0 * * * *")
    if lower == "every" or lower.startswith("every "):
        return replace(plain, kind="every", seconds=_interval(text, lower.removeprefix("every")))
    if lower == "daily" or lower.startswith("daily "):
        return replace(plain, kind="cron", expression=_daily(text, lower.removeprefix("daily")))
    if lower.startswith("once "):
        return replace(plain, kind="once", at=_moment(text, words[len("once ") :], timezone))
    return replace(plain, kind="cron", expression=_cron(text, words))


def read_schedule(
    value: Any, scope: Scope, timezone: str, *, partial: bool = False
) -> Schedule | None:
    """Return the schedule of a pipeline, or None once what is wrong was reported.

    ``scope`` is that of the key; ``timezone`` rules where the schedule names none; ``partial``
    overlooks keys that are missing.
    """
    if isinstance(value, str):
        return _parsed(value, scope, (), timezone)
    if not isinstance(value, dict):
        scope.add((), f"must be text or a table, not {kind_of(value)}", _FORMS)
        return None
    table = read(ScheduleTable, value, scope, partial=partial, homes=PIPELINE_HOMES)
    # From here on by what is written: a mistake in one key must not hide those in the others.
    zone = _zone(value.get("timezone"), timezone)
    when, written = value.get("when"), {key: value.get(key) for key in ("start", "end")}
    schedule = _parsed(when, scope, ("when",), zone) if _is_said(when) else None
    start, end = (_bound(key, bound, scope, zone) for key, bound in written.items())
    if start and end and end <= start:
        scope.add(("end",), "is not after start, so it would never run")
        return None
    bounds_are_read = (start is None, end is None) == tuple(one is None for one in written.values())
    if table is None or schedule is None or not bounds_are_read:
        return None
    return replace(
        schedule,
        start=start,
        end=end,
        jitter=table.jitter,
        catch_up=table.catch_up,
        overlap=table.overlap,
    )


def warn_of_uneven_interval(schedule: Schedule, scope: Scope, path: tuple[str, ...]) -> None:
    """An interval that does not divide the day has a shorter last gap: say so."""
    if schedule.kind == "every" and DAY % schedule.seconds:
        rest = DAY % schedule.seconds
        scope.add(
            path,
            f'"{schedule.text}" does not divide the day: it is counted from 00:00 UTC, '
            f"so the last gap of each day is {rest // 60} minutes",
            "choose an interval that divides 24 hours, or a cron expression",
            "warning",
        )


def _is_said(when: object) -> TypeGuard[str]:
    return isinstance(when, str) and bool(when.strip())


def _zone(written: object, otherwise: str) -> str:
    usable = isinstance(written, str) and zone_problem(written) is None
    return str(written) if usable else otherwise


def _parsed(text: str, scope: Scope, path: tuple[str, ...], zone: str) -> Schedule | None:
    try:
        schedule = parse_schedule(text, zone)
    except ScheduleInvalid as why:
        scope.add(path, str(why), why.hint)
        return None
    warn_of_uneven_interval(schedule, scope, path)
    return schedule


def _interval(text: str, rest: str) -> int:
    try:
        seconds = parse_duration(rest.replace(" ", ""))
    except ValueError:
        raise ScheduleInvalid(
            f'"{text}" does not say how often',
            'write minutes or hours, as "every 5m" or "every 6h"',
        ) from None
    if not 60 <= seconds <= DAY:
        raise ScheduleInvalid(
            f'"{text}" is not between 1 minute and 24 hours',
            'for less often use "daily at 03:00" or cron, as "0 3 * * mon"',
        )
    if seconds % 60:
        raise ScheduleInvalid(f'"{text}" is not a whole number of minutes', 'as "every 5m"')
    return int(seconds)


def _daily(text: str, rest: str) -> str:
    found = _TIME.fullmatch(rest.strip().removeprefix("at").strip())
    if not rest.startswith(" at") or found is None:
        raise ScheduleInvalid(
            f'"{text}" does not say at what time', 'write hours and minutes, as "daily at 03:00"'
        )
    return f"{int(found[2])} {int(found[1])} * * *"


def _moment(text: str, rest: str, timezone: str) -> datetime:
    lower = rest.lower()
    if not lower.startswith("at "):
        raise ScheduleInvalid(
            f'"{text}" is not a schedule', 'write "once", or "once at 2026-12-01T03:00"'
        )
    try:
        return instant_of(datetime.fromisoformat(rest[len("at ") :].strip()), timezone)
    except (ValueError, OverflowError):
        raise ScheduleInvalid(
            f'"{text}" does not say a date and a time', 'as "once at 2026-12-01T03:00"'
        ) from None


def _cron(text: str, words: str) -> str:
    if words.lower() in _MACROS:
        raise ScheduleInvalid(f'"{text}" is not a schedule', f'write "{_MACROS[words.lower()]}"')
    fields = words.split(" ")
    looks_like_cron = any(field[:1] in "*0123456789" for field in fields if field)
    if not looks_like_cron:
        near = nearest(words, _WORDS)
        meant = f'; did you mean "{near}"?' if near else ""
        raise ScheduleInvalid(f'"{text}" is not a schedule{meant}')
    if len(fields) != 5:
        raise ScheduleInvalid(
            f'"{text}" is not a schedule: cron has five fields, this has {len(fields)}',
            "minute, hour, day of month, month, day of week, as in "
            '"0 3 * * mon-fri"; or "every 5m", "hourly", "daily at 03:00"',
        )
    try:
        next(CronSim(words, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as why:
        raise ScheduleInvalid(
            f'"{text}" is not a cron expression: {str(why)[:1].lower()}{str(why)[1:]}',
            'minute, hour, day of month, month, day of week, as in "0 3 * * mon-fri"',
        ) from None
    except StopIteration:
        raise ScheduleInvalid(f'"{text}" never comes', "no such day exists") from None
    return words


def _bound(name: str, value: Any, scope: Scope, zone: str) -> datetime | None:
    if value is None:
        return None
    bound = written_date(value)
    if bound is not None:
        local = bound if isinstance(bound, datetime) else datetime.combine(bound, time())
        try:
            return instant_of(local, zone)
        except OverflowError:
            scope.add((name,), "is too far away")
            return None
    scope.add((name,), *not_a_date(value))
    return None
