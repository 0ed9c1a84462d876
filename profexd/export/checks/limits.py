"""Compares the profile of a run with its limits and with the last delivered run: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profexd.config.readers.checks import Checks
    from profexd.export.checks.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One check: its limit as it is written, what was found now and before, and if it holds."""

    check: str
    limit: str
    value: str
    before: str | None
    ok: bool
    column: str = ""
    words: str = ""
    """The reason in a sentence, where it does not hold."""

    @property
    def line(self) -> str:
        """The comparison as a line of the run's log."""
        what = f"{self.check} of {self.column}" if self.column else self.check
        limit = f", limit {self.limit}" if self.limit else ""
        before = f", before {self.before}" if self.before is not None else ""
        verdict = "ok" if self.ok else "failed"
        return f"check {what}: {self.value}{limit}{before}: {verdict}"

    def as_json(self) -> dict[str, Any]:
        """Return the object that stands in ``checks`` of a run."""
        return {
            "check": self.check,
            "column": self.column,
            "limit": self.limit,
            "value": self.value,
            "before": self.before,
            "ok": self.ok,
        }


def compare(checks: Checks, now: Profile, before: Profile | None) -> list[Comparison]:
    """Return every check that is asked for, in the order of the documentation."""
    return [
        *_limits(checks, now, before),
        *_moves(checks, now, before),
        *_nulls(checks, now, before),
        *_unique(checks, now, before),
        *_steady(now),
        *_header(checks, now, before),
    ]


def _limits(checks: Checks, now: Profile, before: Profile | None) -> Iterator[Comparison]:
    for name, limit, wrong, word in (
        ("min_rows", checks.min_rows, now.rows < (checks.min_rows or 0), "fewer"),
        ("max_rows", checks.max_rows, now.rows > (checks.max_rows or 0), "more"),
    ):
        if limit is not None:
            yield Comparison(
                check=name,
                limit=number(limit),
                value=number(now.rows),
                before=number(before.rows) if before else None,
                ok=not wrong,
                words=f"there are {rows(now.rows)}, {word} than {number(limit)};"
                f" {name} is {limit}{_was(before)}",
            )


def _moves(checks: Checks, now: Profile, before: Profile | None) -> Iterator[Comparison]:
    for name, limit, word, sign in (
        ("max_row_drop", checks.max_row_drop, "fell", -1),
        ("max_row_growth", checks.max_row_growth, "grew", 1),
    ):
        if limit is None:
            continue
        moved, ok = Decimal(0), True
        if before is not None and before.rows:
            moved = Decimal(sign * (now.rows - before.rows) * 100) / before.rows
            ok = moved <= limit
        was = number(before.rows) if before else None
        yield Comparison(
            check=name,
            limit=f"{limit}%",
            value=number(now.rows),
            before=was,
            ok=ok,
            words=f"rows {word} from {was} to {number(now.rows)}, by {share(moved, limit)} %;"
            f" {name} is {limit}%",
        )


def _nulls(checks: Checks, now: Profile, before: Profile | None) -> Iterator[Comparison]:
    for name, limit in checks.max_null:
        nulls, total = now.columns[name].nulls, now.counted or 0
        found = _part(nulls, total)
        old = before.columns.get(name) if before else None
        was = _part(old.nulls, before.counted or 0) if before and old else None
        then = "" if was is None else f"; it was in {share(was)} %"
        yield Comparison(
            check="max_null",
            column=name,
            limit=f"{limit}%",
            value=f"{share(found, limit)}%",
            before=None if was is None else f"{share(was)}%",
            ok=found <= limit,
            words=f"{name} is NULL in {number(nulls)} of {rows(total)}, {share(found, limit)} %;"
            f" max_null is {limit}%{then}",
        )


def _unique(checks: Checks, now: Profile, before: Profile | None) -> Iterator[Comparison]:
    for name in checks.unique:
        measured = now.columns[name]
        values, distinct = (now.counted or 0) - measured.nulls, measured.distinct or 0
        old = before.columns.get(name) if before else None
        was = None
        if before and old and old.distinct is not None:
            was = number((before.counted or 0) - old.nulls - old.distinct)
        yield Comparison(
            check="unique",
            column=name,
            limit="0",
            value=number(values - distinct),
            before=was,
            ok=values == distinct,
            words=f"{name} is not unique: {number(values)} rows have a value, and there are"
            f" {number(distinct)} different ones",
        )


def _steady(now: Profile) -> Iterator[Comparison]:
    """What was measured must be what is in the files."""
    if now.counted is not None and now.counted != now.rows:
        yield Comparison(
            check="steady",
            limit=number(now.rows),
            value=number(now.counted),
            before=None,
            ok=False,
            words=f"the source changed while it was read: {rows(now.rows)} were exported, and"
            f" {number(now.counted)} were there when its columns were checked",
        )


def _header(checks: Checks, now: Profile, before: Profile | None) -> Iterator[Comparison]:
    """Nothing limits the header; it is shown beside the rest where it has changed."""
    if checks.any and before is not None and before.header != now.header:
        yield Comparison(
            check="header",
            limit="",
            value=", ".join(now.header),
            before=", ".join(before.header),
            ok=True,
        )


def number(value: int) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}"


def rows(count: int) -> str:
    """Return so many rows in words."""
    return f"{number(count)} row{'' if count == 1 else 's'}"


def share(percent: Decimal, limit: Decimal | None = None) -> str:
    """Return a percentage with as few digits as tell it from ``limit``."""
    for digits in range(1, 12):
        rounded = percent.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        if limit is None or rounded != limit or percent == limit:
            break
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".")


def _part(count: int, total: int) -> Decimal:
    return Decimal(count * 100) / total if total else Decimal(0)


def _was(before: Profile | None) -> str:
    return "" if before is None else f", and the last delivered run had {number(before.rows)}"
