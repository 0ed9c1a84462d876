"""Every way to say when, and what is said about the ways that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from profexd.config.readers.schedule import ScheduleInvalid, parse_schedule
from profexd.config.zones import instant_of
from tests.config.tree import PIPELINE, Tree


@pytest.mark.parametrize(
    ("text", "kind", "expression", "seconds", "frequency"),
    [
        ("manual", "manual", "", 0, "manual"),
        ("Manual ", "manual", "", 0, "manual"),
        ("once", "once", "", 0, "once"),
        ("every 1m", "every", "", 60, "recurring"),
        ("every 5m", "every", "", 300, "recurring"),
        ("every  90 m", "every", "", 5400, "recurring"),
        ("every 24h", "every", "", 86400, "recurring"),
        ("every 1d", "every", "", 86400, "recurring"),
        ("hourly", "cron", "0 * * * *", 0, "recurring"),
        ("daily at 03:00", "cron", "0 3 * * *", 0, "recurring"),
        ("daily at 3:05", "cron", "5 3 * * *", 0, "recurring"),
        ("Daily at 23:59", "cron", "59 23 * * *", 0, "recurring"),
        ("0 3 * * mon-fri", "cron", "0 3 * * mon-fri", 0, "recurring"),
        ("*/15  9-17 1,15 * *", "cron", "*/15 9-17 1,15 * *", 0, "recurring"),
        ("0 0 L * *", "cron", "0 0 L * *", 0, "recurring"),
    ],
)
def test_a_schedule_is_read(
    text: str, kind: str, expression: str, seconds: int, frequency: str
) -> None:
    schedule = parse_schedule(text, "Europe/Rome")
    assert (schedule.kind, schedule.expression, schedule.seconds) == (kind, expression, seconds)
    assert schedule.frequency == frequency
    assert schedule.timezone == "Europe/Rome"
    assert schedule.text == text.strip()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("once at 2026-12-01T03:00", datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ("once at 2026-12-01 03:00:30", datetime(2026, 12, 1, 2, 0, 30, tzinfo=UTC)),
        ("Once At 2026-07-01T03:00", datetime(2026, 7, 1, 1, tzinfo=UTC)),
        ("once at 2026-12-01T03:00Z", datetime(2026, 12, 1, 3, tzinfo=UTC)),
        ("once at 2026-12-01T03:00+05:30", datetime(2026, 11, 30, 21, 30, tzinfo=UTC)),
        ("once at 2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
    ],
)
def test_once_at_is_wall_clock_in_the_zone_unless_it_says_its_own(text: str, at: datetime) -> None:
    schedule = parse_schedule(text, "Europe/Rome")
    assert (schedule.kind, schedule.at, schedule.frequency) == ("once", at, "once")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weekly", '"weekly" is not a schedule'),
        ("manuall", '"manuall" is not a schedule; did you mean "manual"?'),
        ("ones", '"ones" is not a schedule; did you mean "once"?'),
        ("every", '"every" does not say how often'),
        ("every day", '"every day" does not say how often'),
        ("every 5", '"every 5" does not say how often'),
        ("every 30s", '"every 30s" is not between 1 minute and 24 hours'),
        ("every 90s", '"every 90s" is not a whole number of minutes'),
        ("every 2d", '"every 2d" is not between 1 minute and 24 hours'),
        ("every 0m", '"every 0m" is not between 1 minute and 24 hours'),
        ("daily", '"daily" does not say at what time'),
        ("daily at noon", '"daily at noon" does not say at what time'),
        ("daily at 25:00", '"daily at 25:00" does not say at what time'),
        ("once at noon", '"once at noon" does not say a date and a time'),
        ("once upon a time", '"once upon a time" is not a schedule'),
        ("@daily", '"@daily" is not a schedule'),
        ("* * * *", '"* * * *" is not a schedule: cron has five fields, this has 4'),
        ("0 * * * * *", '"0 * * * * *" is not a schedule: cron has five fields, this has 6'),
        ("61 * * * *", '"61 * * * *" is not a cron expression: bad minute'),
        ("0 3 * * mom", '"0 3 * * mom" is not a cron expression: bad day-of-week'),
        ("0 0 30 2 *", '"0 0 30 2 *" is not a cron expression: bad day-of-month'),
        ("", '"" is not a schedule'),
    ],
)
def test_what_is_no_schedule_is_told_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ScheduleInvalid) as refused:
        parse_schedule(text, "UTC")
    assert str(refused.value) == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("table", "key", "message"),
    [
        ("", "schedule.when", "is missing"),
        ("when = 5", "schedule.when", "must be text, not a number"),
        ("when = 'hourly'\nzone = 'UTC'", "schedule.zone", 'unknown key; did you mean "timezone"?'),
        ("when = 'hourly'\nstart = 'monday'", "schedule.start", None),
        ("when = 'hourly'\nstart = 03:00:00", "schedule.start", None),
        (
            "when = 'hourly'\nstart = 2026-12-02\nend = 2026-12-01",
            "schedule.end",
            "is not after start, so it would never run",
        ),
        (
            "when = 'hourly'\nstart = 2026-12-02\nend = 2026-12-02",
            "schedule.end",
            "is not after start, so it would never run",
        ),
        ("when = 'hourly'\njitter = 5", "schedule.jitter", "must be text, not a number"),
        (
            "when = 'hourly'\ncatch_up = 'last'",
            "schedule.catch_up",
            '"last" is not known here; did you mean "latest"?',
        ),
        ("when = 'hourly'\ntimezone = 'Rome'", "schedule.timezone", None),
        ("when = 'hurly'", "schedule.when", '"hurly" is not a schedule; did you mean "hourly"?'),
    ],
)
def test_a_schedule_table_is_checked(tree: Tree, table: str, key: str, message: str | None) -> None:
    (problem,) = tree.mistakes(f"{PIPELINE}\n[schedule]\n{table}\n")
    assert problem["key"] == key
    assert problem["line"] >= 6
    if message:
        assert problem["message"] == message


def test_a_date_may_stand_in_quotes_but_must_be_one(tree: Tree) -> None:
    text = f"{PIPELINE}\n[schedule]\nwhen = 'hourly'\nstart = '2026-12-01'\n"
    bare = text.replace("'2026-12-01'", "2026-12-01")
    assert tree.pipeline(text).schedule == tree.pipeline(bare).schedule
    for wrong in ("2026-13-01", "20261201", "tomorrow"):
        (problem,) = tree.mistakes(text.replace("2026-12-01", wrong))
        assert problem["message"] == f'"{wrong}" is not a date, nor a date with a time'


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    [
        # The clock jumps from 02:00 to 03:00 at 01:00 UTC.
        ("2026-03-29T01:59:59", "Europe/Rome", "2026-03-29T00:59:59+00:00"),
        ("2026-03-29T02:00:00", "Europe/Rome", "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T02:30:00", "Europe/Rome", "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T03:00:00", "Europe/Rome", "2026-03-29T01:00:00+00:00"),
        # 02:30 comes twice.
        ("2026-10-25T02:30:00", "Europe/Rome", "2026-10-25T00:30:00+00:00"),
        # A whole day that Samoa skipped.
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_time_in_a_gap_is_the_first_instant_after_it(local: str, zone: str, instant: str) -> None:
    assert instant_of(datetime.fromisoformat(local), zone).isoformat() == instant


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)),
    st.sampled_from(
        ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
    ),
)
def test_wall_clock_and_back_is_the_same_or_later_by_a_gap(local: datetime, zone: str) -> None:
    back = instant_of(local, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert back == local or back > local.replace(minute=0, second=0, microsecond=0)


@given(st.text() | st.from_regex(r"(every|daily at|once at|[0-9*/, -]+) ?[0-9a-z:T*-]{0,12}"))
@example("every ٣m")
@example("0 0 31 2,4 *")
@example("once at 9999-12-31T23:59-14:00")
def test_any_text_is_a_schedule_or_told_why_not(text: str) -> None:
    try:
        said: str = parse_schedule(text, "America/New_York").kind
    except ScheduleInvalid as why:
        said = why.hint
    assert said
